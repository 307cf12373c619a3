/** One path for HTTP, SSE and WebSocket: from a checked request to its result or its stream of results. */

import { getVariableValues } from "graphql";

import { presentable, presentableResult, Refused } from "../errors.js";
import { checkCost } from "./cost.js";

/**
 * @typedef {object} Asked what a client asks, its JSON already checked
 * @property {string} query @property {string} [operationName] @property {Record<string, unknown>} [variables]
 */

/**
 * @param {{graph: object, documents: Function, upstream: {subscribe: Function}, settings: import("../settings.js").Settings,
 *   log: Function}} parts
 */
export function createOperations({ graph, documents, upstream, settings, log }) {
  /** The operation and its variables, or Refused. @param {Asked} asked */
  function prepare(asked) {
    const operation = documents(asked.query, asked.operationName);
    const { coerced, errors } = getVariableValues(graph.schema, operation.node.variableDefinitions ?? [], asked.variables ?? {}, { maxErrors: 5 });
    if (errors) {
      const problems = errors.map(({ message, locations }) => ({ message, locations }));
      throw new Refused(400, "BAD_USER_INPUT", problems[0].message, { problems, byDocument: true });
    }
    checkCost(operation.cost, coerced, settings.cost);
    return { operation, variables: asked.variables ?? {} };
  }

  /** The result of a query or a mutation. Never rejects but when the client left. */
  async function run({ operation, variables }, identity, signal) {
    const report = reporter(identity, operation);
    try {
      if (operation.introspects) return await graph.introspect(operation, variables);
      return presentableResult(await execute(operation, variables, { identity, signal }), identity.requestId, report);
    } catch (error) {
      if (signal?.aborted) throw error;
      return { data: null, errors: presentableAll(error, identity, report) };
    }
  }

  /**
   * The results of a subscription; a failure is its last item. Ends the subscription upstream when the reader leaves,
   * and calls `onSlow` when more waits for the reader than may.
   */
  async function* stream({ operation, variables }, identity, signal, onSlow) {
    const report = reporter(identity, operation);
    try {
      const root = await rootOf(operation, variables, identity);
      const items = upstream.subscribe(root.subgraph, { ...root.fetch, context: { identity } }, onSlow);
      const leave = () => void items.return();
      signal.addEventListener("abort", leave, { once: true });
      try {
        for await (const item of items) {
          const result = await execute(operation, variables, { identity, signal, item });
          yield presentableResult(result, identity.requestId, report);
        }
      } finally {
        signal.removeEventListener("abort", leave);
        leave();
      }
    } catch (error) {
      if (signal.aborted) return;
      yield { errors: presentableAll(error, identity, report) };
    }
  }

  function execute(operation, variables, context) {
    return graph.execute({ document: operation.document, operationName: operation.name, operationType: operation.kind, variables, context });
  }

  /**
   * The subgraph fetch that feeds a subscription. The executor runs once for every item, with the item as the
   * answer of that fetch: run over the whole stream, it would repeat the errors of one item in all that follow.
   */
  async function rootOf(operation, variables, identity) {
    const context = { identity, root: null };
    const { errors } = await execute(operation, variables, context);
    if (!context.root) throw errors?.[0] ?? new Error("a subscription without a root fetch");
    return context.root;
  }

  function reporter(identity, operation) {
    return (event, fields) => log("warning", event, {
      request_id: identity.requestId, trace_id: identity.traceId, operation: operation.name ?? operation.kind, ...fields,
    });
  }

  return { prepare, run, stream };
}

/** How the executor reaches subgraphs: HTTP, but for a subscription's root. @param {() => {fetch: Function}} http */
export function subgraphExecution(http) {
  return (subgraph, fetch) => {
    const { context } = fetch;
    if (context.warmingUp) return { data: null };
    if (fetch.operationType !== "subscription") return http().fetch(subgraph, fetch);
    if (context.item) return context.item;
    context.root = { subgraph, fetch };
    return { data: null };
  };
}

function presentableAll(error, identity, report) {
  const errors = error.errors ?? [error];
  return errors.map((one) => presentable(one, identity.requestId, report));
}
