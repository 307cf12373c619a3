/** Every setting of the gateway, with its unit; the only reader of the environment. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export class SettingsInvalid extends Error {}

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
  const own = new URL(address("GATEWAY_URL", `http://127.0.0.1:${port}`)).origin;
  const origins = environment.ALLOWED_ORIGINS || `${own},http://127.0.0.1:${port},http://localhost:${port}`;
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
    bodyBytes: number("MAX_BODY_BYTES", 128 * 1024),
    frameBytes: number("MAX_FRAME_BYTES", 64 * 1024),
    queueBytes: number("MAX_STREAM_QUEUE_BYTES", 4 * 1024 * 1024), // read ahead for one subscription
    subscriptionsPerSocket: number("MAX_SUBSCRIPTIONS_PER_SOCKET", 100),
    socketsPerUser: number("MAX_SOCKETS_PER_USER", 200),
    sockets: number("MAX_SOCKETS", 20_000),
    messagesPerSecond: number("MAX_MESSAGES_PER_SECOND", 200), // from one socket
    cost: number("MAX_COST", 5000), // of one operation, in objects
    initSeconds: number("SOCKET_INIT_SECONDS", 3, 0.01),
    pingSeconds: number("SOCKET_PING_SECONDS", 30, 0.01), // a socket that leaves two unanswered is dropped
    slowSeconds: number("SLOW_CLIENT_SECONDS", 30, 0.01), // unsent bytes that have not shrunk for so long
    upstreamSeconds: number("UPSTREAM_SECONDS", 15, 0.01), // one request to one subgraph
    drainSeconds: number("DRAIN_SECONDS", 5, 0), // what requests get to end in when we stop
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
