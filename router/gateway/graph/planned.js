/** Planning and executing here: Hive Gateway's planner and executor, and our own ways to the subgraphs. */

import { createHttpUpstream } from "../upstream/http.js";
import { createSocketUpstream } from "../upstream/sockets.js";
import { loadSupergraph, warmUp } from "./supergraph.js";

/**
 * @param {{settings: object, metrics: object, subgraphs: () => Map<string, URL>}} parts
 * @returns {import("./operations.js").Execution & {load: Function, answers: Function, close: Function}}
 */
export function createPlanned(parts) {
  const http = createHttpUpstream(parts);
  const sockets = createSocketUpstream(parts);

  async function load() {
    const graph = await loadSupergraph(parts.settings, onSubgraphExecute);
    await warmUp(graph);
    return graph;
  }

  /** How the executor reaches subgraphs: HTTP, but for a subscription's root. */
  function onSubgraphExecute(subgraph, fetch) {
    const { context } = fetch;
    if (context.warmingUp) return { data: null };
    if (fetch.operationType !== "subscription") return http.fetch(subgraph, fetch);
    if (context.item) return context.item;
    context.root = { subgraph, fetch };
    return { data: null };
  }

  async function* stream(prepared, identity, signal, onSlow) {
    const { subgraph, fetch } = await rootOf(prepared, identity);
    const items = sockets.subscribe(subgraph, { ...fetch, context: { identity } }, onSlow);
    for await (const item of until(signal, items)) yield await execute(prepared, { identity, signal, item });
  }

  async function close() {
    await sockets.close();
    http.close();
  }

  return {
    load,
    run: (prepared, identity, signal) => execute(prepared, { identity, signal }),
    stream,
    answers: http.answers,
    close,
  };
}

function execute({ graph, operation: { document, name, kind }, variables }, context) {
  return graph.execute({ document, operationName: name, operationType: kind, variables, context });
}

/**
 * The subgraph fetch that feeds a subscription. The executor runs once for every item, with the item as the
 * answer of that fetch: run over the whole stream, it would repeat the errors of one item in all that follow.
 */
async function rootOf(prepared, identity) {
  const context = { identity, root: null };
  const { errors } = await execute(prepared, context);
  if (!context.root) throw errors?.[0] ?? new Error("a subscription without a root fetch");
  return context.root;
}

/** The same items, which end when the signal says so, also while the next one is waited for. */
export async function* until(signal, items) {
  const leave = () => void items.return();
  if (signal.aborted) leave(); // whoever left while the operation was planned
  signal.addEventListener("abort", leave, { once: true });
  try {
    yield* items;
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}
