"""All stores of one domain, opened together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kernel.clock import Clock
from kernel.codec import Codec
from kernel.equipment import Equipment
from kernel.ids import Ids
from kernel.ports import Signals
from runtime.adapters.postgres.consuming import PostgresCheckpoints, PostgresDeadLetters, PostgresTimers
from runtime.adapters.postgres.journal import PostgresJournal
from runtime.adapters.postgres.pool import Database, open_database, url_of_role
from runtime.adapters.postgres.streams import PostgresStreams
from runtime.adapters.postgres.view_store import PostgresViewStore
from runtime.adapters.postgres.views import PostgresViews


@dataclass(frozen=True)
class DomainStore:
    """Everything one domain keeps in Postgres, as the kernel's ports."""

    domain: str
    database: Database
    journal: PostgresJournal
    streams: PostgresStreams
    views: PostgresViews
    view_store: PostgresViewStore
    checkpoints: PostgresCheckpoints
    dead_letters: PostgresDeadLetters
    timers: PostgresTimers
    codec: Codec

    def equipment(self, signals: Signals, clock: Clock, ids: Ids) -> Equipment:
        """These stores with the rest of what the domain works with."""
        return Equipment(
            journal=self.journal,
            streams=self.streams,
            views=self.views,
            view_store=self.view_store,
            checkpoints=self.checkpoints,
            dead_letters=self.dead_letters,
            timers=self.timers,
            signals=signals,
            clock=clock,
            ids=ids,
            codec=self.codec,
        )


@asynccontextmanager
async def open_domain(
    database_url: str, domain: str, codec: Codec, connections: int = 10, least: int = 1
) -> AsyncGenerator[DomainStore]:
    """One domain's stores as the domain's own role; `database_url` may name any role with the same password."""
    async with (
        open_database(url_of_role(database_url, domain), domain, connections, least=least) as database,
        PostgresStreams(domain, database, codec).running() as streams,
    ):
        yield stores_over(database, streams)


def stores_over(database: Database, streams: PostgresStreams) -> DomainStore:
    """The stores of the streams' domain over an open database; reads of streams are answered while those run."""
    domain = streams.domain
    return DomainStore(
        domain=domain,
        database=database,
        journal=PostgresJournal(domain, database),
        streams=streams,
        views=PostgresViews(domain, database),
        view_store=PostgresViewStore(domain, database),
        checkpoints=PostgresCheckpoints(domain, database),
        dead_letters=PostgresDeadLetters(domain, database),
        timers=PostgresTimers(domain, database),
        codec=streams.codec,
    )
