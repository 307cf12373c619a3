/** Who asks, and under which ids: what travels from the client's request to every subgraph. */

import { randomFillSync, randomUUID } from "node:crypto";

import { Refused } from "./errors.js";

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const HEADER_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]{0,8190}[\x21-\x7e])?$/;

/**
 * @typedef {object} Identity
 * @property {string} [authorization] as the client sent it; the subgraph verifies it
 * @property {string} [consistencyToken] how much of the log a query waits for
 * @property {string} requestId the client's, or minted here
 * @property {string} traceId
 * @property {string} traceparent of our own span, a child of the client's
 */

/** The client's request id where it is one, else a new one. @param {Record<string, unknown>} given */
export function requestIdOf(given) {
  const requestId = String(given["x-request-id"] ?? "");
  return REQUEST_ID.test(requestId) ? requestId : randomUUID();
}

/**
 * Identity from lower-cased names: HTTP headers or the keys of connection_init. What could not be a header's value
 * is refused, never passed on in part.
 * @param {Record<string, unknown>} given @param {string} requestId @returns {Identity}
 */
export function identify(given, requestId) {
  const { authorization, "x-consistency-token": consistencyToken } = given;
  if (!isAbsentOrHeader(authorization) || !isAbsentOrHeader(consistencyToken)) {
    throw new Refused(400, "BAD_REQUEST", "A header holds characters that no header may hold.");
  }
  const trace = TRACE_PARENT.exec(String(given.traceparent ?? ""));
  const continued = trace && !/^0+$/.test(trace[1]) && !/^0+$/.test(trace[2]);
  const traceId = continued ? trace[1] : randomHex(16);
  return {
    authorization: authorization || undefined,
    consistencyToken: consistencyToken || undefined,
    requestId,
    traceId,
    traceparent: `00-${traceId}-${randomHex(8)}-${continued ? trace[3] : "01"}`,
  };
}

/** The same caller on an operation of an open socket: new ids, one trace. @param {Identity} identity */
export function nextOperation(identity) {
  const traceparent = `00-${identity.traceId}-${randomHex(8)}-${identity.traceparent.slice(-2)}`;
  return { ...identity, requestId: randomUUID(), traceparent };
}

/** Headers, and equally the connection_init payload, that a subgraph gets. @param {Identity} identity */
export function forwarded(identity, credential) {
  const headers = {
    "x-router-credential": credential,
    "x-request-id": identity.requestId,
    traceparent: identity.traceparent,
  };
  if (identity.authorization) headers.authorization = identity.authorization;
  if (identity.consistencyToken) headers["x-consistency-token"] = identity.consistencyToken;
  return headers;
}

/** Ids of one operation on a socket that several operations share. @param {Identity} identity */
export function operationIds({ requestId, traceparent }) {
  return { "x-request-id": requestId, traceparent };
}

/** Everything that decides what the caller may see: callers with equal keys may share a socket to a subgraph. */
export function identityKey(identity) {
  return JSON.stringify([identity.authorization ?? null, identity.consistencyToken ?? null]);
}

/** Names in lower case: clients write `Authorization` and `authorization` in connection_init. */
export function lowerCased(given) {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}

const stock = Buffer.alloc(4096); // asking for eight bytes costs as much as asking for thousands
let used = stock.length;

function randomHex(bytes) {
  if (used + bytes > stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  used += bytes;
  return stock.toString("hex", used - bytes, used);
}

function isAbsentOrHeader(value) {
  return (
    value === undefined || value === null || value === "" || (typeof value === "string" && HEADER_TEXT.test(value))
  );
}
