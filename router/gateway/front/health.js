/** Whether this process lives, whether the graph behind it answers, and its numbers. */

import { renderMetrics } from "../metrics.js";
import { identify, requestIdOf } from "../identity.js";
import { sendJson, sendText } from "./answers.js";

/**
 * @param {{metrics: object, subgraphs: () => Map<string, URL>, stopping: AbortSignal,
 *   execution: {answers: Function, ready?: () => Promise<boolean>}}} parts `ready`: whether the router behind us is
 */
export function createHealth({ metrics, subgraphs, execution, stopping }) {
  let looking = null; // who asks meanwhile gets the same answer

  async function look() {
    const names = [...subgraphs().keys()];
    const identity = identify({}, requestIdOf({}));
    const [behind, ...states] = await Promise.all([
      execution.ready?.().catch(() => false) ?? true,
      ...names.map((name) => execution.answers(name, identity).catch(() => false)),
    ]);
    const found = names.map((name, place) => [name, states[place] ? "ready" : "does not answer"]);
    return { behind, found: Object.fromEntries(found) };
  }

  return {
    live: (request, response) => sendJson(response, 200, { status: "live" }),
    async ready(request, response) {
      if (stopping.aborted) return sendJson(response, 503, { status: "stopping" });
      looking ??= look().finally(() => {
        looking = null;
      });
      const { behind, found } = await looking;
      if (!behind) return sendJson(response, 503, { status: "waiting for the router", subgraphs: found });
      const ready = Object.values(found).filter((state) => state === "ready").length;
      return sendJson(response, ready ? 200 : 503, { status: verdict(ready, found), subgraphs: found });
    },
    metrics: (request, response) =>
      sendText(response, 200, renderMetrics(metrics), { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  };
}

/** One subgraph that is away costs its own fields; a balancer that took the gateway away would cost them all. */
function verdict(ready, found) {
  if (ready === Object.keys(found).length) return "ready";
  return ready ? "degraded" : "waiting for subgraphs";
}
