/** Planning and executing by Hive Router behind us: what was checked here goes on, and its answers go back as they come. */

import { Agent } from "node:http";

import { Refused, SubgraphUnavailable } from "../errors.js";
import { forwarded } from "../identity.js";
import { until } from "../graph/planned.js";
import { loadSchema } from "../graph/supergraph.js";
import { createHttpUpstream } from "../upstream/http.js";
import { again, post } from "../upstream/posting.js";
import { readAnswer } from "./answers.js";
import { createHiveSockets } from "./sockets.js";

const DEADLINE_SECONDS = 35; // it gives up a request itself after 30
const HANDSHAKE_FAILED = "SUBGRAPH_WEBSOCKET_HANDSHAKE_FAILURE";

/**
 * @param {{settings: object, metrics: object, subgraphs: () => Map<string, URL>, log: Function, tokens: Function}} parts
 * @returns {import("../graph/operations.js").Execution & {load: Function, answers: Function, ready: Function, close: Function}}
 */
export function createDelegated({ settings, metrics, subgraphs, log, tokens }) {
  const agent = new Agent({ keepAlive: true, timeout: 4000, maxSockets: 1024, scheduling: "lifo" });
  const graphUrl = new URL("/graphql", settings.hive);
  const readyUrl = new URL("/readiness", settings.hive);
  const direct = createHttpUpstream({ settings, metrics, subgraphs }); // for health only
  const sockets = createHiveSockets({ settings, metrics, log });

  async function run(prepared, identity, signal) {
    const body = Buffer.from(JSON.stringify(requestOf(prepared)));
    const headers = headersOf(identity);
    const send = () => post({ agent, url: graphUrl, body, headers, signal, seconds: DEADLINE_SECONDS });
    try {
      const { body: answer } = await (prepared.operation.kind === "query" ? again(send) : send());
      metrics.upstream.add("router", "answered");
      return readAnswer(answer);
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw error;
      metrics.upstream.add("router", "failed");
      throw new SubgraphUnavailable("router", error.message, { cause: error });
    }
  }

  async function* stream(prepared, identity, signal, onSlow) {
    const extensions = { headers: headersOf(identity) };
    const root = rootOf(prepared.operation);
    const items = sockets.subscribe({ ...requestOf(prepared), extensions }, onSlow);
    try {
      for await (const item of until(signal, items)) yield readAnswer(item, root);
    } catch (error) {
      if (await isForbidden(error, identity, tokens))
        throw new Refused(401, "UNAUTHENTICATED", "The token is not valid, or no longer.");
      throw error;
    }
  }

  async function ready() {
    const { status } = await post({
      agent,
      url: readyUrl,
      method: "GET",
      signal: AbortSignal.timeout(2000),
      seconds: 2,
    });
    return status === 200;
  }

  async function close() {
    sockets.close();
    direct.close();
    agent.destroy();
  }

  return { load: () => loadSchema(settings), run, stream, answers: direct.answers, ready, close };
}

/** Written anew from what was checked: in the client's own text a name could stand twice, and each side take another. */
function requestOf({ query, operation, variables }) {
  return { query, operationName: operation.name, variables };
}

/** What a subscription's only field is called in its answers. */
function rootOf({ document }) {
  const [{ selectionSet }] = document.definitions;
  const [{ alias, name }] = selectionSet.selections;
  return (alias ?? name)?.value; // a condition around it hides it
}

/** The router puts its own credential in when it asks a subgraph. */
function headersOf(identity) {
  const { "x-router-credential": _, ...headers } = forwarded(identity, "");
  return headers;
}

/** A subgraph that refuses a token closes its socket; the router only knows that it was closed. */
async function isForbidden(failure, { authorization }, tokens) {
  const failed = failure.errors?.some(({ extensions }) => extensions?.code === HANDSHAKE_FAILED);
  return Boolean(failed && authorization && !(await tokens(authorization)));
}
