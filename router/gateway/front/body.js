/** The body of a POST: JSON by its content type, in UTF-8, not compressed, not longer than allowed. */

import { Refused } from "../errors.js";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** @param {import("node:http").IncomingMessage} request @param {number} most bytes @returns {Promise<string>} */
export async function readBody(request, most) {
  checkContentType(request.headers);
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > most) throw tooLarge(most);
  const body = await collect(request, most);
  try {
    return UTF8.decode(body);
  } catch {
    throw new Refused(400, "BAD_REQUEST", "The body is not UTF-8.");
  }
}

/** By events: iterating over a request costs a tenth of answering it. */
function collect(request, most) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let size = 0;
    request.on("data", (part) => {
      size += part.length;
      if (size > most) reject(tooLarge(most));
      else parts.push(part);
    });
    request.on("end", () => resolve(parts.length === 1 ? parts[0] : Buffer.concat(parts)));
    const left = () => request.complete || reject(new Refused(400, "BAD_REQUEST", "The body has no end."));
    request.on("error", left).on("close", left);
  });
}

/** Browsers send application/json across origins only after a preflight, so no form of another site gets here. */
function checkContentType(headers) {
  const [type, ...parameters] = (headers["content-type"] ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters
    .find((parameter) => parameter.startsWith("charset="))
    ?.slice(8)
    .replace(/"/g, "");
  const encoding = headers["content-encoding"] ?? "identity";
  if (type === "application/json" && (charset ?? "utf-8") === "utf-8" && encoding === "identity") return;
  throw new Refused(415, "BAD_REQUEST", "The body must be application/json in UTF-8, not compressed.");
}

function tooLarge(most) {
  return new Refused(413, "LIMIT_EXCEEDED", `The body may have at most ${most} bytes.`, { close: true });
}
