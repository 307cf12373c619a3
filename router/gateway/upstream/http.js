/** Queries and mutations to subgraphs: kept-alive HTTP with a deadline, one more try for queries. */

import { Agent, request } from "node:http";
import { urlToHttpOptions } from "node:url";

import { SubgraphUnavailable } from "../errors.js";
import { forwarded } from "../identity.js";
import { inPortions } from "./portions.js";
import { isResult, textOf } from "./speech.js";

const LARGEST_ANSWER = 16 * 1024 * 1024;
const LOST = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/**
 * A client of all subgraphs over HTTP. `fetch` returns the GraphQL result or throws SubgraphUnavailable.
 * @param {{settings: object, metrics: object, subgraphs: () => Map<string, URL>}} parts
 */
export function createHttpUpstream({ settings, metrics, subgraphs }) {
  // Sockets are given up before the subgraph's server closes them (5 s): a mutation must not meet a closing socket.
  const agent = new Agent({ keepAlive: true, timeout: 4000, maxSockets: 512, scheduling: "lifo" });

  const fetch = inPortions(async (subgraph, { document, variables, operationType, context }) => {
    const body = Buffer.from(JSON.stringify({ query: textOf(document), variables }));
    const send = () =>
      post(
        agent,
        subgraphs().get(subgraph),
        body,
        forwarded(context.identity, settings.credential),
        context.signal,
        settings,
      );
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
    const headers = forwarded(identity, settings.credential);
    const { status } = await post(agent, subgraphs().get(subgraph), body, headers, AbortSignal.timeout(2000), settings);
    return status === 200;
  }

  return { fetch, answers, close: () => agent.destroy() };
}

/** A query whose connection was lost is asked once more; mutations never are, for one may have been done already. */
async function again(send) {
  try {
    return await send();
  } catch (error) {
    if (!LOST.has(error.code)) throw error;
    return await send();
  }
}

const targets = new WeakMap(); // address → what node:http makes of it

function targetOf(url) {
  let target = targets.get(url);
  if (!target) targets.set(url, (target = urlToHttpOptions(url)));
  return target;
}

function post(agent, url, body, headers, signal, settings) {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...targetOf(url),
        method: "POST",
        agent,
        signal,
        headers: {
          ...headers,
          "content-type": "application/json",
          accept: "application/json",
          "content-length": body.length,
        },
      },
      (response) => collect(response, settled(resolve), settled(reject)),
    );
    const deadline = setTimeout(
      () => outgoing.destroy(new Error("no answer in time")),
      settings.upstreamSeconds * 1000,
    );
    function settled(done) {
      return (value) => {
        clearTimeout(deadline);
        done(value);
      };
    }
    outgoing.on("error", settled(reject));
    outgoing.end(body);
  });
}

function collect(response, resolve, reject) {
  const parts = [];
  let size = 0;
  response.on("data", (part) => {
    size += part.length;
    if (size > LARGEST_ANSWER) response.destroy(new Error("answer too large"));
    else parts.push(part);
  });
  response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString() }));
  response.on("error", reject);
  response.on("aborted", () => reject(Object.assign(new Error("answer cut short"), { code: "ECONNRESET" })));
}

function resultFrom({ status, text }) {
  let result;
  try {
    result = JSON.parse(text);
  } catch {
    throw new Error(`status ${status} without JSON`);
  }
  if (isResult(result)) return result;
  throw new Error(`status ${status} without a GraphQL result`);
}
