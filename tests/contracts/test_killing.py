"""A worker killed between any two statements, or before it hears of one's success, loses and doubles nothing."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal

import asyncpg
import pytest

from kernel.committing import Advance, CommandKnown, Committed, NewTimer, RequestKnown
from kernel.deciding import Claim
from kernel.ids import derive_id
from kernel.log import START, Recorded
from kernel.ports import Outage
from runtime.adapters.postgres.domain import DomainStore, stores_over
from runtime.adapters.postgres.pool import Database, url_of_role
from runtime.adapters.postgres.streams import PostgresStreams
from tests.conftest import runtime_url
from tests.contracts.conftest import Stores
from tests.contracts.shop import BY_WHAT, CODEC, NOON, SALES, TOTALS, Sell, SoldOut, request, sale, with_parts

pytestmark = pytest.mark.anyio

When = Literal["before", "after"]


class Killed(Exception):
    """The worker's end."""


READING = re.compile(r"\s*select (?!.*\.(append|append_all|advance)\()", re.DOTALL)


class MortalConnection(asyncpg.Connection):
    """A connection whose process dies at the n-th statement, BEGIN and COMMIT included.

    Statements that only read are not counted: dying before or after one is dying after the statement before it.
    """

    statements: ClassVar[int] = 0
    fatal: ClassVar[int] = 0
    when: ClassVar[When] = "before"

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        if args:
            return await super().execute(query, *args, timeout=timeout)
        return await self._mortally(query, super().execute(query, timeout=timeout))

    async def _execute(self, query: str, *args: Any, **options: Any) -> Any:
        # Every statement with arguments passes here; the stubs do not know it.
        return await self._mortally(query, super()._execute(query, *args, **options))  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]

    async def _mortally(self, query: str, statement: Any) -> Any:
        kind = type(self)
        kind.statements += not READING.match(query)
        if kind.statements != kind.fatal:
            return await statement
        if kind.when == "before":
            statement.close()
        else:
            await statement
        self.terminate()
        raise Killed


@asynccontextmanager
async def workers(url: str) -> AsyncGenerator[DomainStore]:
    """The stores of workers that follow each other: each that dies takes its only connection with it."""
    pool = await asyncpg.create_pool(
        url_of_role(runtime_url(url), "shop"), min_size=1, max_size=1, connection_class=MortalConnection
    )
    try:
        database = Database(pool)
        yield stores_over(database, PostgresStreams("shop", database, CODEC))
    finally:
        pool.terminate()


LAST_ONE = Claim(scope="stock", key="cake", limit=1, refusal=SoldOut(what="cake"))
TIMER = NewTimer(id="timer_1", at=NOON, type="Sell", data=CODEC.seal(Sell(what="tea")))
PLACED = with_parts(
    sale("order_1", "soup", "cake", command_id="cmd_1"), claims=(LAST_ONE,), timers=(TIMER,), request=request()
)


async def work(store: DomainStore, stores: Stores) -> None:
    """A client's request and everything that follows from it; doing it again must be harmless."""
    placed = await store.journal.commit(PLACED)
    assert isinstance(placed, Committed | RequestKnown)
    for timer in await store.timers.due(NOON, 10):
        fired = sale("order_2", "tea", command_id=derive_id("cmd", timer.id, "fired"))
        assert isinstance(await store.journal.commit(with_parts(fired, timer_done=timer.id)), Committed | CommandKnown)
    for stream in ("order_1", "order_2"):
        sealed = await stores.shop.journal.read(stream)
        await consume(store, stores, sealed[0].partition)


async def consume(store: DomainStore, stores: Stores, partition: int) -> None:
    """A view, a shared view, a feed and a reaction, each from its checkpoint on."""
    for name in ("sales", "totals", "by_what", "reaction"):
        at = await store.checkpoints.load(name, "shop.events", partition) or START
        sealed = await stores.log.read({("shop.events", partition): at}, 10)
        records = [CODEC.open(record) for record in sealed if not record.stream.startswith("echo")]
        if not sealed:
            continue
        step = Advance(consumer=name, topic="shop.events", partition=partition, before=at, after=sealed[-1].at)
        if name == "reaction":
            await react(store, records, step)
        elif name == "by_what":
            assert await store.view_store.feed(BY_WHAT, records, step)
        else:
            projection: Any = SALES if name == "sales" else TOTALS
            assert await store.view_store.apply(projection, records, step)


async def react(store: DomainStore, records: list[Recorded], step: Advance) -> None:
    """One command for each event, committed together; a single one by itself, with the checkpoint too."""
    echoes = [sale(f"echo_{each.id}", "echo", command_id=derive_id("cmd", each.id, "echo")) for each in records]
    if len(echoes) > 1:
        assert await store.journal.commit_all(echoes, step) is None
    elif echoes:
        committed = await store.journal.commit(with_parts(echoes[0], advance=step))
        assert isinstance(committed, Committed | CommandKnown)
    else:
        assert await store.checkpoints.advance(step)


STATE = {
    "journal": "select stream, version, id, type, data::text from shop.journal order by stream, version, id",
    "requests": "select actor, key, stream, version from shop.requests",
    "claims": "select scope, key, stream from shop.claims",
    "places": "select scope, key, taken from shop.places",
    "timers": "select id from shop.timers",
    "sales": "select * from shop.sales order by stream",
    "totals": "select * from shop.totals order by what",
    "feed": "select owner, sequence from shop.feed_items order by owner, sequence",
    "feed items": "select owner, stream, version from shop.feed_items order by owner, stream, version",
    "heads": "select owner, head from shop.feed_heads order by owner",
}


async def state(owner: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    """Everything that must be the same, table by table, as JSON."""
    selects = [f"select '{name}', (select json_agg(t)::text from ({sql}) t)" for name, sql in STATE.items()]
    rows = await owner.fetch(" union all ".join(selects))
    return {row[0]: row[1] for row in rows}


async def settle(store: DomainStore, stores: Stores) -> int:
    """Workers, one after the other, until nothing is left to do; returns how many died."""
    deaths = 0
    while True:
        try:
            await work(store, stores)
            return deaths
        except (Killed, Outage):
            deaths += 1


@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_each_statement_the_outcome_is_the_same(stores: Stores, when: When) -> None:
    MortalConnection.fatal, MortalConnection.when, deaths = 0, when, 0
    owner = await stores.owner()
    async with workers(stores.url) as store:
        assert await settle(store, stores) == 0
        undisturbed = await state(owner)
        assert [(row["what"], row["sold"]) for row in json.loads(undisturbed["totals"])] == SOLD
        while deaths == MortalConnection.fatal:  # until a whole round was shorter than that
            await owner.execute(";".join(f"delete from shop.{name}" for name in TABLES))
            MortalConnection.statements, MortalConnection.fatal = 0, deaths + 1
            deaths += await settle(store, stores)
            assert await state(owner) == undisturbed, f"killed {when} statement {MortalConnection.fatal}"
    assert deaths > 35


SOLD = [("cake", 1), ("soup", 1), ("tea", 1)]
TABLES = (
    "journal", "requests", "claims", "places", "timers", "checkpoints", "sales", "totals", "feed_items", "feed_heads"
)  # fmt: skip


async def test_a_terminated_backend_is_an_outage_and_the_next_use_connects_anew(stores: Stores) -> None:
    owner = await stores.owner()
    await stores.shop.journal.commit(sale("order_1", "soup"))
    await owner.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'shop'")
    for _ in range(10):
        try:
            assert len(await stores.shop.journal.read("order_1")) == 1
            break
        except Outage:
            await asyncio.sleep(0)
    else:
        pytest.fail("never connected again")
