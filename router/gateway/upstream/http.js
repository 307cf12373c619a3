/** Queries and mutations to subgraphs: kept-alive HTTP with a deadline, one more try for queries. */

import { Agent } from "node:http";

import { SubgraphUnavailable } from "../errors.js";
import { forwarded } from "../identity.js";
import { inPortions } from "./portions.js";
import { again, post } from "./posting.js";
import { isResult, textOf } from "./speech.js";

/**
 * A client of all subgraphs over HTTP. `fetch` returns the GraphQL result or throws SubgraphUnavailable.
 * @param {{settings: object, metrics: object, subgraphs: () => Map<string, URL>}} parts
 */
export function createHttpUpstream({ settings, metrics, subgraphs }) {
  // Sockets are given up before the subgraph's server closes them (5 s): a mutation must not meet a closing socket.
  const agent = new Agent({ keepAlive: true, timeout: 4000, maxSockets: 512, scheduling: "lifo" });

  function ask(subgraph, body, identity, signal) {
    const headers = forwarded(identity, settings.credential);
    return post({ agent, url: subgraphs().get(subgraph), body, headers, signal, seconds: settings.upstreamSeconds });
  }

  const fetch = inPortions(async (subgraph, { document, variables, operationType, context }) => {
    const body = Buffer.from(JSON.stringify({ query: textOf(document), variables }));
    const send = () => ask(subgraph, body, context.identity, context.signal);
    try {
      const answer = await (operationType === "query" ? again(send) : send());
      metrics.upstream.add(subgraph, "answered");
      return resultFrom(answer);
    } catch (error) {
      if (context.signal?.aborted) throw error;
      metrics.upstream.add(subgraph, "failed");
      throw new SubgraphUnavailable(subgraph, error.message, { cause: error });
    }
  });

  /** Whether the subgraph answers `{ __typename }` at all. */
  async function answers(subgraph, identity) {
    const body = Buffer.from('{"query":"{ __typename }"}');
    const { status } = await ask(subgraph, body, identity, AbortSignal.timeout(2000));
    return status === 200;
  }

  return { fetch, answers, close: () => agent.destroy() };
}

function resultFrom({ status, body }) {
  let result;
  try {
    result = JSON.parse(body.toString());
  } catch {
    throw new Error(`status ${status} without JSON`);
  }
  if (isResult(result)) return result;
  throw new Error(`status ${status} without a GraphQL result`);
}
