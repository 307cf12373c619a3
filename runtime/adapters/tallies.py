"""Tallies of what leaves no event behind, as metrics; they are there whichever engines are."""

from collections.abc import Mapping

from prometheus_client import Counter

TAKEN = Counter("positions_taken", "Positions of couriers that were believed.")
DROPPED = Counter("positions_dropped", "Positions of couriers that were not believed, by reason.", ["reason"])

SEARCHES = Counter("searches", "Questions to the search, by who answered: the engine or the reserve.", ["answered"])
INDEXED = Counter("search_documents_indexed", "Documents for the search engine, by what became of them.", ["outcome"])


class PrometheusPositionTally:
    """Counts what came of reported positions. Never waits, never fails."""

    def count(self, accepted: int, dropped: Mapping[str, int]) -> None:
        """Adds one batch; `dropped` by reason."""
        TAKEN.inc(accepted)
        for reason, number in dropped.items():
            DROPPED.labels(reason).inc(number)
