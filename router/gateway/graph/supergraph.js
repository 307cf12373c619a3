/** The supergraph: its schema for clients, its subgraphs' addresses, and Hive Gateway's planner and executor over it. */

import { readFileSync, unwatchFile, watchFile } from "node:fs";

import { buildSchema, execute, parse } from "graphql";

import { describeError } from "../log.js";

import { SettingsInvalid } from "../settings.js";

const LOOK_MS = 2000;

/**
 * @typedef {object} Fetch what the executor asks of a subgraph
 * @property {import("graphql").DocumentNode} document
 * @property {object | undefined} variables
 * @property {string} operationType
 * @property {object} context
 *
 * @typedef {object} Graph
 * @property {import("graphql").GraphQLSchema} schema as clients see it
 * @property {Map<string, URL>} subgraphs their addresses, by the names that supergraph.yaml gives them
 * @property {Function} introspect answers an operation that asks for the schema only
 */

/**
 * The graph with what plans and executes it.
 * @param {{supergraph: string, subgraphs: string, placed: Map<string, string>}} settings its file; what replaces the
 *   origin of each subgraph's URL, and of those that are elsewhere
 * @param {(subgraph: string, fetch: Fetch) => unknown} onSubgraphExecute
 */
export async function loadSupergraph(settings, onSubgraphExecute) {
  const { unifiedGraphHandler } = await import("@graphql-hive/router-runtime");
  const { text, whole } = read(settings);
  const { unifiedGraph, executor } = await unifiedGraphHandler({
    unifiedGraph: whole,
    getUnifiedGraphSDL: () => text,
    onSubgraphExecute,
  });
  return { ...graphOf(unifiedGraph, whole, settings), execute: executor };
}

/** The graph alone, for somebody else to plan and execute. @returns {Promise<Graph>} */
export async function loadSchema(settings) {
  const { filterInternalFieldsAndTypes } = await import("@graphql-tools/federation");
  const { whole } = read(settings);
  return graphOf(filterInternalFieldsAndTypes(whole), whole, settings);
}

/**
 * Calls `reload` whenever the file has changed; what it throws is logged, and then all stays as it was.
 * @returns {() => void} ends that
 */
export function watchSupergraph(path, reload, log) {
  const look = async (now, before) => {
    if (now.mtimeMs === before.mtimeMs && now.ino === before.ino) return;
    try {
      await reload();
      log("info", "supergraph reloaded");
    } catch (error) {
      log("error", "supergraph not reloaded", describeError(error));
    }
  };
  watchFile(path, { interval: LOOK_MS, persistent: false }, look);
  return () => unwatchFile(path, look);
}

function read({ supergraph }) {
  const text = readFileSync(supergraph, "utf8");
  return { text, whole: buildSchema(text, { assumeValid: true, assumeValidSDL: true, noLocation: true }) };
}

/** @returns {Graph} */
function graphOf(schema, whole, settings) {
  return {
    schema,
    subgraphs: subgraphsOf(whole, settings),
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
