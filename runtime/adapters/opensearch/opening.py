"""Opening search: what reads the index, what keeps it and what builds it, over one client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kernel.ports import EventLog
from runtime.adapters.opensearch.building import IndexBuilder
from runtime.adapters.opensearch.connecting import open_client
from runtime.adapters.opensearch.indexing import RestaurantIndex
from runtime.adapters.opensearch.reserve import reserved
from runtime.adapters.opensearch.search import ANSWER_WITHIN_S, OpenSearch
from runtime.adapters.postgres.domain import DomainStore
from subgraphs.catalog.views.search import Search

ALIAS = "restaurants"


@dataclass(frozen=True)
class OpenedSearch:
    """Search over OpenSearch, as one process uses it."""

    search: Search
    index: RestaurantIndex
    """The port of `indexing.search_sink()`."""
    builder: IndexBuilder
    """Runs in a worker; rebuilds on demand."""


@asynccontextmanager
async def open_search(
    url: str, reserve: Search, catalog: DomainStore, log: EventLog, within_s: float = ANSWER_WITHIN_S
) -> AsyncGenerator[OpenedSearch]:
    """The cluster at `url`, warm if it is there; `reserve` answers for it while it is away, or after `within_s`."""
    async with open_client(url) as client, reserved(OpenSearch(client, ALIAS, within_s), reserve) as search:
        index = RestaurantIndex(client, catalog.views, ALIAS)
        yield OpenedSearch(
            search=search,
            index=index,
            builder=IndexBuilder(index, catalog.database, log, catalog.checkpoints),
        )
