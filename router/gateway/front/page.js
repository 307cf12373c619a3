/** The GraphiQL page, whole in one answer: it loads nothing from elsewhere. */

import { gunzip } from "node:zlib";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Answers with the page. Its 9 MB of script are put together in a thread of their own at the first request, and only
 * the compressed page is kept.
 */
export function createPage() {
  let packed = null;
  return async function page(request, response) {
    packed ??= pack();
    const body = await packed.catch((error) => {
      packed = null;
      throw error;
    });
    const compressed = /\bgzip\b/.test(request.headers["accept-encoding"] ?? "");
    const bytes = compressed ? body : await promisify(gunzip)(body);
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-length": bytes.length,
      "content-security-policy": POLICY,
      vary: "Accept, Accept-Encoding, Origin",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      ...(compressed ? { "content-encoding": "gzip" } : {}),
    });
    response.end(bytes);
  };
}

/** @returns {Promise<Buffer>} */
function pack() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./pack.js", import.meta.url));
    worker.once("message", (bytes) => resolve(Buffer.from(bytes)));
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the page was not made")));
  });
}
