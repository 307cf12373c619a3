/** What a client learns of a failure: a code to branch on, the request's id, and no text of an exception. */

const LONGEST_MESSAGE = 500;
const MASKED = "Something went wrong on our side. Name the request id when you report it.";

/** Codes whose message was written for clients; whatever else a subgraph says stays in the log. */
const FOR_CLIENTS = new Set([
  "BAD_REQUEST",
  "BAD_USER_INPUT",
  "CONFLICT",
  "FORBIDDEN",
  "LIMIT_EXCEEDED",
  "NOT_FOUND",
  "OVERLOADED",
  "RATE_LIMITED",
  "REQUEST_IN_PROGRESS",
  "UNAVAILABLE",
  "TIMEOUT",
  "TOKEN_EXPIRED",
  "UNAUTHENTICATED",
]);
const FOR_CLIENTS_EXTENSIONS = ["retryAfter", "limit", "field"];

/** A refusal before anything ran; `status` is the HTTP status of a GraphQL answer. */
export class Refused extends Error {
  /**
   * @param {number} status @param {string} code @param {string} message
   * @param {{problems?: object[], byDocument?: boolean, headers?: object, close?: boolean}} [more]
   */
  constructor(status, code, message, more = {}) {
    super(message);
    Object.assign(this, { name: "Refused", status, code, more });
  }

  /** @param {string} requestId */
  result(requestId) {
    const { problems = [{ message: this.message }] } = this.more;
    return {
      errors: problems.map(({ message, locations, path }) =>
        compact({
          message: shortened(message),
          locations,
          path,
          extensions: { code: this.code, requestId },
        }),
      ),
    };
  }
}

/** A subgraph that cannot be reached, does not end in time or does not speak GraphQL. */
export class SubgraphUnavailable extends Error {
  constructor(subgraph, reason, options) {
    super(reason, options);
    Object.assign(this, { name: "SubgraphUnavailable", subgraph });
  }
}

/** An error of execution as the client gets it; `report` receives what is kept from the client. */
export function presentable(error, requestId, report) {
  const path = error?.path;
  const cause = error?.originalError ?? error;
  if (cause instanceof Refused)
    return compact({ message: cause.message, path, extensions: { code: cause.code, requestId } });
  if (cause instanceof SubgraphUnavailable) {
    report("subgraph unavailable", { subgraph: cause.subgraph, reason: cause.message });
    const message = "Part of the graph does not answer now. Try again in a moment.";
    return compact({ message, path, extensions: { code: "UNAVAILABLE", requestId } });
  }
  const code = error?.extensions?.code;
  if (!FOR_CLIENTS.has(code)) {
    report("error masked", { code, reason: String(error?.message ?? error), stack: cause?.stack });
    return compact({ message: MASKED, path, extensions: { code: "INTERNAL", requestId } });
  }
  const kept = FOR_CLIENTS_EXTENSIONS.filter((name) => isPlain(error.extensions[name])).map((name) => [
    name,
    error.extensions[name],
  ]);
  return compact({
    message: shortened(String(error.message)),
    path,
    extensions: { code, requestId, ...Object.fromEntries(kept) },
  });
}

/** A whole result without what must stay inside; `data` is always present once execution began. */
export function presentableResult(result, requestId, report) {
  if (!result.errors?.length) return { data: result.data ?? null };
  return { data: result.data ?? null, errors: result.errors.map((error) => presentable(error, requestId, report)) };
}

function isPlain(value) {
  return ["string", "number", "boolean"].includes(typeof value);
}

function shortened(message) {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
}

function compact(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
