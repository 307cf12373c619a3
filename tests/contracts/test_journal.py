"""Journal: one commit writes all or nothing, versions have no holes, repeats are recognised."""

import asyncio
from datetime import timedelta

import pytest

from kernel.committing import (
    Advance,
    CheckpointMoved,
    ClaimTaken,
    CommandKnown,
    Committed,
    NewTimer,
    RequestKnown,
    StoredOutcome,
    VersionMoved,
    Write,
)
from kernel.deciding import Claim, Release
from kernel.log import START, ConsistencyToken, Position
from runtime.adapters.postgres.journal import JournalMisused
from tests.contracts.conftest import Stores
from tests.contracts.shop import (
    CODEC,
    NOON,
    SHELVES,
    Sell,
    Shelf,
    SoldOut,
    changes,
    fresh,
    request,
    sale,
    whats,
    with_parts,
)

pytestmark = pytest.mark.anyio

LAST_ONE = Claim(scope="stock", key="cake", limit=1, refusal=SoldOut(what="cake"))


async def test_a_commit_is_read_back_in_order_and_whole(stores: Stores) -> None:
    first = await stores.shop.journal.commit(sale("order_1", "soup", "bread"))
    second = await stores.shop.journal.commit(sale("order_1", "tea", expected=2))
    assert isinstance(first, Committed)
    assert isinstance(second, Committed)
    assert (first.version, second.version) == (2, 3)
    read = await stores.shop.journal.read("order_1")
    assert [(record.version, record.type) for record in read] == [(1, "Sold"), (2, "Sold"), (3, "Sold")]
    assert whats(read) == ["soup", "bread", "tea"]
    assert read[0].meta.actor == "aino"
    assert read[0].meta.traceparent == "00-11-22-01"
    token = ConsistencyToken.parse(second.token)
    assert token is not None
    assert (token.journal, token.partition, token.at) == ("shop", read[2].partition, read[2].at)


