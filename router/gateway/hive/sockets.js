/** Subscriptions to Hive Router: a few sockets for all callers, each operation with its caller's identity. */

import { WebSocket } from "ws";

import { SubgraphUnavailable } from "../errors.js";
import { createQueue } from "../upstream/queue.js";
import { readErrors } from "./answers.js";

const LINES = 4; // the router serves a socket on one thread
const IDLE_CLOSE_MS = 3000; // a socket stays so long after its last subscription, for the next one
const LARGEST_FRAME = 64 * 1024 * 1024;
/** What a socket is told for ever that was opened before the router took up another supergraph. */
const RETIRED = '"code":"SERVICE_UNAVAILABLE"';
const NEXT = /^\{"type":"next","id":"([^"\\]*)","payload":/;

/**
 * `subscribe` returns an async iterator of GraphQL results as JSON text, which throws SubgraphUnavailable when the
 * socket is lost.
 * @param {{settings: object, metrics: object, log: Function}} parts
 */
export function createHiveSockets(parts) {
  const lines = Array.from({ length: LINES }, () => createLine(parts));
  let turn = 0;
  return {
    subscribe: (payload, onSlow) => lines[turn++ % LINES].subscribe(payload, onSlow),
    close: () => lines.forEach((line) => line.close()),
  };
}

/** One socket, opened for the first of its streams and again after it was lost. */
function createLine({ settings, metrics, log }) {
  const streams = new Map(); // id → a subscription: its queue, its message, the socket it runs on
  let socket = null;
  let last = 0;
  let idle = null;

  function open() {
    const address = new URL("/graphql", settings.hive);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const opened = new WebSocket(address, "graphql-transport-ws", {
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME,
      handshakeTimeout: 5000,
    });
    opened.waiting = []; // subscribe messages, until the router acknowledges
    opened.on("open", () => opened.send('{"type":"connection_init"}'));
    opened.on("message", (frame) => hear(opened, frame.toString()));
    opened.on("error", (error) => log("warning", "router unreachable", { reason: error.message }));
    opened.on("close", (code) => lose(opened, `socket closed ${code}`));
    watch(opened, settings.pingSeconds * 1000);
    return opened;
  }

  function hear(from, text) {
    const next = NEXT.exec(text);
    if (next) return give(from, next[1], text.slice(next[0].length, -1));
    const { type, id, payload } = JSON.parse(text);
    if (type === "connection_ack") {
      for (const message of from.waiting.splice(0)) from.send(message);
      from.waiting = null;
      metrics.upstreamSockets.up();
    } else if (type === "ping") from.send('{"type":"pong"}');
    else if (type === "next") give(from, id, JSON.stringify(payload));
    else if (type === "error") {
      if (isRetired(from, id, text)) return renew(from, id);
      end(from, id, (queue) => queue.fail(Object.assign(new Error("refused"), { errors: readErrors(payload) })));
    } else if (type === "complete") end(from, id, (queue) => queue.end());
    return undefined;
  }

  function give(from, id, text) {
    const stream = streams.get(id);
    if (stream?.on !== from) return;
    if (isRetired(from, id, text)) return renew(from, id);
    stream.heard = true;
    stream.queue.push(text);
  }

  function end(from, id, how) {
    const stream = streams.get(id);
    if (stream?.on !== from) return;
    streams.delete(id);
    rest();
    how(stream.queue);
  }

  /** Holds nothing for clients who have gone. */
  function rest() {
    if (streams.size) return;
    clearTimeout(idle);
    idle = setTimeout(leave, IDLE_CLOSE_MS).unref();
  }

  function leave() {
    if (streams.size || !socket) return;
    const resting = socket;
    socket = null; // who comes now opens another one
    resting.close(1000);
  }

  function isRetired(from, id, text) {
    const stream = streams.get(id);
    return stream?.on === from && !stream.heard && text.includes(RETIRED);
  }

  /** What has not begun yet is asked for once more, on a new socket; what else ran on the old one ends with it. */
  function renew(from, id) {
    const stream = streams.get(id);
    stream.heard = true; // the next answer is the client's, whatever it is
    stream.on = null;
    from.close();
    lose(from, "the router has another supergraph now");
    start(id, stream);
  }

  /** Whatever ran on a socket ends with it: only the client knows its last cursor. */
  function lose(lost, reason) {
    if (lost === socket) socket = null;
    if (!lost.waiting && !lost.lost) metrics.upstreamSockets.down();
    lost.lost = true;
    for (const id of [...streams.keys()])
      end(lost, id, (queue) => queue.fail(new SubgraphUnavailable("router", reason)));
  }

  function start(id, stream) {
    socket ??= open();
    stream.on = socket;
    say({ type: "subscribe", id, payload: stream.payload });
  }

  function say(message) {
    const text = JSON.stringify(message);
    if (socket.waiting) socket.waiting.push(text);
    else socket.send(text);
  }

  function subscribe(payload, onOverflow) {
    const id = String(++last);
    const abandon = () => {
      const { on } = streams.get(id) ?? {};
      if (streams.delete(id) && on && on === socket) say({ type: "complete", id });
      rest();
    };
    const stream = {
      queue: createQueue(settings.queueBytes, { onReturn: abandon, onOverflow }),
      payload,
      on: null,
      heard: false,
    };
    streams.set(id, stream);
    start(id, stream);
    return stream.queue;
  }

  return { subscribe, close: () => socket?.terminate() };
}

/** A peer that does not answer our ping is gone, though nobody closed. */
function watch(socket, pingMs) {
  let alive = true;
  socket.on("pong", () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
    return undefined;
  }, pingMs);
  timer.unref();
  socket.on("close", () => clearInterval(timer));
}
