"""Opening search: what reads the index, what keeps it and what builds it, over one client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kernel.ports import EventLog
from runtime.adapters.opensearch.building import IndexBuilder
from runtime.adapters.opensearch.connecting import open_client
from runtime.adapters.opensearch.indexing import RestaurantIndex
from runtime.adapters.opensearch.reserve import reserved
from runtime.adapters.opensearch.search import OpenSearch
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
    url: str, reserve: Search, catalog: DomainStore, log: EventLog, alias: str = ALIAS
) -> AsyncGenerator[OpenedSearch]:
    """The cluster at `url`, with `reserve` for when it is away; nothing is sent before it is used."""
    async with open_client(url) as client:
        index = RestaurantIndex(client, catalog.views, alias)
        yield OpenedSearch(
            search=await reserved(OpenSearch(client, alias), reserve),
            index=index,
            builder=IndexBuilder(index, catalog.database, log, catalog.checkpoints),
        )
