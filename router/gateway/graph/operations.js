/** One path for HTTP, events and WebSocket: from a checked request to its result or its stream of results. */

import { getVariableValues } from "graphql";

import { presentable, presentableResult, Refused } from "../errors.js";
import { checkCost } from "./cost.js";
import { createDocuments } from "./documents.js";

/**
 * @typedef {object} Asked what a client asks, its JSON already checked
 * @property {string} query
 * @property {string} [operationName]
 * @property {Record<string, unknown>} [variables]
 *
 * @typedef {object} Prepared
 * @property {string} query
 * @property {import("./documents.js").Operation} operation
 * @property {Record<string, unknown>} variables
 * @property {import("./supergraph.js").Graph} graph that it fits, whatever is reloaded meanwhile
 *
 * @typedef {object} Execution who plans and executes; results are objects, or JSON text without errors
 * @property {(prepared: Prepared, identity: object, signal: AbortSignal) => Promise<object | Buffer>} run
 * @property {(prepared: Prepared, identity: object, signal: AbortSignal, onSlow: () => void) => AsyncIterable} stream
 */

/** Prepares, runs and streams the operations of every transport. */
export class Operations {
  #graph;
  #documents;
  #execution;
  #settings;
  #log;

  /** @param {{execution: Execution, settings: object, log: Function}} parts */
  constructor({ execution, settings, log }) {
    this.#execution = execution;
    this.#settings = settings;
    this.#log = log;
  }

  /** What is prepared from now on fits this graph; what is prepared already goes on. */
  use(graph) {
    this.#graph = graph;
    this.#documents = createDocuments(graph.schema, this.#settings);
  }

  get subgraphs() {
    return this.#graph.subgraphs;
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
    return { query, operation, variables, graph: this.#graph };
  }

  /** The result of a query or a mutation. Rejects only when the client left. */
  async run(prepared, identity, signal) {
    const { operation, variables, graph } = prepared;
    const report = this.#reporter(identity, operation);
    try {
      if (operation.introspects) return await graph.introspect(operation, variables);
      return presented(await this.#execution.run(prepared, identity, signal), identity, report);
    } catch (error) {
      if (signal.aborted) throw error;
      return { data: null, errors: presentableAll(error, identity, report) };
    }
  }

  /**
   * The results of a subscription; a failure is its last item. Ends the subscription upstream when the reader leaves,
   * and calls `onSlow` when more waits for the reader than may.
   */
  async *stream(prepared, identity, signal, onSlow) {
    const report = this.#reporter(identity, prepared.operation);
    try {
      for await (const result of this.#execution.stream(prepared, identity, signal, onSlow))
        yield presented(result, identity, report);
    } catch (error) {
      if (signal.aborted) return;
      yield { errors: presentableAll(error, identity, report) };
    }
  }

  #reporter({ requestId, traceId }, { name, kind }) {
    const ids = { request_id: requestId, trace_id: traceId, operation: name ?? kind };
    return (event, fields) => this.#log("warning", event, { ...ids, ...fields });
  }
}

/** JSON text holds no errors and goes out as it came. */
function presented(result, identity, report) {
  const isText = typeof result === "string" || Buffer.isBuffer(result);
  return isText ? result : presentableResult(result, identity.requestId, report);
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
