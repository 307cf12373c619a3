/** How a result goes back over HTTP: the media type that the client accepts and the status that goes with it. */

export const GRAPHQL = "application/graphql-response+json";
export const JSON_TYPE = "application/json";
export const EVENTS = "text/event-stream";

/** The first type of ours that the client accepts by weight, or undefined. @param {string | undefined} accept */
export function acceptedType(accept) {
  if (!accept?.trim()) return JSON_TYPE;
  const ranges = accept
    .toLowerCase()
    .split(",")
    .map(readRange)
    .filter(({ weight }) => weight > 0);
  ranges.sort((one, other) => other.weight - one.weight);
  for (const { type } of ranges) {
    if ([GRAPHQL, JSON_TYPE, EVENTS].includes(type)) return type;
    if (type === "*/*" || type === "application/*") return JSON_TYPE;
    if (type === "text/*") return EVENTS;
  }
  return undefined;
}

function readRange(text) {
  const [type, ...parameters] = text.split(";").map((part) => part.trim());
  const weight = Number(parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? 1);
  return { type, weight: Number.isFinite(weight) ? weight : 0 };
}

/**
 * Status of a refusal: GraphQL over HTTP keeps 200 for documents that do not fit the schema where the client
 * speaks application/json; limits and malformed requests are 4xx for everybody.
 * @param {import("../errors.js").Refused} refused
 */
export function statusOf(refused, type) {
  const byDocument =
    refused.code === "GRAPHQL_PARSE_FAILED" || refused.code === "GRAPHQL_VALIDATION_FAILED" || refused.more.byDocument;
  return byDocument && type !== GRAPHQL ? 200 : refused.status;
}

/** JSON of a result; what is JSON text already goes out as it came. @param {object | string | Buffer} result */
export function jsonOf(result) {
  if (typeof result === "string") return result;
  return Buffer.isBuffer(result) ? result.toString() : JSON.stringify(result);
}

/** @param {import("node:http").ServerResponse} response @param {object | Buffer} result */
export function sendJson(response, status, result, type = JSON_TYPE) {
  const body = Buffer.isBuffer(result) ? result : Buffer.from(JSON.stringify(result));
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-length": body.length,
    "cache-control": "no-store",
  });
  response.end(body);
}

/** @param {import("node:http").ServerResponse} response */
export function sendText(response, status, text, headers = {}) {
  const body = Buffer.from(text);
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  response.end(body);
}
