"""A document that is too large is refused in milliseconds: what sends it costs more than what reads it."""

import json
import subprocess

from tests.router.conformance.sizes import TOO_LARGE
from tests.router.processes import GATEWAY, PATIENCE_S, ROOT

SUPERGRAPH = ROOT / "schema" / "supergraph.graphql"
FAST_MS = 10.0  # of processor time

REFUSING = """
import { readFileSync } from "node:fs";
import { createDocuments } from %(documents)s;
import { loadSupergraph } from %(supergraph)s;
const { schema } = await loadSupergraph(
  { supergraph: %(path)s, subgraphs: "http://127.0.0.1:1", placed: new Map() },
  () => ({ data: null }),
);
const find = createDocuments(schema, { introspection: true });
const took = JSON.parse(readFileSync(0, "utf8")).map((text) => {
  const attempts = [1, 2, 3].map((attempt) => {
    const began = process.cpuUsage();
    try { find(`${text} #${attempt}`).cost({}); } catch {}
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  });
  return Math.min(...attempts);
});
process.stdout.write(JSON.stringify(took));
"""


def test_refusing_takes_milliseconds() -> None:
    folder = GATEWAY.parent / "graph"
    places = {"documents": (folder / "documents.js").as_uri(), "supergraph": (folder / "supergraph.js").as_uri()}
    script = REFUSING % {name: json.dumps(value) for name, value in {**places, "path": str(SUPERGRAPH)}.items()}
    command = ["node", "--input-type=module", "-e", script]
    told = json.dumps([*TOO_LARGE.values()])
    run = subprocess.run(command, input=told, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    took = dict(zip(TOO_LARGE, json.loads(run.stdout), strict=True))
    assert {name: spent for name, spent in took.items() if spent >= FAST_MS} == {}
