/** One client's graphql-transport-ws conversation: initialise, subscribe, complete, and every way it can end. */

import { Refused } from "../errors.js";
import { identify, lowerCased, nextOperation, requestIdOf } from "../identity.js";
import { describeError } from "../log.js";
import { jsonOf } from "./answers.js";
import { askedIn, ProtocolBroken, readFrame } from "./frames.js";
import { watchSlowness } from "./slowness.js";

const CLOSING_MS = 5000; // a client that does not answer our close frame is dropped
const EXPIRY_GRACE_MS = 1000; // the subgraph ends its streams first, with an error that says so
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const SLOW_CONSUMER = 4490;

/** Serves a socket until it closes. Its state goes new → initialising → ready, and from anywhere to closed. */
export class Conversation {
  #socket;
  #parts;
  #address;
  #state = "new";
  #identity = null;
  #running = new Map(); // id → what aborts the operation
  #recent = { second: 0, messages: 0 };
  #leave = () => {};
  #timer;
  #slowness;

  /**
   * @param {import("ws").WebSocket} socket
   * @param {import("./http.js").Parts & {tokens: Function, callers: {enter: Function}}} parts
   * @param {string} address of the client, for those without a token
   */
  constructor(socket, parts, address) {
    this.#socket = socket;
    this.#parts = parts;
    this.#address = address;
    const { initSeconds, slowSeconds } = parts.settings;
    this.#timer = setTimeout(() => this.close(4408, "Connection initialisation timeout"), initSeconds * 1000);
    this.#slowness = watchSlowness({
      unsent: () => socket.bufferedAmount,
      limitMs: slowSeconds * 1000,
      cut: () => this.#cut(),
    });
    socket.on("message", (frame, isBinary) => this.#hear(frame, isBinary));
    socket.on("close", () => this.#end());
    socket.on("error", () => {}); // ws closes the socket itself: an oversized or broken frame is the client's affair
  }

  /** Ends every operation and says why. */
  close(code, reason) {
    if (this.#state === "closed") return;
    this.#end();
    this.#parts.metrics.closed.add(code);
    this.#parts.log("info", "socket closed by the gateway", { code, reason });
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSING_MS).unref();
  }

  #cut() {
    if (this.#state === "closed") return;
    this.#parts.metrics.slowClients.add("websocket");
    this.close(SLOW_CONSUMER, "Slow consumer");
  }

  #end() {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#timer);
    this.#slowness.stop();
    this.#leave();
    for (const operation of this.#running.values()) operation.abort();
    this.#running.clear();
  }

  /** Resolves when the socket has taken the message; an error closes the socket, which ends everything. */
  #send(message) {
    if (this.#state === "closed") return undefined;
    return this.#sendText(JSON.stringify(message));
  }

  #sendNext(id, result) {
    if (this.#state === "closed") return undefined;
    return this.#sendText(`{"id":${JSON.stringify(id)},"type":"next","payload":${jsonOf(result)}}`);
  }

  #sendText(text) {
    const sent = new Promise((resolve) => this.#socket.send(text, resolve));
    this.#slowness.sent(Buffer.byteLength(text));
    return sent;
  }

  async #hear(frame, isBinary) {
    if (this.#state === "closed") return;
    try {
      this.#countMessage();
      await this.#answer(readFrame(frame, isBinary));
    } catch (error) {
      if (error instanceof ProtocolBroken) this.close(error.code, error.message);
      else if (error instanceof Refused) this.close(4400, error.message);
      else {
        this.#parts.log("error", "conversation failed", describeError(error));
        this.close(4500, "Internal error");
      }
    }
  }

  #countMessage() {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#recent.second) this.#recent = { second, messages: 0 };
    this.#recent.messages += 1;
    if (this.#recent.messages > this.#parts.settings.messagesPerSecond) {
      throw new ProtocolBroken(4429, "Too many messages");
    }
  }

  #answer(message) {
    switch (message.type) {
      case "connection_init":
        return this.#initialise(message.payload ?? {});
      case "ping":
        return this.#send({ type: "pong", payload: message.payload }); // without a payload JSON leaves it out
      case "subscribe":
        return this.#subscribe(message);
      case "complete":
        this.#running.get(message.id)?.abort();
        this.#running.delete(message.id);
        return undefined;
      default:
        return undefined; // pong
    }
  }

  async #initialise(payload) {
    if (this.#state !== "new") throw new ProtocolBroken(4429, "Too many initialisation requests");
    this.#state = "initialising";
    clearTimeout(this.#timer);
    const given = lowerCased(payload);
    const identity = identify(given, requestIdOf(given));
    const { tokens, callers } = this.#parts;
    const anonymous = { subject: `anonymous ${this.#address}` };
    const token = identity.authorization ? await tokens(identity.authorization) : anonymous;
    if (this.#state === "closed") return;
    if (!token) throw new ProtocolBroken(4403, "Forbidden");
    const leave = callers.enter(token.subject);
    if (!leave) throw new ProtocolBroken(4429, "Too many sockets of one caller");
    this.#leave = leave;
    if (token.expires) this.#expireAt(token.expires);
    this.#identity = identity;
    this.#state = "ready";
    await this.#send({ type: "connection_ack" });
  }

  #expireAt(seconds) {
    const left = Math.max(seconds * 1000 - Date.now() + EXPIRY_GRACE_MS, 0);
    this.#timer = setTimeout(() => this.close(4401, "Token expired"), Math.min(left, LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  async #subscribe(message) {
    const { id } = message;
    if (this.#state !== "ready") throw new ProtocolBroken(4401, "Unauthorized");
    if (this.#running.has(id)) throw new ProtocolBroken(4409, `Subscriber for ${id.slice(0, 64)} already exists`);
    const identity = nextOperation(this.#identity);
    const operation = new AbortController();
    try {
      const asked = askedIn(message);
      this.#checkRoom();
      this.#running.set(id, operation);
      await this.#operate(id, this.#parts.operations.prepare(asked), identity, operation.signal);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#parts.metrics.refusals.add(error.code);
      const { errors } = error.result(identity.requestId);
      if (!operation.signal.aborted) await this.#send({ id, type: "error", payload: errors });
    } finally {
      if (this.#running.get(id) === operation) this.#running.delete(id);
    }
  }

  #checkRoom() {
    const { subscriptionsPerSocket: most } = this.#parts.settings;
    if (this.#running.size < most) return;
    throw new Refused(429, "LIMIT_EXCEEDED", `A socket may run at most ${most} operations at once.`);
  }

  async #operate(id, prepared, identity, signal) {
    const { metrics, log, operations } = this.#parts;
    const { kind, name } = prepared.operation;
    if (kind === "subscription") await this.#stream(id, prepared, identity, signal);
    else {
      const result = await operations.run(prepared, identity, signal);
      if (!signal.aborted) await this.#sendNext(id, result);
    }
    if (this.#running.get(id)?.signal === signal) this.#running.delete(id); // free before the client reads that it is
    if (!signal.aborted) await this.#send({ id, type: "complete" });
    metrics.requests.add(kind, signal.aborted ? "abandoned" : "answered");
    const ids = { request_id: identity.requestId, trace_id: identity.traceId };
    log("info", "operation", { ...ids, kind, operation: name ?? null, transport: "websocket" });
  }

  async #stream(id, prepared, identity, signal) {
    const { metrics, operations } = this.#parts;
    metrics.subscriptions.up();
    try {
      for await (const result of operations.stream(prepared, identity, signal, () => this.#cut())) {
        if (signal.aborted) return;
        await this.#sendNext(id, result);
      }
    } finally {
      metrics.subscriptions.down();
    }
  }
}
