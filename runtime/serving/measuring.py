"""What serving measures: operations, errors, watchers and sockets."""

import re

from prometheus_client import Counter, Gauge, Histogram

NAMED_OPERATIONS = 300
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,63}", re.ASCII)

OPERATION_SECONDS = Histogram(
    "graph_operation_seconds",
    "How long an operation took at the subgraph; of a subscription, until its source stream stood.",
    ("subgraph", "kind", "operation"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
ERRORS = Counter("graph_errors", "Top-level errors by code.", ("subgraph", "code"))
ITEMS = Counter("graph_subscription_items", "Items sent to watchers.", ("subgraph",))
WATCHERS = Gauge("graph_watchers", "Subscriptions that run.", ("subgraph",))
SOCKETS = Gauge("graph_sockets", "WebSockets that are open.", ("subgraph",))
REFUSED = Counter("graph_refused", "Callers and requests refused before any document was read.", ("subgraph", "why"))


class Labels:
    """Names of operations as labels; the set is bounded, since clients choose their names."""

    def __init__(self, most: int = NAMED_OPERATIONS) -> None:
        self._most = most
        self._known: set[str] = set()

    def of(self, name: str | None) -> str:
        """`name` itself, `unnamed`, or `other` when there are too many names already."""
        if name is None or not _NAME.fullmatch(name):
            return "unnamed"
        if name not in self._known and len(self._known) >= self._most:
            return "other"
        self._known.add(name)
        return name


OPERATIONS = Labels()
