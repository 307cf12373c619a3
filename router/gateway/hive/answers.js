/** What Hive Router answers: text without errors stays text, and its errors become what our own would be. */

import { SubgraphUnavailable } from "../errors.js";
import { isResult } from "../upstream/speech.js";

/** It writes JSON without blanks, and within a string the quotes would be escaped: no answer with errors is missed. */
const ERRORS = '"errors":[';

const STATUS = "SUBREQUEST_HTTP_ERROR";

/**
 * Codes of the router's own for a part of the graph, or itself, that does not answer now. Names of validation's rules
 * are among them: a document that fits here does not fit there only while a new supergraph has reached one of us.
 */
const AWAY =
  /^(SUBGRAPH_|SUBREQUEST_|WS_)|^(GATEWAY_TIMEOUT|NO_SUPERGRAPH_AVAILABLE|SERVICE_UNAVAILABLE|SUBSCRIPTION_SCHEMA_RELOAD|GRAPHQL_VALIDATION_FAILED|QUERY_PLAN_BUILD_FAILED)$|^[A-Z][a-z]\w+$/;

/**
 * The answer as it is when nothing failed, else the result that `presentableResult` takes. Throws when it is none.
 * @template {string | Buffer} Text
 * @param {Text} answer
 * @param {string} [root] the only field of the operation, by the client's own name
 * @returns {Text | {data: object | null, errors: object[]}}
 */
export function readAnswer(answer, root) {
  if (!answer.includes(ERRORS)) {
    if (answer.length > 1 && (answer[0] === "{" || answer[0] === 0x7b)) return answer;
    throw new Error("the router did not answer with a GraphQL result");
  }
  const result = JSON.parse(answer);
  if (!isResult(result)) throw new Error("the router did not answer with a GraphQL result");
  return { ...result, errors: placed(readErrors(result.errors), result.data, root) };
}

/** @param {object[] | undefined} errors @returns {object[] | undefined} */
export function readErrors(errors) {
  return errors
    ?.filter((error) => !isEcho(error, errors))
    .map((error) => {
      const { code, service, affectedPath } = error.extensions ?? {};
      if (!AWAY.test(code ?? "")) return error;
      const reason = `${code}: ${error.message}`;
      return {
        ...error,
        path: error.path ?? pathOf(affectedPath),
        originalError: new SubgraphUnavailable(service ?? "router", reason),
      };
    });
}

/**
 * The same errors, those that name no place at each field of the root that is null without a reason of its own: what a
 * subgraph refuses as a whole, the router tells once. Reasons that differ stay as they are, for whose they are is unknown.
 */
function placed(errors, data, root) {
  if (root && !data) return errors?.map((error) => (isPlaced(error) ? error : { ...error, path: [root] }));
  const whole = errors?.filter(({ path }) => !path) ?? [];
  const [reason] = whole;
  if (!reason || !data || whole.some(({ extensions }) => extensions?.code !== reason.extensions?.code)) return errors;
  const told = errors.filter(({ path }) => path);
  const missing = Object.keys(data).filter((name) => data[name] === null && !told.some(({ path }) => path[0] === name));
  return missing.length ? [...told, ...missing.map((name) => ({ ...reason, path: [name] }))] : errors;
}

/** A stream that is lost has no place: it ends as a whole. */
function isPlaced({ path, originalError }) {
  return path || originalError;
}

/** A subgraph's refusal with an HTTP status of its own comes twice: as what it said, and as the status. */
function isEcho(error, errors) {
  const { code, service } = error.extensions ?? {};
  if (code !== STATUS || !/invalid HTTP status code/.test(error.message)) return false;
  return errors.some(({ extensions }) => extensions?.service === service && extensions?.code !== STATUS);
}

/** `dishes.@.similar` is a fetch for every one of the dishes: the path leads to the list. */
function pathOf(affected) {
  const names = affected?.split(".") ?? [];
  const list = names.indexOf("@");
  const path = list < 0 ? names : names.slice(0, list);
  return path.length ? path : undefined;
}
