/** The gateway: reads settings, loads the supergraph, listens, and stops in order. */

import "./thrift.js";

import { createServer } from "node:http";

import { createHealth } from "./front/health.js";
import { createHttpFront } from "./front/http.js";
import { createPage } from "./front/page.js";
import { createSocketFront } from "./front/sockets.js";
import { createDocuments } from "./graph/documents.js";
import { createOperations, subgraphExecution } from "./graph/operations.js";
import { loadSupergraph, warmUp } from "./graph/supergraph.js";
import { createLog, describeError } from "./log.js";
import { createMetrics } from "./metrics.js";
import { readSettings, SettingsInvalid } from "./settings.js";
import { createTokens } from "./tokens.js";
import { createHttpUpstream } from "./upstream/http.js";
import { createSocketUpstream } from "./upstream/sockets.js";

async function start() {
  const settings = readSettings();
  const log = createLog(settings.logLevel);
  const metrics = createMetrics();
  const upstream = { subgraphs: () => graph.subgraphs, settings, metrics };
  const http = createHttpUpstream(upstream);
  const sockets = createSocketUpstream(upstream);
  const graph = await loadSupergraph(settings.supergraph, settings.subgraphs, subgraphExecution(() => http));
  await warmUp(graph);

  const documents = createDocuments(graph.schema, settings);
  const operations = createOperations({ graph, documents, upstream: sockets, settings, log });
  const leaving = new AbortController();
  const health = createHealth({ metrics, subgraphs: upstream.subgraphs, answers: http.answers, stopping: leaving.signal });
  const parts = { settings, metrics, log, operations, health, page: createPage(), tokens: createTokens(settings, log), stopping: leaving.signal };
  const front = createSocketFront(parts);
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, createHttpFront(parts));
  server.on("upgrade", front.upgrade);

  async function stop(signal) {
    if (leaving.signal.aborted) process.exit(1); // asked twice: at once
    leaving.abort();
    log("info", "stopping", { signal, sockets: front.size() });
    const closed = new Promise((resolve) => server.close(resolve));
    front.close(1001, "Going away");
    const tidy = setInterval(() => server.closeIdleConnections(), 50);
    const late = setTimeout(() => server.closeAllConnections(), settings.drainSeconds * 1000);
    await closed;
    clearInterval(tidy);
    clearTimeout(late);
    await sockets.close();
    http.close();
    log("info", "stopped");
    process.exit(0);
  }
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, stop);
  // Nothing a client or a subgraph sends may end the process; what is not foreseen is logged and costs its own request.
  process.on("uncaughtException", (error) => log("error", "uncaught exception", describeError(error)));
  process.on("unhandledRejection", (error) => log("error", "unhandled rejection", describeError(error)));

  server.on("error", (error) => giveUp(`Port ${settings.port} cannot be used: ${error.code}.`));
  server.listen(settings.port, settings.host, () => log("info", "listening", { host: settings.host, port: server.address().port }));
}

function giveUp(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

start().catch((error) => giveUp(error instanceof SettingsInvalid ? error.message : `The gateway cannot start: ${error.message}`));
