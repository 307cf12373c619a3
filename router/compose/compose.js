/** Composes the subgraphs that a supergraph.yaml lists; prints `{supergraph, api}` as JSON, or the errors. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import {
  composeServices,
  compositionHasErrors,
  sortSDL,
  transformSupergraphToPublicSchema,
} from "@theguild/federation-composition";
import { parse, print } from "graphql";
import { parse as parseYaml } from "yaml";

const [configuration] = process.argv.slice(2);
const folder = dirname(resolve(configuration));
const { subgraphs } = parseYaml(readFileSync(configuration, "utf8"));
const services = Object.entries(subgraphs).map(([name, { routing_url: url, schema }]) => ({
  name,
  url,
  typeDefs: parse(readFileSync(resolve(folder, schema.file), "utf8")),
}));

const composed = composeServices(services);
if (compositionHasErrors(composed)) {
  for (const { message } of composed.errors) process.stderr.write(`${message}\n`);
  process.exit(1);
}
const supergraph = parse(composed.supergraphSdl);
const text = (document) => `${print(sortSDL(document))}\n`;
process.stdout.write(
  JSON.stringify({ supergraph: text(supergraph), api: text(transformSupergraphToPublicSchema(supergraph)) }),
);
