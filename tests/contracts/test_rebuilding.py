"""Rebuilding: beside the live view, which goes on serving and consuming, and is then replaced in one moment."""

import asyncio
from typing import Any

import pytest

from kernel.committing import Committed
from kernel.consuming import Consumer
from kernel.digesting import Projecting
from kernel.equipment import Equipment
from kernel.log import ConsistencyToken
from kernel.ports import EventLog
from kernel.tailing import Tail
from runtime.adapters.background import background
from runtime.adapters.clock import PlatformClock
from runtime.adapters.ids import RandomIds
from runtime.rebuilding import rebuild
from tests.contracts.conftest import LogUnderTest, Stores
from tests.contracts.shop import TOTALS, TotalView, sale

pytestmark = pytest.mark.anyio

TOTAL: Any = TOTALS


def equipment_of(stores: Stores) -> Equipment:
    return stores.shop.equipment(stores.signals, PlatformClock(), RandomIds())


async def totals(stores: Stores) -> dict[str, int]:
    return {row.what: row.sold for row in await stores.shop.views.fetch(TotalView, "select * from totals")}


async def sell(stores: Stores, name: str, orders: int) -> list[ConsistencyToken]:
    """Sells and wakes, as handling does; returns the places of what was sold."""
    tokens: list[ConsistencyToken | None] = []
    for number in range(orders):
        committed = await stores.shop.journal.commit(sale(f"{name}_{number}", "soup", f"tea {number % 3}"))
        assert isinstance(committed, Committed)
        await stores.signals.publish(["log:shop"])
        tokens.append(ConsistencyToken.parse(committed.token))
    return [token for token in tokens if token is not None]


async def consumed(stores: Stores, tokens: list[ConsistencyToken]) -> bool:
    reached = [stores.shop.views.reached("totals", TOTALS.topics, token, wait_s=10) for token in tokens]
    return all(await asyncio.gather(*reached))


async def truth(stores: Stores) -> dict[str, int]:
    rows = await stores.shop.database.fetch(
        "select data ->> 'what' as what, count(*) as sold from journal where topic = 'shop.events' group by 1"
    )
    return {row["what"]: row["sold"] for row in rows}


async def test_a_rebuilt_view_replaces_the_live_one_while_it_consumes(stores: Stores, shown: LogUnderTest) -> None:
    async with background(shown.showing(), "showing"):
        await rebuilt_while_it_consumes(stores, shown.log)


async def rebuilt_while_it_consumes(stores: Stores, log: EventLog) -> None:
    equipment, owner = equipment_of(stores), await stores.owner()
    tail = Tail(log, "shop", ["shop.events"])
    live = Consumer(Projecting(TOTAL, stores.shop.view_store), [tail], equipment)
    consuming = [asyncio.create_task(tail.run()), asyncio.create_task(live.run())]
    assert await consumed(stores, await sell(stores, "before", 20))
    await owner.execute("update shop.totals set sold = 1000")  # what a rebuild is for
    _, during = await asyncio.gather(rebuild(owner, TOTAL, log, equipment), sell(stores, "during", 20))
    assert await consumed(stores, during + await sell(stores, "after", 5))
    assert await totals(stores) == await truth(stores)
    for task in consuming:
        task.cancel()
    await asyncio.wait(consuming)
    await rebuild(owner, TOTAL, log, equipment)  # and once more: nothing of the first is in its way
    assert await totals(stores) == await truth(stores)
    left = await owner.fetch("select consumer from shop.checkpoints where consumer like '%next'")
    assert left == []
