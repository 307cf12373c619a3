"""Checkpoints, dead letters and timers: what consumers rely on to be effectively once."""

import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from kernel.committing import Advance, CheckpointMoved, Committed, NewTimer
from kernel.log import START, Meta, Position, Sealed
from kernel.ports import DeadLetter
from tests.contracts.conftest import Stores
from tests.contracts.shop import CODEC, NOON, Sell, sale, with_parts
from tests.patience import eventually

pytestmark = pytest.mark.anyio


def step(before: Position, after: Position, consumer: str = "sales", partition: int = 0) -> Advance:
    return Advance(consumer=consumer, topic="shop.events", partition=partition, before=before, after=after)


def taking(letter_id: str) -> Advance:
    return msgspec.structs.replace(step(START, START), letter=letter_id)


def place(txid: int, position: int) -> Position:
    return Position(txid=txid, position=position)


async def test_a_checkpoint_moves_only_from_where_it_is(stores: Stores) -> None:
    checkpoints = stores.shop.checkpoints
    assert await checkpoints.load("sales", "shop.events", 0) is None
    assert not await checkpoints.advance(step(place(3, 1), place(4, 1)))  # there is none at 3
    assert await checkpoints.advance(step(START, place(3, 1)))
    assert not await checkpoints.advance(step(START, place(9, 9)))
    assert await checkpoints.advance(step(place(3, 1), place(4, 1)))
    assert not await checkpoints.advance(step(place(3, 1), place(5, 1)))
    assert await checkpoints.load("sales", "shop.events", 0) == place(4, 1)
    assert await checkpoints.load("sales", "shop.events", 1) is None
    assert await checkpoints.load("totals", "shop.events", 0) is None


async def test_of_fifty_workers_one_moves_a_checkpoint(stores: Stores) -> None:
    checkpoints = stores.shop.checkpoints
    first = await asyncio.gather(*(checkpoints.advance(step(START, place(1, n))) for n in range(1, 51)))
    assert first.count(True) == 1
    stands = await checkpoints.load("sales", "shop.events", 0)
    assert stands == place(1, first.index(True) + 1)
    assert stands is not None
    again = await asyncio.gather(*(checkpoints.advance(step(stands, place(2, n))) for n in range(50)))
    assert again.count(True) == 1


async def test_standing_still_at_the_start_is_always_possible(stores: Stores) -> None:
    assert await stores.shop.checkpoints.advance(step(START, START, consumer="sales/replay"))
    assert await stores.shop.checkpoints.advance(step(START, START, consumer="sales/replay"))


def letter(record_id: str, key: str, at: Position, data: bytes = b"\xff not json") -> DeadLetter:
    record = Sealed(
        journal="shop",
        partition=2,
        at=at,
        topic="shop.events",
        stream=key,
        version=4,
        id=record_id,
        type="Unheard",
        data=data,
        meta=Meta(actor="aino", correlation="req", causation="cmd_1", traceparent="00-1-2-01"),
        recorded_at=NOON,
    )
    return DeadLetter(consumer="sales", key=key, record=record, error="Undecodable: Unheard", traceback="…")


async def test_a_letter_comes_back_as_it_was_and_in_log_order(stores: Stores) -> None:
    letters = stores.shop.dead_letters
    later, earlier = letter("evt_2", "order_1", place(20, 1)), letter("evt_1", "order_1", place(9, 50))
    other = letter("evt_3", "order_2", place(10, 1), data=b'{"type":"Unheard"}')
    for parked in (later, earlier, other, msgspec.structs.replace(later, error="a second time")):
        await letters.park(parked)
    assert await letters.letters("sales", "order_1") == [earlier, later]
    assert await letters.letters("sales") == [earlier, other, later]
    assert await letters.parked("sales") == {"order_1", "order_2"}
    assert await letters.parked("totals") == frozenset()


async def test_a_key_is_free_when_its_last_letter_is_digested(stores: Stores) -> None:
    letters = stores.shop.dead_letters
    for number in (1, 2):
        await letters.park(letter(f"evt_{number}", "order_1", place(number, number)))
    assert await stores.shop.checkpoints.advance(taking("evt_1"))
    assert await letters.parked("sales") == {"order_1"}
    assert await stores.shop.checkpoints.advance(taking("evt_2"))
    assert await letters.parked("sales") == frozenset()
    assert not await stores.shop.checkpoints.advance(taking("evt_2"))
    assert await stores.shop.checkpoints.load("sales", "shop.events", 0) is None


async def test_of_fifty_workers_one_takes_a_letter(stores: Stores) -> None:
    await stores.shop.dead_letters.park(letter("evt_1", "order_1", place(1, 1)))
    taken = await asyncio.gather(*(stores.shop.checkpoints.advance(taking("evt_1")) for _ in range(50)))
    assert taken.count(True) == 1


