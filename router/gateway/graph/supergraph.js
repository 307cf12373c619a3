/** The supergraph: its schema for clients, its subgraphs' addresses, and Hive Gateway's planner and executor over it. */

import { readFileSync } from "node:fs";

import { unifiedGraphHandler } from "@graphql-hive/router-runtime";
import { buildSchema, execute, parse } from "graphql";

import { SettingsInvalid } from "../settings.js";

/**
 * @typedef {object} Fetch what the executor asks of a subgraph
 * @property {import("graphql").DocumentNode} document
 * @property {object | undefined} variables
 * @property {string} operationType
 * @property {object} context
 */

/**
 * @param {{supergraph: string, subgraphs: string, placed: Map<string, string>}} settings its file; what replaces the
 *   origin of each subgraph's URL, and of those that are elsewhere
 * @param {(subgraph: string, fetch: Fetch) => unknown} onSubgraphExecute
 */
export async function loadSupergraph(settings, onSubgraphExecute) {
  const text = readFileSync(settings.supergraph, "utf8");
  const whole = buildSchema(text, { assumeValid: true, assumeValidSDL: true, noLocation: true });
  const { unifiedGraph: schema, executor } = await unifiedGraphHandler({
    unifiedGraph: whole,
    getUnifiedGraphSDL: () => text,
    onSubgraphExecute,
  });
  return {
    schema,
    subgraphs: subgraphsOf(whole, settings),
    execute: executor,
    introspect: (operation, variables) =>
      execute({ schema, document: operation.document, operationName: operation.name, variableValues: variables }),
  };
}

/** One query that no client waits for: the executor builds its schemas at the first one. */
export async function warmUp({ schema, execute: run, subgraphs }) {
  const field = Object.values(schema.getQueryType().getFields()).find(({ args }) =>
    args.every((argument) => !/!$/.test(String(argument.type))),
  );
  const type = field && String(field.type).replace(/[[\]!]/g, "");
  const leaf = field && !schema.getType(type).getFields && !schema.getType(type).getTypes;
  const text = field ? `{ ${field.name} ${leaf ? "" : "{ __typename }"} }` : "{ __typename }";
  await run({ document: parse(text, { noLocation: true }), variables: {}, context: { warmingUp: true, subgraphs } });
}

/** @returns {Map<string, URL>} names as supergraph.yaml gives them */
function subgraphsOf(schema, { subgraphs, placed }) {
  const given = schema
    .getType("join__Graph")
    .getValues()
    .map(({ astNode }) => argumentsOf(astNode.directives.find(({ name }) => name.value === "join__graph")));
  const names = new Set(given.map(({ name }) => name));
  for (const name of placed.keys())
    if (!names.has(name))
      throw new SettingsInvalid(`SUBGRAPH_URLS places '${name}', and there are only ${[...names].join(", ")}.`);
  return new Map(
    given.map(({ name, url }) => {
      const { pathname, search } = new URL(url);
      return [name, new URL(pathname + search, placed.get(name) ?? subgraphs)];
    }),
  );
}

function argumentsOf(directive) {
  return Object.fromEntries(directive.arguments.map((argument) => [argument.name.value, argument.value.value]));
}
