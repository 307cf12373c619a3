"""The supergraph and the schemas that clients see, by the composer that supergraph.yaml is written for."""

import subprocess
from pathlib import Path

import msgspec

COMPOSER = Path("router") / "compose" / "compose.js"
PATIENCE_S = 60
AUDIENCES = ("partner",)
"""Who has a schema of their own: schema/NAME.graphql holds what the subgraphs tag for them."""


class CompositionFailed(Exception):
    """The subgraphs do not fit together; the text is the composer's."""


class Composed(msgspec.Struct, frozen=True):
    """What the composer makes of the subgraphs."""

    supergraph: str
    api: str
    contracts: dict[str, str]


def composed(root: Path, configuration: Path, node: str = "node") -> dict[str, str]:
    """Path below schema/ → text, from a supergraph.yaml whose subgraph files are written.

    Raises:
        CompositionFailed: the subgraphs do not fit together, or the composer cannot run.
    """
    command = [node, str(root / COMPOSER), str(configuration), *AUDIENCES]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except OSError as error:
        raise CompositionFailed(f"{node} cannot be started: {error.strerror}.") from error
    if run.returncode:
        raise CompositionFailed(run.stderr.strip() or "The composer failed without a word.")
    answer = msgspec.json.decode(run.stdout, type=Composed)
    contracts = {f"{audience}.graphql": text for audience, text in answer.contracts.items()}
    return {"supergraph.graphql": answer.supergraph, "api.graphql": answer.api, **contracts}
