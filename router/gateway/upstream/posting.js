/** One HTTP request with a deadline and its whole answer, on a connection that is kept. */

import { request } from "node:http";
import { urlToHttpOptions } from "node:url";

const LARGEST_ANSWER = 16 * 1024 * 1024;
const LOST = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/** What was lost with its connection is asked once more; only for queries, for a mutation may have been done already. */
export async function again(send) {
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

/**
 * @param {{agent: import("node:http").Agent, url: URL, body?: Buffer, headers?: object, signal?: AbortSignal,
 *   seconds: number, method?: string}} asked
 * @returns {Promise<{status: number, body: Buffer}>}
 */
export function post({ agent, url, body, headers, signal, seconds, method = "POST" }) {
  return new Promise((resolve, reject) => {
    const typed = body
      ? { "content-type": "application/json", accept: "application/json", "content-length": body.length }
      : {};
    const outgoing = request(
      { ...targetOf(url), method, agent, signal, headers: { ...headers, ...typed } },
      (response) => collect(response, settled(resolve), settled(reject)),
    );
    const deadline = setTimeout(() => outgoing.destroy(new Error("no answer in time")), seconds * 1000);
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
  response.on("end", () =>
    resolve({ status: response.statusCode, body: parts.length === 1 ? parts[0] : Buffer.concat(parts) }),
  );
  response.on("error", reject);
  response.on("aborted", () => reject(Object.assign(new Error("answer cut short"), { code: "ECONNRESET" })));
}
