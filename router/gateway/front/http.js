/** The HTTP face of the gateway: one table of routes, and the GraphQL request itself. */

import { describeError } from "../log.js";
import { Refused } from "../errors.js";
import { identify, requestIdOf } from "../identity.js";
import { acceptedType, EVENTS, JSON_TYPE, sendJson, sendText, statusOf } from "./answers.js";
import { readAsked, readJson } from "./asked.js";
import { readBody } from "./body.js";
import { allowOrigin, answerPreflight } from "./origins.js";
import { once, sendEvents } from "./events.js";

/**
 * @typedef {object} Parts what a request needs
 * @property {import("../settings.js").Settings} settings
 * @property {import("../metrics.js").Metrics} metrics
 * @property {Function} log
 * @property {import("../graph/operations.js").Operations} operations
 */

/** A request listener for node:http. @param {Parts & {page: Function, health: object}} parts */
export function createHttpFront(parts) {
  const routes = new Map([
    ["/", redirectToGraph],
    ["/graphql", (request, response) => graphql(request, response, parts)],
    ["/health/live", reading(parts.health.live)],
    ["/health/ready", reading(parts.health.ready)],
    ["/metrics", reading(parts.health.metrics)],
  ]);
  return async (request, response) => {
    const path = request.url.split("?", 1)[0];
    const route = routes.get(path);
    request.requestId = requestIdOf(request.headers);
    response.setHeader("x-request-id", request.requestId);
    parts.metrics.running.up();
    response.once("close", parts.metrics.running.down);
    try {
      if (route) await route(request, response);
      else
        refuse(
          request,
          response,
          new Refused(404, "NOT_FOUND", "There is nothing here; the graph is at /graphql."),
          parts,
        );
    } catch (error) {
      if (!(error instanceof Refused)) parts.log("error", "request failed", { path, ...describeError(error) });
      refuse(request, response, error instanceof Refused ? error : unexpected(), parts);
    }
  };
}

function unexpected() {
  return new Refused(503, "INTERNAL", "Something went wrong on our side.");
}

function redirectToGraph(request, response) {
  sendText(response, 302, "The graph is at /graphql.", { location: "/graphql" });
}

function reading(route) {
  return (request, response) => {
    if (request.method === "GET" || request.method === "HEAD") return route(request, response);
    throw new Refused(405, "BAD_REQUEST", "Only GET is answered here.", { headers: { allow: "GET, HEAD" } });
  };
}

async function graphql(request, response, parts) {
  allowOrigin(request, response, parts.settings.origins);
  if (request.method === "OPTIONS") return answerPreflight(request, response, parts.settings.origins);
  if (request.method === "GET" && /\btext\/html\b/.test(request.headers.accept ?? ""))
    return parts.page(request, response);
  if (request.method !== "POST") {
    throw new Refused(405, "BAD_REQUEST", "Operations are sent with POST.", {
      headers: { allow: "GET, POST, OPTIONS" },
    });
  }
  request.identity = identify(request.headers, request.requestId);
  const type = acceptedType(request.headers.accept);
  if (!type)
    throw new Refused(
      406,
      "BAD_REQUEST",
      "Answers are application/graphql-response+json, application/json or text/event-stream.",
    );
  request.answerType = type;
  const asked = readAsked(readJson(await readBody(request, parts.settings.bodyBytes)));
  return answer(request, response, type, parts.operations.prepare(asked), parts);
}

async function answer(request, response, type, prepared, parts) {
  const { kind } = prepared.operation;
  if (kind === "subscription" && type !== EVENTS) {
    throw new Refused(406, "BAD_REQUEST", "Subscriptions need WebSocket, or accept: text/event-stream.");
  }
  const { identity } = request;
  const gone = new AbortController();
  response.once("close", () => response.writableFinished || gone.abort());
  const began = performance.now();
  if (type === EVENTS) {
    const open = (onSlow) =>
      kind === "subscription"
        ? counted(parts.operations.stream(prepared, identity, gone.signal, onSlow), parts.metrics)
        : once(parts.operations.run(prepared, identity, gone.signal));
    await ignoringDeparture(gone.signal, () => sendEvents(response, open, parts));
    return note(prepared, identity, "streamed", began, parts);
  }
  const result = await ignoringDeparture(gone.signal, () => parts.operations.run(prepared, identity, gone.signal));
  if (!result) return note(prepared, identity, "abandoned", began, parts);
  sendJson(response, 200, result, type);
  return note(prepared, identity, result.errors ? "errors" : "answered", began, parts);
}

async function ignoringDeparture(signal, work) {
  try {
    return await work();
  } catch (error) {
    if (!signal.aborted) throw error;
    return undefined;
  }
}

async function* counted(results, metrics) {
  metrics.subscriptions.up();
  try {
    yield* results;
  } finally {
    metrics.subscriptions.down();
  }
}

function note({ operation }, identity, outcome, began, { log, metrics }) {
  const seconds = (performance.now() - began) / 1000;
  metrics.requests.add(operation.kind, outcome);
  if (outcome !== "streamed") metrics.duration.observe(seconds);
  log("info", "operation", {
    request_id: identity.requestId,
    trace_id: identity.traceId,
    kind: operation.kind,
    operation: operation.name ?? null,
    outcome,
    milliseconds: Math.round(seconds * 10_000) / 10,
  });
}

/** @param {Refused} refused */
function refuse(request, response, refused, { log, metrics }) {
  metrics.refusals.add(refused.code);
  const { requestId } = request;
  if (response.headersSent || response.destroyed) return response.destroy();
  const type = request.answerType === EVENTS || !request.answerType ? JSON_TYPE : request.answerType;
  log("info", "refused", { request_id: requestId, status: refused.status, code: refused.code });
  for (const [name, value] of Object.entries(refused.more.headers ?? {})) response.setHeader(name, value);
  const unread = refused.more.close || !request.complete;
  if (unread) response.setHeader("connection", "close");
  sendJson(response, statusOf(refused, type), refused.result(requestId), type);
  if (!request.complete) request.resume();
}
