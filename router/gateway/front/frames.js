/** Messages of graphql-transport-ws as clients send them, checked in full before anything looks at them. */

import { isObject, readAsked } from "./asked.js";

const LONGEST_ID = 128;

/** A frame that breaks the protocol; the socket closes with `code`. */
export class ProtocolBroken extends Error {
  constructor(code, reason) {
    super(reason);
    Object.assign(this, { name: "ProtocolBroken", code });
  }
}

/**
 * @param {Buffer} frame @param {boolean} isBinary
 * @returns {{type: string, id?: string, payload?: object | null}}
 */
export function readFrame(frame, isBinary) {
  if (isBinary) throw new ProtocolBroken(4400, "Text frames only");
  let message;
  try {
    message = JSON.parse(frame.toString());
  } catch {
    throw new ProtocolBroken(4400, "Not JSON");
  }
  if (!isObject(message)) throw new ProtocolBroken(4400, "A message is a JSON object");
  const check = CHECKS[Object.hasOwn(CHECKS, message.type) ? message.type : "unknown"];
  check(message);
  return message;
}

const CHECKS = {
  connection_init: checkPayload,
  ping: checkPayload,
  pong: checkPayload,
  subscribe: checkSubscribe,
  complete: checkId,
  unknown() {
    throw new ProtocolBroken(4400, "Unknown message type");
  },
};

function checkPayload({ payload }) {
  if (payload != null && !isObject(payload)) throw new ProtocolBroken(4400, "A payload is a JSON object");
}

function checkId({ id }) {
  if (typeof id !== "string" || id === "" || id.length > LONGEST_ID)
    throw new ProtocolBroken(4400, "An id is a string that is not empty");
}

function checkSubscribe(message) {
  checkId(message);
  if (!isObject(message.payload)) throw new ProtocolBroken(4400, "subscribe carries a GraphQL request");
}

/** The request of a subscribe message: a wrong shape closes the socket, wrong content is that operation's error. */
export function askedIn({ payload }) {
  try {
    return readAsked(payload);
  } catch (error) {
    if (error.code === "BAD_REQUEST") throw new ProtocolBroken(4400, error.message);
    throw error;
  }
}
