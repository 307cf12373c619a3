/** Which sites' pages may use the graph: the list of origins in the settings, for CORS and for WebSocket handshakes. */

const HEADERS = "authorization, content-type, traceparent, x-consistency-token, x-request-id";

/** @param {import("node:http").IncomingMessage} request @param {Set<string>} origins */
export function allowOrigin(request, response, origins) {
  response.setHeader("vary", "Origin");
  const { origin } = request.headers;
  if (!origin || !origins.has(origin)) return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "x-request-id, retry-after");
}

/** Without the allow-origin header, which a foreign origin does not get, a browser sends nothing more. */
export function answerPreflight(request, response, origins) {
  if (origins.has(request.headers.origin)) {
    response.setHeader("access-control-allow-methods", "POST");
    response.setHeader("access-control-allow-headers", HEADERS);
    response.setHeader("access-control-max-age", "600");
  }
  response.writeHead(204);
  response.end();
}

/** Browsers always name the origin of a WebSocket; who names none is no browser and has a token to show. */
export function mayOpenSocket(origin, origins) {
  return origin === undefined || origins.has(origin);
}
