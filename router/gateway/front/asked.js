/** What a client asks, read from untrusted JSON: an object of the known shape, text and numbers that survive the way. */

import { Refused } from "../errors.js";
import { refusedNumber } from "../graph/limits.js";

const DEEPEST = 64;

/** The GraphQL request in `value`. Throws Refused. @returns {import("../graph/operations.js").Asked} */
export function readAsked(value) {
  if (Array.isArray(value))
    throw new Refused(400, "BAD_REQUEST", "Batches are not accepted: send one operation per request.");
  if (!isObject(value)) throw new Refused(400, "BAD_REQUEST", "A GraphQL request is a JSON object.");
  const { query, operationName, variables, extensions } = value;
  if (typeof query !== "string") throw new Refused(400, "BAD_REQUEST", "`query` must be a string.");
  if (operationName != null && typeof operationName !== "string")
    throw new Refused(400, "BAD_REQUEST", "`operationName` must be a string.");
  if (variables != null && !isObject(variables))
    throw new Refused(400, "BAD_REQUEST", "`variables` must be an object.");
  if (extensions != null && !isObject(extensions))
    throw new Refused(400, "BAD_REQUEST", "`extensions` must be an object.");
  checkText(query);
  checkValues(variables ?? {}, 0);
  return { query, operationName: operationName ?? undefined, variables: variables ?? {} };
}

/** Parsed JSON, or Refused. @param {string} text */
export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, "BAD_REQUEST", "The body is not JSON.");
  }
}

export function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function checkValues(value, depth) {
  if (depth > DEEPEST) throw new Refused(400, "LIMIT_EXCEEDED", `Variables may nest at most ${DEEPEST} levels.`);
  if (typeof value === "string") checkText(value);
  else if (typeof value === "number") checkNumber(value);
  else if (value !== null && typeof value === "object") {
    for (const [name, inner] of Object.entries(value)) {
      checkText(name);
      checkValues(inner, depth + 1);
    }
  }
}

function checkText(text) {
  if (!text.isWellFormed())
    throw new Refused(400, "BAD_USER_INPUT", "Text must be well-formed Unicode, without half of a surrogate pair.");
}

/** Beyond 2^53 a number has lost digits already, and what is not finite would become null on its way. */
function checkNumber(value) {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) throw refusedNumber();
}
