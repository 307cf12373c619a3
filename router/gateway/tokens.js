/**
 * What a token says of its socket: whose it is and when it ends. Subgraphs decide what a token may do; the gateway
 * looks only so that sockets are counted per person and close when their token expires.
 */

import { createPublicKey, verify } from "node:crypto";

const KEYS_KEPT_MS = 10 * 60_000;
const KEYS_AT_MOST_EVERY_MS = 5000; // a token with an unknown key id asks for keys, but not each one
const LEEWAY_SECONDS = 30;

/**
 * `check(authorization)` resolves to `{subject, expires}`, or to null for a token that is surely not valid. While the
 * issuer cannot be asked for its keys, the token's own words are taken, with a subject that is nobody else's.
 * @param {import("./settings.js").Settings} settings
 */
export function createTokens({ issuer, keys: keysUrl }, log) {
  let keys = new Map();
  let fetched = -Infinity;
  let fetching = null;

  async function refresh() {
    fetched = performance.now();
    const response = await fetch(keysUrl, { signal: AbortSignal.timeout(3000), redirect: "error" });
    const { keys: found } = await response.json();
    keys = new Map(found.map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]));
  }

  async function keyFor(kid) {
    const age = performance.now() - fetched;
    if (age > KEYS_KEPT_MS || (!keys.has(kid) && age > KEYS_AT_MOST_EVERY_MS)) {
      fetching ??= refresh()
        .catch((error) => log("warning", "issuer unreachable", { reason: error.message }))
        .finally(() => {
          fetching = null;
        });
    }
    await fetching;
    return keys.get(kid);
  }

  return async function check(authorization) {
    const token = read(authorization);
    if (!token || token.claims.iss !== issuer || token.claims.exp + LEEWAY_SECONDS <= Date.now() / 1000) return null;
    const key = await keyFor(token.header.kid);
    const { sub, exp } = token.claims;
    if (!key) return keys.size ? null : { subject: `unverified ${authorization}`, expires: exp };
    const options = { key, dsaEncoding: "ieee-p1363" };
    return verify("sha256", token.signed, options, token.signature) ? { subject: sub, expires: exp } : null;
  };
}

/** The parts of an ES256 bearer token, or null. */
function read(authorization) {
  const parts = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/i.exec(authorization);
  if (!parts) return null;
  try {
    const header = JSON.parse(Buffer.from(parts[1], "base64url").toString());
    const claims = JSON.parse(Buffer.from(parts[2], "base64url").toString());
    if (header.alg !== "ES256" || typeof claims.sub !== "string" || !Number.isFinite(claims.exp)) return null;
    return {
      header,
      claims,
      signed: Buffer.from(`${parts[1]}.${parts[2]}`),
      signature: Buffer.from(parts[3], "base64url"),
    };
  } catch {
    return null; // not base64 of JSON: no token of ours
  }
}
