/** Subscriptions to subgraphs: graphql-transport-ws, one socket per subgraph and caller. */

import { createClient } from "graphql-ws";
import { WebSocket } from "ws";

import { Refused, SubgraphUnavailable } from "../errors.js";
import { forwarded, identityKey, operationIds } from "../identity.js";
import { createQueue } from "./queue.js";
import { isResult, textOf } from "./speech.js";

const IDLE_CLOSE_MS = 3000; // a socket stays so long after its last subscription, for the next one
const LARGEST_FRAME = 60 * 1024; // subgraphs close a socket, which others share, at 64 KiB
const FORBIDDEN = 4403;

/**
 * A client of all subgraphs over WebSocket. `subscribe` returns an async iterator of GraphQL results, which throws
 * SubgraphUnavailable when the socket is lost: nothing is resumed here, for only the client knows its last cursor.
 * @param {{settings: object, metrics: object, subgraphs: () => Map<string, URL>}} parts
 */
export function createSocketUpstream({ settings, metrics, subgraphs }) {
  const clients = new Map();

  function clientFor(subgraph, identity) {
    const key = `${subgraph} ${identityKey(identity)}`;
    const known = clients.get(key);
    if (known) return known;
    const forget = () => {
      if (clients.get(key) === client) clients.delete(key);
    };
    const parameters = forwarded(identity, settings.credential);
    const client = connect(subgraphs().get(subgraph), parameters, { settings, metrics, forget });
    clients.set(key, client);
    return client;
  }

  function subscribe(subgraph, { document, variables, context }, onOverflow) {
    const { identity } = context;
    let cancel = () => {};
    const queue = createQueue(settings.queueBytes, { onReturn: () => cancel(), onOverflow });
    const payload = { query: textOf(document), variables, extensions: operationIds(identity) };
    if (Buffer.byteLength(JSON.stringify(payload)) > LARGEST_FRAME) {
      throw new Refused(400, "LIMIT_EXCEEDED", "The subscription with its variables is too large.");
    }
    cancel = clientFor(subgraph, identity).subscribe(payload, {
      next: (result) =>
        isResult(result) ? queue.push(result) : queue.fail(new SubgraphUnavailable(subgraph, "not a GraphQL result")),
      error: (reason) => queue.fail(failureOf(subgraph, reason)),
      complete: () => queue.end(),
    });
    return queue;
  }

  return { subscribe, close: () => Promise.all([...clients.values()].map((client) => client.dispose())) };
}

/** A socket whose subgraph leaves a ping unanswered until the next would be due is given up, though nobody closed it. */
function connect(url, connectionParams, { settings, metrics, forget }) {
  const pingMs = settings.pingSeconds * 1000;
  const address = new URL(url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  let opened = false;
  let unanswered = null;
  const client = createClient({
    url: address.href,
    webSocketImpl: WebSocket,
    connectionParams,
    lazyCloseTimeout: IDLE_CLOSE_MS,
    connectionAckWaitTimeout: 5000,
    keepAlive: pingMs,
    retryAttempts: 0,
    on: {
      opened: () => {
        opened = true;
        metrics.upstreamSockets.up();
      },
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => client.terminate(), pingMs).unref();
      },
      pong: (received) => {
        if (received) clearTimeout(unanswered);
      },
      closed: () => {
        clearTimeout(unanswered);
        if (opened) metrics.upstreamSockets.down(); // a socket that was refused closes without having opened
        opened = false;
        forget();
      },
      error: forget,
    },
  });
  return client;
}

/** An `error` message of the subgraph carries GraphQL errors; anything else is a socket that failed or was closed. */
function failureOf(subgraph, reason) {
  if (Array.isArray(reason)) return Object.assign(new Error("refused by the subgraph"), { errors: reason });
  if (reason?.code === FORBIDDEN) return new Refused(401, "UNAUTHENTICATED", "The token is not valid, or no longer.");
  return new SubgraphUnavailable(subgraph, reason?.reason || reason?.message || `socket closed ${reason?.code ?? ""}`);
}
