/** WebSocket handshakes: who may open one, and the upkeep of those that are open. */

import { STATUS_CODES } from "node:http";

import { WebSocketServer } from "ws";

import { createCallers } from "./callers.js";
import { Conversation } from "./conversation.js";
import { mayOpenSocket } from "./origins.js";

const PROTOCOL = "graphql-transport-ws";

/** @param {import("./http.js").Parts & {tokens: Function}} parts */
export function createSocketFront(parts) {
  const { settings, metrics } = parts;
  const sockets = new Map(); // socket → its conversation
  const callers = createCallers(settings.socketsPerUser);
  const acceptor = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: settings.frameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  let heartbeat = null;

  function open(socket, request) {
    if (socket.protocol !== PROTOCOL) return socket.close(4406, "Subprotocol not acceptable");
    metrics.sockets.up();
    sockets.set(socket, new Conversation(socket, { ...parts, callers }, request.socket.remoteAddress));
    socket.isAlive = true;
    socket.on("pong", () => {
      socket.isAlive = true;
    });
    socket.on("close", () => {
      metrics.sockets.down();
      sockets.delete(socket);
      if (!sockets.size) stopHeartbeat();
    });
    heartbeat ??= setInterval(beat, settings.pingSeconds * 1000);
    return undefined;
  }

  function beat() {
    for (const socket of sockets.keys()) {
      // A client that has not taken what was sent before the ping is judged by its slowness.
      if (!socket.isAlive && socket.bufferedAmount === 0) socket.terminate();
      socket.isAlive = false;
      socket.ping();
    }
  }

  function stopHeartbeat() {
    clearInterval(heartbeat);
    heartbeat = null;
  }

  return {
    /** Listener of node:http's `upgrade`. */
    upgrade(request, stream, head) {
      stream.on("error", () => stream.destroy());
      const status = refusal(request, sockets.size, settings);
      if (status) return refuse(stream, status);
      return acceptor.handleUpgrade(request, stream, head, (socket) => open(socket, request));
    },
    /** Tells every client to go elsewhere; they come back with their cursors. */
    close(code, reason) {
      stopHeartbeat();
      for (const conversation of sockets.values()) conversation.close(code, reason);
    },
    size: () => sockets.size,
  };
}

function refusal(request, open, { origins, sockets }) {
  if (request.url.split("?", 1)[0] !== "/graphql") return 404;
  if (!mayOpenSocket(request.headers.origin, origins)) return 403;
  return open >= sockets ? 503 : 0;
}

function refuse(stream, status) {
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
