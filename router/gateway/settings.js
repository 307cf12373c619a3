/** Every setting of the gateway, with its unit; the only reader of the environment. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export class SettingsInvalid extends Error {}

/**
 * What can be set of the gateway alone: name, unit, default, meaning. What it shares with the platform stands in
 * runtime/settings.py; docs/operations.md shows both.
 */
export const OWN = [
  ["SUPERGRAPH", "file", "schema/supergraph.graphql", "The supergraph."],
  ["HIVE_ROUTER_URL", "URL", "http://HOST:HIVE_PORT", "With ROUTER=hive: Hive Router behind this process."],
  ["JWKS_URL", "URL", "ISSUER_URL/jwks", "Keys of the token issuer."],
  ["ALLOWED_ORIGINS", "origins", "GATEWAY_URL, this machine at PORT", "Whose pages may use the graph, with commas between."],
  ["INTROSPECTION", "", "on", "`off` hides the schema, also in the wording of errors."],
  ["MAX_BODY_BYTES", "bytes", 128 * 1024, "Size of a request."],
  ["MAX_FRAME_BYTES", "bytes", 64 * 1024, "Size of a WebSocket message."],
  ["MAX_STREAM_QUEUE_BYTES", "bytes", 4 * 1024 * 1024, "What may wait for a slow client of one subscription."],
  ["MAX_SUBSCRIPTIONS_PER_SOCKET", "count", 100, "Operations that run on a socket at once."],
  ["MAX_SOCKETS_PER_USER", "sockets", 200, "Open WebSockets of one person."],
  ["MAX_SOCKETS", "sockets", 20_000, "Open WebSockets in all."],
  ["MAX_MESSAGES_PER_SECOND", "per s", 200, "Messages of one socket."],
  ["MAX_COST", "objects", 5000, "What one operation may touch at most."],
  ["SOCKET_INIT_SECONDS", "s", 3, "Time to initialise a socket."],
  ["SOCKET_PING_SECONDS", "s", 30, "Time between pings, to clients and to what is behind; a socket that leaves two unanswered is dropped."],
  ["SLOW_CLIENT_SECONDS", "s", 30, "How long unsent bytes may not shrink before the client is cut with 4490."],
  ["UPSTREAM_SECONDS", "s", 15, "Time for a subgraph's answer."],
  ["DRAIN_SECONDS", "s", 5, "What requests get to end in when stopping."],
];
const DEFAULTS = new Map(OWN.map(([name, , fallback]) => [name, fallback]));

/**
 * @typedef {ReturnType<typeof readSettings>} Settings
 */

/** Settings of this process. Throws SettingsInvalid with one sentence for the person who starts us. */
export function readSettings(environment = process.env) {
  const number = (name, fallback, least = 1, most = Number.MAX_SAFE_INTEGER) => {
    const text = environment[name] || String(fallback);
    const value = Number(text);
    if (!(value >= least && value <= most))
      throw new SettingsInvalid(`${name} must be a number from ${least} to ${most}, not '${text}'.`);
    return value;
  };
  const own = (name, least) => number(name, DEFAULTS.get(name), least);
  const address = (name, fallback) => {
    const text = environment[name] || fallback;
    if (!URL.canParse(text)) throw new SettingsInvalid(`${name} must be a URL, not '${text}'.`);
    return text.replace(/\/+$/, "");
  };
  const choice = (name, fallback, allowed) => {
    const text = environment[name] || fallback;
    if (!allowed.includes(text))
      throw new SettingsInvalid(`${name} must be one of ${allowed.join(", ")}, not '${text}'.`);
    return text;
  };
  const host = environment.HOST || "127.0.0.1";
  const port = number("PORT", 4000, 0, 65535);
  const issuer = address("ISSUER_URL", `http://${host}:${port + 3}`);
  const home = new URL(address("GATEWAY_URL", `http://127.0.0.1:${port}`)).origin;
  const origins = environment.ALLOWED_ORIGINS || `${home},http://127.0.0.1:${port},http://localhost:${port}`;
  const credential = secret(environment, "ROUTER_SECRET");
  if (!credential) throw new SettingsInvalid("ROUTER_SECRET is not set: subgraphs answer only a router that shows it.");
  const logLevel = choice("LOG_LEVEL", "info", ["debug", "info", "warning", "error"]);
  delete environment.LOG_LEVEL; // libraries of ours read it too, and refuse every request for a word they do not know
  return Object.freeze({
    host,
    port,
    credential, // what the router shows to the subgraphs
    supergraph: environment.SUPERGRAPH || fileURLToPath(new URL("../../schema/supergraph.graphql", import.meta.url)),
    subgraphs: address("SERVE_URL", `http://${host}:${port + 1}`), // replaces the origin of every routing_url
    placed: placed(environment.SUBGRAPH_URLS || ""), // the origins of those that are elsewhere, by name
    router: choice("ROUTER", "gateway", ["gateway", "hive"]), // who plans and executes: this process, or Hive Router
    hive: address("HIVE_ROUTER_URL", `http://${host}:${number("HIVE_PORT", port + 12, 1, 65547)}`), // behind us
    issuer, // `iss` of the tokens that open sockets
    keys: address("JWKS_URL", `${issuer}/jwks`),
    audience: environment.AUDIENCE || "delivery-platform",
    logLevel,
    introspection: choice("INTROSPECTION", "on", ["on", "off"]) === "on",
    origins: new Set(
      origins
        .split(",")
        .map((origin) => origin.trim())
        .filter(Boolean),
    ), // of browsers: CORS and WebSocket
    bodyBytes: own("MAX_BODY_BYTES"),
    frameBytes: own("MAX_FRAME_BYTES"),
    queueBytes: own("MAX_STREAM_QUEUE_BYTES"),
    subscriptionsPerSocket: own("MAX_SUBSCRIPTIONS_PER_SOCKET"),
    socketsPerUser: own("MAX_SOCKETS_PER_USER"),
    sockets: own("MAX_SOCKETS"),
    messagesPerSecond: own("MAX_MESSAGES_PER_SECOND"),
    cost: own("MAX_COST"),
    initSeconds: own("SOCKET_INIT_SECONDS", 0.01),
    pingSeconds: own("SOCKET_PING_SECONDS", 0.01),
    slowSeconds: own("SLOW_CLIENT_SECONDS", 0.01),
    upstreamSeconds: own("UPSTREAM_SECONDS", 0.01),
    drainSeconds: own("DRAIN_SECONDS", 0),
  });
}

/** A secret, or what the file holds that NAME_FILE names, without the line's end. */
function secret(environment, name) {
  const path = environment[`${name}_FILE`];
  if (!path) return environment[name];
  if (environment[name]) throw new SettingsInvalid(`${name} and ${name}_FILE are both set: leave one of them out.`);
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new SettingsInvalid(`${name}_FILE ${path} cannot be read: ${error.code}.`);
  }
}

/** `orders=http://a:1,catalog=http://b:2` as a Map of names to origins. */
function placed(text) {
  const pairs = text
    .split(",")
    .map((pair) => pair.trim())
    .filter(Boolean)
    .map((pair) => {
      const [name, url] = pair.split(/=(.*)/s);
      if (!/^\w+$/.test(name) || !/^https?:\/\//.test(url) || !URL.canParse(url))
        throw new SettingsInvalid(`SUBGRAPH_URLS must be like orders=http://host:port,catalog=…, not '${pair}'.`);
      return [name, url];
    });
  return new Map(pairs);
}