async def test_a_stream_is_read_from_and_up_to_a_version(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", *"abcdef"))
    assert [record.version for record in await stores.shop.journal.read("order_1", after=2, upto=5)] == [3, 4, 5]
    assert [record.version for record in await stores.shop.journal.read("order_1", after=1, limit=2)] == [2, 3]
    assert await stores.shop.journal.read("order_1", after=6) == []
    assert await stores.shop.journal.read("nobody") == []


async def test_the_later_of_two_writers_is_told_that_the_version_moved(stores: Stores) -> None:
    await stores.shop.journal.commit(sale("order_1", "soup"))
    assert await stores.shop.journal.commit(sale("order_1", "tea")) == VersionMoved()
    assert len(await stores.shop.journal.read("order_1")) == 1


async def test_a_commit_ahead_of_its_stream_is_a_mistake(stores: Stores) -> None:
    with pytest.raises(JournalMisused):
        await stores.shop.journal.commit(sale("order_1", "soup", expected=3))


async def test_append_refuses_a_transaction_that_owns_an_xid(stores: Stores) -> None:
    owner = await stores.owner()
    async with owner.transaction():
        await owner.execute("select pg_current_xact_id()")
        with pytest.raises(Exception, match="first write"):
            await owner.execute("select shop.append('order_1', 0, '{}', '{}', '{}', '{}', '{}', null)")


async def test_a_repeated_command_is_known_and_writes_nothing(stores: Stores) -> None:
    first = await stores.shop.journal.commit(sale("order_1", "soup", command_id="cmd_same"))
    again = await stores.shop.journal.commit(sale("order_1", "soup", expected=1, command_id="cmd_same"))
    assert isinstance(first, Committed)
    assert again == CommandKnown(version=1, token=first.token)
    assert len(await stores.shop.journal.read("order_1")) == 1


async def test_a_repeated_command_still_moves_its_consumer_on(stores: Stores) -> None:
    step = Advance(consumer="react", topic="shop.events", partition=1, before=START, after=Position(txid=9, position=9))
    timer = NewTimer(id="timer_1", at=NOON, type="Sell", data=CODEC.seal(Sell(what="tea")))
    await stores.shop.journal.commit(with_parts(sale("order_1", "soup", command_id="cmd_same"), timers=(timer,)))
    again = sale("order_1", "soup", expected=1, command_id="cmd_same")
    result = await stores.shop.journal.commit(with_parts(again, advance=step, timer_done="timer_1"))
    assert isinstance(result, CommandKnown)
    assert await stores.shop.checkpoints.load("react", "shop.events", 1) == step.after
    assert await stores.shop.timers.next_at() is None
    assert await stores.shop.journal.commit(with_parts(again, advance=step)) == CheckpointMoved()


async def test_of_fifty_claimants_one_gets_the_last_place(stores: Stores) -> None:
    results = await asyncio.gather(
        *(stores.shop.journal.commit(with_parts(sale(fresh("order"), "cake"), claims=(LAST_ONE,))) for _ in range(50))
    )
    assert sum(isinstance(result, Committed) for result in results) == 1
    assert [result for result in results if not isinstance(result, Committed)] == [ClaimTaken(claim=LAST_ONE)] * 49


async def test_of_fifty_claimants_seven_get_seven_places(stores: Stores) -> None:
    claim = Claim(scope="promo", key="june", limit=7, refusal=SoldOut(what="june"))
    results = await asyncio.gather(
        *(stores.shop.journal.commit(with_parts(sale(fresh("order"), "cake"), claims=(claim,))) for _ in range(50))
    )
    assert sum(isinstance(result, Committed) for result in results) == 7


async def test_a_released_place_is_free_again_and_holding_it_twice_takes_one(stores: Stores) -> None:
    journal, back = stores.shop.journal, Release(scope="stock", key="cake")
    assert isinstance(await journal.commit(with_parts(sale("order_1", "cake"), claims=(LAST_ONE,))), Committed)
    again = with_parts(sale("order_1", "cake", expected=1), claims=(LAST_ONE,))
    assert isinstance(await journal.commit(again), Committed)
    other = with_parts(sale("order_2", "cake"), claims=(LAST_ONE,))
    assert isinstance(await journal.commit(other), ClaimTaken)
    foreign = with_parts(sale("order_3", "tea"), releases=(back,))
    assert isinstance(await journal.commit(foreign), Committed)
    assert isinstance(await journal.commit(other), ClaimTaken)  # order_3 held nothing to give back
    freed = with_parts(sale("order_1", "tea", expected=2), releases=(back, back))
    assert isinstance(await journal.commit(freed), Committed)
    assert isinstance(await journal.commit(other), Committed)


async def test_of_fifty_requests_with_one_key_one_is_handled(stores: Stores) -> None:
    journal = stores.shop.journal
    results = await asyncio.gather(
        *(journal.commit(with_parts(sale(fresh("order"), "tea"), request=request())) for _ in range(50))
    )
    committed = [result for result in results if isinstance(result, Committed)]
    assert len(committed) == 1
    known = [result for result in results if isinstance(result, RequestKnown)]
    assert len(known) == 49
    assert {result.outcome.token for result in known} == {committed[0].token}
    assert {result.outcome.version for result in known} == {1}


async def test_a_refusal_is_stored_once(stores: Stores) -> None:
    journal = stores.shop.journal
    refusal = StoredOutcome(fingerprint="same", refusal_type="SoldOut", refusal=b'{"type":"SoldOut","what":"tea"}')
    assert await journal.outcome(request()) is None
    results = await asyncio.gather(*(journal.refuse(request(), refusal) for _ in range(50)))
    assert results.count(None) == 1
    assert results.count(RequestKnown(outcome=refusal)) == 49
    late = await journal.commit(with_parts(sale("order_1", "tea"), request=request()))
    assert late == RequestKnown(outcome=refusal)
    assert await journal.read("order_1") == []


async def test_a_command_without_events_stores_its_request_alone(stores: Stores) -> None:
    journal = stores.shop.journal
    first = await journal.commit(sale("order_1", "soup"))
    nothing = await journal.commit(with_parts(sale("order_1", expected=1), request=request()))
    assert isinstance(first, Committed)
    assert nothing == Committed(version=1, token=first.token)
    known = await journal.outcome(request())
    assert known is not None
    assert (known.stream, known.version, known.token) == ("order_1", 1, first.token)


async def test_timers_come_with_the_commit_and_go_with_the_commit_that_names_them(stores: Stores) -> None:
    data = CODEC.seal(Sell(what="tea"))
    later = NewTimer(id="timer_1", at=NOON + timedelta(minutes=5), type="Sell", data=data)
    await stores.shop.journal.commit(with_parts(sale("order_1", "soup"), timers=(later,)))
    assert await stores.shop.timers.due(NOON, 10) == []
    due = await stores.shop.timers.due(NOON + timedelta(minutes=5), 10)
    assert [(timer.id, timer.at, timer.type) for timer in due] == [("timer_1", later.at, "Sell")]
    assert CODEC.message("Sell", due[0].data) == Sell(what="tea")
    await stores.shop.journal.commit(with_parts(sale("order_1", "tea", expected=1), timer_done="timer_1"))
    assert await stores.shop.timers.due(NOON + timedelta(days=1), 10) == []


async def test_rows_and_their_changes_come_with_the_command(stores: Stores) -> None:
    journal = stores.pantry.journal
    shelf = Shelf(id="shelf_1", restaurant_id="rest_1", label="Õlut", tags=("cold",))
    order = with_parts(sale("rest_1", domain="pantry"), writes=(Write(table="shelves", row=shelf),))
    assert isinstance(await journal.commit(order), Committed)
    assert await journal.rows((SHELVES,), "rest_1") == [
        Shelf(id="shelf_1", restaurant_id="rest_1", label="Õlut", tags=("cold",), revision=1)
    ]
    again = with_parts(order, command=sale("rest_1", domain="pantry").command)
    assert await journal.commit(again) == VersionMoved()
    newer = Shelf(id="shelf_1", restaurant_id="rest_1", label="Vesi", revision=1)
    moved = with_parts(sale("rest_1", domain="pantry"), writes=(Write(table="shelves", row=newer),))
    result = await journal.commit(moved)
    assert isinstance(result, Committed)
    assert await journal.commit(with_parts(moved, command=again.command)) == VersionMoved()
    token = ConsistencyToken.parse(result.token)
    assert token is not None
    records = await stores.log.read({("pantry.changes", token.partition): START}, 10)
    assert records[-1].at == token.at
    change = CODEC.open(records[-1])
    assert (change.stream, change.version, change.meta.actor) == ("rest_1", None, "aino")
    assert change.message.at == NOON
    assert changes(records)[-1].after == Shelf(id="shelf_1", restaurant_id="rest_1", label="Vesi", revision=2)
