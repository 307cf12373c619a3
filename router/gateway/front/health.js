/** Whether this process lives, whether the graph behind it answers, and its numbers. */

import { renderMetrics } from "../metrics.js";
import { identify, requestIdOf } from "../identity.js";
import { sendJson, sendText } from "./answers.js";

/** @param {{metrics: object, subgraphs: () => Map<string, URL>, answers: Function, stopping: AbortSignal}} parts */
export function createHealth({ metrics, subgraphs, answers, stopping }) {
  let looking = null; // who asks meanwhile gets the same answer

  async function look() {
    const names = [...subgraphs().keys()];
    const identity = identify({}, requestIdOf({}));
    const states = await Promise.all(names.map((name) => answers(name, identity).catch(() => false)));
    return Object.fromEntries(names.map((name, place) => [name, states[place] ? "ready" : "does not answer"]));
  }

  return {
    live: (request, response) => sendJson(response, 200, { status: "live" }),
    async ready(request, response) {
      if (stopping.aborted) return sendJson(response, 503, { status: "stopping" });
      looking ??= look().finally(() => {
        looking = null;
      });
      const found = await looking;
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
