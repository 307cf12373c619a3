"""Whichever engine ANALYTICS_URL names, and how far insights has come in the log."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from kernel.clock import Clock
from runtime.adapters.clickhouse import open_clickhouse
from runtime.adapters.postgres.analytics import PostgresAnalytics
from runtime.adapters.postgres.flow import PostgresFlow
from runtime.adapters.postgres.pool import Database
from runtime.prerequisites import CannotStart
from subgraphs.insights.analytics import Analytics

POSTGRES, CLICKHOUSE = ("postgresql:",), ("clickhouse:", "clickhouses:", "chdb:")
DOMAIN = "insights"


@asynccontextmanager
async def open_analytics(url: str, database: Database, clock: Clock) -> AsyncGenerator[Analytics]:
    """The engine at that address, which need not be there yet; `database` as insights' own role. Raises CannotStart."""
    if url.startswith(POSTGRES):
        yield PostgresAnalytics(database, clock)
    elif url.startswith(CLICKHOUSE):
        async with open_clickhouse(url) as analytics:
            yield analytics
    else:
        raise CannotStart(f"ANALYTICS_URL begins with one of {', '.join((*POSTGRES, *CLICKHOUSE))}")


class FlowProgress:
    """As `subgraphs.insights.analytics.Progress`, by whoever may read every journal."""

    def __init__(self, flow: PostgresFlow) -> None:
        self._flow = flow

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        """As the port says."""
        behind = (await self._flow.backlogs(DOMAIN, {consumer: topics}))[consumer]
        return 0.0 if behind.oldest_at is None else max((datetime.now(UTC) - behind.oldest_at).total_seconds(), 0.0)
