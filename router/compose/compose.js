/**
 * Composes the subgraphs that a supergraph.yaml lists, and a contract for each audience that something is tagged for;
 * prints `{supergraph, api, contracts}` as JSON, or the errors.
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

import {
  composeSchemaContract,
  composeServices,
  compositionHasErrors,
  sortSDL,
  transformSupergraphToPublicSchema,
} from "@theguild/federation-composition";
import { parse, print } from "graphql";
import { parse as parseYaml } from "yaml";

const [configuration, ...audiences] = process.argv.slice(2);
const folder = dirname(resolve(configuration));
const { subgraphs } = parseYaml(readFileSync(configuration, "utf8"));
const services = Object.entries(subgraphs).map(([name, { routing_url: url, schema }]) => ({
  name,
  url,
  typeDefs: parse(readFileSync(resolve(folder, schema.file), "utf8")),
}));

function succeeded(composed) {
  if (!compositionHasErrors(composed)) return parse(composed.supergraphSdl);
  for (const { message } of composed.errors) process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** What clients see of it. */
const seen = (supergraph) => text(transformSupergraphToPublicSchema(supergraph));
const text = (document) => `${print(sortSDL(document))}\n`;

const isFor = (audience) => services.some(({ typeDefs }) => print(typeDefs).includes(`@tag(name: "${audience}")`));
const contractOf = (audience) => composeSchemaContract(services, { include: new Set([audience]), exclude: new Set() });
const contracts = audiences.filter(isFor).map((audience) => [audience, seen(succeeded(contractOf(audience)))]);

const supergraph = succeeded(composeServices(services));
process.stdout.write(
  JSON.stringify({ supergraph: text(supergraph), api: seen(supergraph), contracts: Object.fromEntries(contracts) }),
);