async def test_a_commit_may_take_a_letter_with_it_and_is_nothing_without(stores: Stores) -> None:
    await stores.shop.dead_letters.park(letter("evt_1", "order_1", place(1, 1)))
    journal = stores.shop.journal
    sold = with_parts(sale("order_1", "soup", command_id="cmd_1"), advance=taking("evt_1"))
    assert isinstance(await journal.commit(sold), Committed)
    again = with_parts(sale("order_1", "tea", expected=1, command_id="cmd_2"), advance=taking("evt_1"))
    assert await journal.commit(again) == CheckpointMoved()
    assert len(await journal.read("order_1")) == 1


async def test_a_letter_is_stored_with_a_step_or_not_at_all(stores: Stores) -> None:
    letters, checkpoints = stores.shop.dead_letters, stores.shop.checkpoints
    poison = letter("evt_1", "order_1", place(3, 1))
    assert not await letters.park(poison, step(place(2, 1), place(3, 1)))
    assert await letters.parked("sales") == frozenset()
    assert await letters.park(poison, step(START, place(3, 1)))
    assert await letters.parked("sales") == {"order_1"}
    assert await checkpoints.load("sales", "shop.events", 0) == place(3, 1)
    assert not await letters.park(letter("evt_9", "order_9", place(3, 1)), step(START, place(3, 1)))
    assert await letters.parked("sales") == {"order_1"}


async def test_records_queue_behind_a_letter_of_their_key_and_nowhere_else(stores: Stores) -> None:
    letters, checkpoints = stores.shop.dead_letters, stores.shop.checkpoints
    assert await letters.park(letter("evt_1", "order_1", place(1, 1)))
    assert not await letters.queue(letter("evt_2", "order_2", place(2, 1)), step(START, place(2, 1)))
    assert await checkpoints.load("sales", "shop.events", 0) is None
    assert not await letters.queue(letter("evt_3", "order_1", place(3, 1)), step(place(2, 1), place(3, 1)))
    assert await letters.queue(letter("evt_3", "order_1", place(3, 1)), step(START, place(3, 1)))
    assert await letters.queue(letter("evt_4", "order_1", place(4, 1)))
    assert [parked.record.id for parked in await letters.letters("sales")] == ["evt_1", "evt_3", "evt_4"]
    assert await checkpoints.load("sales", "shop.events", 0) == place(3, 1)


async def test_a_record_never_queues_behind_a_letter_that_is_being_taken_away(stores: Stores) -> None:
    letters = stores.shop.dead_letters
    await letters.park(letter("evt_1", "order_1", place(1, 1)))
    replaying = await stores.owner()
    async with asyncio.TaskGroup() as group, replaying.transaction():
        await replaying.execute("delete from shop.dead_letters where id = 'evt_1'")
        queueing = group.create_task(letters.queue(letter("evt_2", "order_1", place(2, 1))))
        await waits_for_a_lock(await stores.owner())
        assert not queueing.done()
    assert not queueing.result()
    assert await letters.parked("sales") == frozenset()


async def waits_for_a_lock(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    async def waiting() -> bool:
        return await owner.fetchval("select exists (select from pg_locks where not granted)")

    await eventually(waiting)


async def test_timers_are_due_the_oldest_first_and_until_finished(stores: Stores) -> None:
    data = CODEC.seal(Sell(what="tea"))
    minutes = (30, 10, 20)
    timers = tuple(
        NewTimer(id=f"timer_{minute}", at=NOON + timedelta(minutes=minute), type="Sell", data=data)
        for minute in minutes
    )
    await stores.shop.journal.commit(with_parts(sale("order_1", "soup"), timers=timers))
    kept = stores.shop.timers
    assert await kept.next_at() == NOON + timedelta(minutes=10)
    due = await kept.due(NOON + timedelta(minutes=20), 10)
    assert [timer.id for timer in due] == ["timer_10", "timer_20"]
    assert [timer.id for timer in await kept.due(NOON + timedelta(days=1), 2)] == ["timer_10", "timer_20"]
    await kept.finish("timer_10")
    await kept.finish("timer_10")
    assert [timer.id for timer in await kept.due(NOON + timedelta(days=1), 9)] == ["timer_20", "timer_30"]


async def test_a_timer_set_twice_fires_once(stores: Stores) -> None:
    timer = NewTimer(id="timer_1", at=NOON, type="Sell", data=CODEC.seal(Sell(what="tea")))
    await stores.shop.journal.commit(with_parts(sale("order_1", "soup"), timers=(timer,)))
    await stores.shop.journal.commit(with_parts(sale("order_1", "tea", expected=1), timers=(timer,)))
    assert len(await stores.shop.timers.due(NOON, 10)) == 1
