/** Reads an AsyncAPI document from standard input; says what is wrong with it, one line each, and ends with 1 then. */

import { readFileSync } from "node:fs";

import { DiagnosticSeverity, Parser } from "@asyncapi/parser";

const { diagnostics } = await new Parser().parse(readFileSync(0, "utf8"));
const wrong = diagnostics.filter(({ severity }) => severity <= DiagnosticSeverity.Warning);
for (const { path, message } of wrong) process.stderr.write(`${path.join("/")}: ${message}\n`);
process.exit(wrong.length ? 1 : 0);
