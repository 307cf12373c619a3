/** The gateway, assembled: supergraph, ways to the subgraphs, front. */

import { once, setMaxListeners } from "node:events";
import { createServer } from "node:http";

import { createHealth } from "./front/health.js";
import { createHttpFront } from "./front/http.js";
import { createPage } from "./front/page.js";
import { createSocketFront } from "./front/sockets.js";
import { createDocuments } from "./graph/documents.js";
import { Operations, subgraphExecution } from "./graph/operations.js";
import { loadSupergraph, warmUp } from "./graph/supergraph.js";
import { createMetrics } from "./metrics.js";
import { createTokens } from "./tokens.js";
import { createHttpUpstream } from "./upstream/http.js";
import { createSocketUpstream } from "./upstream/sockets.js";

const SERVER = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 };
const TIDY_MS = 50;

/**
 * Listens, once the graph is warm. `close` refuses what is new, tells streams to go elsewhere, lets requests end
 * within drainSeconds and then ends them.
 * @param {import("./settings.js").Settings} settings @param {ReturnType<typeof import("./log.js").createLog>} log
 */
export async function openGateway(settings, log) {
  const metrics = createMetrics();
  const subgraphs = () => graph.subgraphs;
  const http = createHttpUpstream({ subgraphs, settings, metrics });
  const sockets = createSocketUpstream({ subgraphs, settings, metrics });
  const graph = await loadSupergraph(
    settings,
    subgraphExecution(() => http),
  );
  await warmUp(graph);

  const documents = createDocuments(graph.schema, settings);
  const operations = new Operations({ graph, documents, upstream: sockets, settings, log });
  setMaxListeners(0); // one signal ends many streams, or many requests of one operation
  const leaving = new AbortController();
  const stopping = leaving.signal;
  const health = createHealth({ metrics, subgraphs, answers: http.answers, stopping });
  const tokens = createTokens(settings, log);
  const parts = { settings, metrics, log, operations, health, page: createPage(), tokens, stopping };
  const front = createSocketFront(parts);
  const server = createServer(SERVER, createHttpFront(parts));
  server.on("upgrade", front.upgrade);
  server.listen(settings.port, settings.host);
  await once(server, "listening");

  async function close() {
    leaving.abort();
    const closed = new Promise((resolve) => server.close(resolve));
    front.close(1001, "Going away");
    const tidy = setInterval(() => server.closeIdleConnections(), TIDY_MS);
    const late = setTimeout(() => server.closeAllConnections(), settings.drainSeconds * 1000);
    await closed;
    clearInterval(tidy);
    clearTimeout(late);
    await sockets.close();
    http.close();
  }

  return { port: server.address().port, close };
}
