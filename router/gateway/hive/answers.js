/** What Hive Router answers: text without errors stays text, and its errors become what our own would be. */

import { SubgraphUnavailable } from "../errors.js";
import { isResult } from "../upstream/speech.js";

/** It writes JSON without blanks, and within a string the quotes would be escaped: no answer with errors is missed. */
const ERRORS = '"errors":[';

const STATUS = "SUBREQUEST_HTTP_ERROR";

/** Codes of the router's own for a part of the graph, or itself, that does not answer now. */
const AWAY =
  /^(SUBGRAPH_|SUBREQUEST_|WS_)|^(GATEWAY_TIMEOUT|NO_SUPERGRAPH_AVAILABLE|SERVICE_UNAVAILABLE|SUBSCRIPTION_SCHEMA_RELOAD|GRAPHQL_VALIDATION_FAILED|QUERY_PLAN_BUILD_FAILED)$/;

/**
 * The answer as it is when nothing failed, else the result that `presentableResult` takes. Throws when it is none.
 * @template {string | Buffer} Text
 * @param {Text} answer
 * @returns {Text | {data: object | null, errors: object[]}}
 */
export function readAnswer(answer) {
  if (!answer.includes(ERRORS)) {
    if (answer.length > 1 && (answer[0] === "{" || answer[0] === 0x7b)) return answer;
    throw new Error("the router did not answer with a GraphQL result");
  }
  const result = JSON.parse(answer);
  if (!isResult(result)) throw new Error("the router did not answer with a GraphQL result");
  return { ...result, errors: readErrors(result.errors) };
}

/** @param {object[] | undefined} errors @returns {object[] | undefined} */
export function readErrors(errors) {
  return errors?.filter((error) => !isEcho(error, errors)).map((error) => {
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
