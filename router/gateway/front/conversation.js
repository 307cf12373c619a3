/** One client's graphql-transport-ws conversation: initialise, subscribe, complete, and every way it can end. */

import { Refused } from "../errors.js";
import { identify, lowerCased, nextOperation, requestIdOf } from "../identity.js";
import { describeError } from "../log.js";
import { askedIn, ProtocolBroken, readFrame } from "./frames.js";
import { watchSlowness } from "./slowness.js";

const CLOSING_MS = 5000; // a client that does not answer our close frame is dropped
const EXPIRY_GRACE_MS = 1000; // the subgraph ends its streams first, with an error that says so
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const SLOW_CONSUMER = 4490;

/**
 * Serves `socket` until it closes.
 * @param {import("ws").WebSocket} socket
 * @param {import("./http.js").Parts & {tokens: Function, callers: ReturnType<typeof import("./callers.js").createCallers>}} parts
 * @param {string} address of the client, for those without a token
 */
export function converse(socket, parts, address) {
  const { settings, metrics, operations, log } = parts;
  const running = new Map();
  const recent = { second: 0, messages: 0 };
  let state = "new"; // new → initialising → ready → closed
  let identity = null;
  let leave = () => {};
  let timer = setTimeout(() => close(4408, "Connection initialisation timeout"), settings.initSeconds * 1000);
  const cut = () => {
    if (state === "closed") return;
    metrics.slowClients.add("websocket");
    close(SLOW_CONSUMER, "Slow consumer");
  };
  const slowness = watchSlowness({ unsent: () => socket.bufferedAmount, limitMs: settings.slowSeconds * 1000, cut });

  function close(code, reason) {
    if (state === "closed") return;
    end();
    metrics.closed.add(code);
    log("info", "socket closed by the gateway", { code, reason });
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), CLOSING_MS).unref();
  }

  function end() {
    state = "closed";
    clearTimeout(timer);
    slowness.stop();
    leave();
    for (const operation of running.values()) operation.abort();
    running.clear();
  }

  function send(message) {
    if (state === "closed") return undefined;
    const text = JSON.stringify(message);
    const sent = new Promise((resolve) => socket.send(text, resolve)); // an error closes the socket, which ends everything
    slowness.sent(Buffer.byteLength(text));
    return sent;
  }

  async function initialise({ payload }) {
    if (state !== "new") throw new ProtocolBroken(4429, "Too many initialisation requests");
    state = "initialising";
    clearTimeout(timer);
    const given = lowerCased(payload ?? {});
    const caller = identify(given, requestIdOf(given));
    const token = caller.authorization ? await parts.tokens(caller.authorization) : { subject: `anonymous ${address}` };
    if (state === "closed") return;
    if (!token) throw new ProtocolBroken(4403, "Forbidden");
    const place = parts.callers.enter(token.subject);
    if (!place) throw new ProtocolBroken(4429, "Too many sockets of one caller");
    leave = place;
    if (token.expires) expireAt(token.expires);
    identity = caller;
    state = "ready";
    await send({ type: "connection_ack" });
  }

  function expireAt(seconds) {
    const left = seconds * 1000 - Date.now() + EXPIRY_GRACE_MS;
    timer = setTimeout(() => close(4401, "Token expired"), Math.min(Math.max(left, 0), LONGEST_TIMER_MS));
    timer.unref();
  }

  async function subscribe(message) {
    if (state !== "ready") throw new ProtocolBroken(4401, "Unauthorized");
    const { id } = message;
    if (running.has(id)) throw new ProtocolBroken(4409, `Subscriber for ${id.slice(0, 64)} already exists`);
    const asked = nextOperation(identity);
    const operation = new AbortController();
    try {
      const request = askedIn(message);
      if (running.size >= settings.subscriptionsPerSocket) {
        throw new Refused(429, "LIMIT_EXCEEDED", `A socket may run at most ${settings.subscriptionsPerSocket} operations at once.`);
      }
      running.set(id, operation);
      await answer(id, operations.prepare(request), asked, operation.signal);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      metrics.refusals.add(error.code);
      if (!operation.signal.aborted) await send({ id, type: "error", payload: error.result(asked.requestId).errors });
    } finally {
      if (running.get(id) === operation) running.delete(id);
    }
  }

  async function answer(id, prepared, asked, signal) {
    const { kind, name } = prepared.operation;
    if (kind === "subscription") await stream(id, prepared, asked, signal);
    else {
      const result = await operations.run(prepared, asked, signal);
      if (!signal.aborted) await send({ id, type: "next", payload: result });
    }
    if (!signal.aborted) await send({ id, type: "complete" });
    metrics.requests.add(kind, signal.aborted ? "abandoned" : "answered");
    log("info", "operation", { request_id: asked.requestId, trace_id: asked.traceId, kind, operation: name ?? null, transport: "websocket" });
  }

  async function stream(id, prepared, asked, signal) {
    metrics.subscriptions.up();
    try {
      for await (const result of operations.stream(prepared, asked, signal, cut)) {
        if (signal.aborted) return;
        await send({ id, type: "next", payload: result });
      }
    } finally {
      metrics.subscriptions.down();
    }
  }

  const handlers = {
    connection_init: initialise,
    ping: ({ payload }) => send(payload === undefined ? { type: "pong" } : { type: "pong", payload }),
    pong: () => undefined,
    subscribe,
    complete({ id }) {
      running.get(id)?.abort();
      running.delete(id);
    },
  };

  function countMessage() {
    const second = Math.floor(performance.now() / 1000);
    if (second !== recent.second) Object.assign(recent, { second, messages: 0 });
    recent.messages += 1;
    if (recent.messages > settings.messagesPerSecond) throw new ProtocolBroken(4429, "Too many messages");
  }

  socket.on("message", async (frame, isBinary) => {
    if (state === "closed") return;
    try {
      countMessage();
      const message = readFrame(frame, isBinary);
      await handlers[message.type](message);
    } catch (error) {
      if (error instanceof ProtocolBroken) return close(error.code, error.message);
      if (error instanceof Refused) return close(4400, error.message);
      log("error", "conversation failed", describeError(error));
      close(4500, "Internal error");
    }
  });
  socket.on("close", () => { if (state !== "closed") end(); });
  socket.on("error", () => {}); // ws closes the socket itself: an oversized or broken frame is the client's affair
  return { close };
}
