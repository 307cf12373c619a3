/** The gateway, assembled: who plans and executes, the graph, the front. */

import { once, setMaxListeners } from "node:events";
import { createServer } from "node:http";

import { createHealth } from "./front/health.js";
import { createHttpFront } from "./front/http.js";
import { createPage } from "./front/page.js";
import { createSocketFront } from "./front/sockets.js";
import { Operations } from "./graph/operations.js";
import { createPlanned } from "./graph/planned.js";
import { watchSupergraph } from "./graph/supergraph.js";
import { createDelegated } from "./hive/delegated.js";
import { createMetrics } from "./metrics.js";
import { createTokens } from "./tokens.js";

const SERVER = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 };
const TIDY_MS = 50;

/**
 * Listens, once the graph is warm. `close` refuses what is new, tells streams to go elsewhere, lets requests end
 * within drainSeconds and then ends them.
 * @param {import("./settings.js").Settings} settings @param {ReturnType<typeof import("./log.js").createLog>} log
 */
export async function openGateway(settings, log) {
  const metrics = createMetrics();
  const tokens = createTokens(settings, log);
  const subgraphs = () => operations.subgraphs;
  const createExecution = settings.router === "hive" ? createDelegated : createPlanned;
  const execution = createExecution({ subgraphs, settings, metrics, log, tokens });
  const operations = new Operations({ execution, settings, log });
  const reload = async () => operations.use(await execution.load());
  await reload();
  const unwatch = watchSupergraph(settings.supergraph, reload, log);

  setMaxListeners(0); // one signal ends many streams, or many requests of one operation
  const leaving = new AbortController();
  const stopping = leaving.signal;
  const health = createHealth({ metrics, subgraphs, execution, stopping });
  const parts = { settings, metrics, log, operations, health, page: createPage(), tokens, stopping };
  const front = createSocketFront(parts);
  const server = createServer(SERVER, createHttpFront(parts));
  server.on("upgrade", front.upgrade);
  server.listen(settings.port, settings.host);
  await once(server, "listening");

  async function close() {
    unwatch();
    leaving.abort();
    const closed = new Promise((resolve) => server.close(resolve));
    front.close(1001, "Going away");
    const tidy = setInterval(() => server.closeIdleConnections(), TIDY_MS);
    const late = setTimeout(() => server.closeAllConnections(), settings.drainSeconds * 1000);
    await closed;
    clearInterval(tidy);
    clearTimeout(late);
    await execution.close();
  }

  return { port: server.address().port, close };
}
