/** One path for HTTP, events and WebSocket: from a checked request to its result or its stream of results. */

import { getVariableValues } from "graphql";

import { presentable, presentableResult, Refused } from "../errors.js";
import { checkCost } from "./cost.js";

/**
 * @typedef {object} Asked what a client asks, its JSON already checked
 * @property {string} query
 * @property {string} [operationName]
 * @property {Record<string, unknown>} [variables]
 *
 * @typedef {object} Prepared
 * @property {import("./documents.js").Operation} operation
 * @property {Record<string, unknown>} variables
 */

/** Prepares, runs and streams the operations of every transport. */
export class Operations {
  #graph;
  #documents;
  #upstream;
  #settings;
  #log;

  /** @param {{graph: object, documents: Function, upstream: object, settings: object, log: Function}} parts */
  constructor({ graph, documents, upstream, settings, log }) {
    this.#graph = graph;
    this.#documents = documents;
    this.#upstream = upstream;
    this.#settings = settings;
    this.#log = log;
  }

  /** The operation and its variables, or Refused. @param {Asked} asked @returns {Prepared} */
  prepare({ query, operationName, variables = {} }) {
    const operation = this.#documents(query, operationName);
    const declared = operation.node.variableDefinitions ?? [];
    const { coerced, errors } = getVariableValues(this.#graph.schema, declared, variables, { maxErrors: 5 });
    if (errors) {
      const problems = errors.map((error) => ({ message: withoutValue(error), locations: error.locations }));
      throw new Refused(400, "BAD_USER_INPUT", problems[0].message, { problems, byDocument: true });
    }
    checkCost(operation.cost, coerced, this.#settings.cost);
    return { operation, variables };
  }

  /** The result of a query or a mutation. Rejects only when the client left. */
  async run({ operation, variables }, identity, signal) {
    const report = this.#reporter(identity, operation);
    try {
      if (operation.introspects) return await this.#graph.introspect(operation, variables);
      const result = await this.#execute(operation, variables, { identity, signal });
      return presentableResult(result, identity.requestId, report);
    } catch (error) {
      if (signal.aborted) throw error;
      return { data: null, errors: presentableAll(error, identity, report) };
    }
  }

  /**
   * The results of a subscription; a failure is its last item. Ends the subscription upstream when the reader leaves,
   * and calls `onSlow` when more waits for the reader than may.
   */
  async *stream({ operation, variables }, identity, signal, onSlow) {
    const report = this.#reporter(identity, operation);
    try {
      const { subgraph, fetch } = await this.#rootOf(operation, variables, identity);
      const items = this.#upstream.subscribe(subgraph, { ...fetch, context: { identity } }, onSlow);
      for await (const item of until(signal, items)) {
        const result = await this.#execute(operation, variables, { identity, signal, item });
        yield presentableResult(result, identity.requestId, report);
      }
    } catch (error) {
      if (signal.aborted) return;
      yield { errors: presentableAll(error, identity, report) };
    }
  }

  #execute({ document, name, kind }, variables, context) {
    return this.#graph.execute({ document, operationName: name, operationType: kind, variables, context });
  }

  /**
   * The subgraph fetch that feeds a subscription. The executor runs once for every item, with the item as the
   * answer of that fetch: run over the whole stream, it would repeat the errors of one item in all that follow.
   */
  async #rootOf(operation, variables, identity) {
    const context = { identity, root: null };
    const { errors } = await this.#execute(operation, variables, context);
    if (!context.root) throw errors?.[0] ?? new Error("a subscription without a root fetch");
    return context.root;
  }

  #reporter({ requestId, traceId }, { name, kind }) {
    const ids = { request_id: requestId, trace_id: traceId, operation: name ?? kind };
    return (event, fields) => this.#log("warning", event, { ...ids, ...fields });
  }
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

/** The same items, which end when the signal says so, also while the next one is waited for. */
async function* until(signal, items) {
  const leave = () => void items.return();
  signal.addEventListener("abort", leave, { once: true });
  try {
    yield* items;
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

function presentableAll(error, identity, report) {
  const errors = error.errors ?? [error];
  return errors.map((one) => presentable(one, identity.requestId, report));
}

/**
 * What is wrong with a variable and where, without the whole value that graphql-js prints: it may hold a token, and
 * answers end up in clients' logs. @param {import("graphql").GraphQLError} error
 */
function withoutValue({ message, originalError }) {
  const reason = originalError?.message;
  if (!reason || !message.endsWith(`; ${reason}`)) return message;
  const before = message.slice(0, -reason.length - 2);
  const name = /^Variable "\$\w+"/.exec(before)?.[0] ?? "A variable";
  const place = / at "([^"]*)"$/.exec(before)?.[1];
  return `${name} is wrong${place ? ` at "${place}"` : ""}: ${reason}`;
}
