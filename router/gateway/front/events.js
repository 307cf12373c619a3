/** Results as server-sent events: `next` for each, `complete` at the end (the distinct mode of GraphQL over SSE). */

import { EVENTS, jsonOf } from "./answers.js";
import { watchSlowness } from "./slowness.js";

const HEARTBEAT_MS = 12_000; // proxies close what is silent

/**
 * Sends every result of `open(onSlow)`, waiting while the client does not read. A client that reads nothing for too
 * long is cut without `complete`, as at a lost connection and when we stop: it resumes with its last cursor.
 * @param {import("node:http").ServerResponse} response
 * @param {(onSlow: () => void) => AsyncIterable<object | string | Buffer>} open
 */
export async function sendEvents(response, open, { settings, metrics, log, stopping }) {
  response.writeHead(200, {
    "content-type": `${EVENTS}; charset=utf-8`,
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  response.flushHeaders();
  const cut = () => {
    if (response.destroyed) return;
    metrics.slowClients.add("sse");
    log("info", "slow client cut", { transport: "sse" });
    response.destroy();
  };
  const unsent = () => response.writableLength + (response.socket?.writableLength ?? 0);
  const slowness = watchSlowness({ unsent, limitMs: settings.slowSeconds * 1000, cut });
  const heartbeat = setInterval(() => response.write(":\n\n"), HEARTBEAT_MS);
  heartbeat.unref();
  const leave = () => response.destroy();
  stopping.addEventListener("abort", leave, { once: true });
  try {
    for await (const result of open(cut)) await write(response, `event: next\ndata: ${jsonOf(result)}\n\n`, slowness);
    if (!response.destroyed) response.end("event: complete\ndata:\n\n");
  } finally {
    stopping.removeEventListener("abort", leave);
    clearInterval(heartbeat);
    slowness.stop();
  }
}

function write(response, text, slowness) {
  const drained = response.write(text);
  slowness.sent(Buffer.byteLength(text));
  if (drained || response.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.once("drain", done).once("close", done);
  });
}

/** One result as a stream of one. */
export async function* once(result) {
  yield await result;
}
