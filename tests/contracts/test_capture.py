"""Change data capture: every change of a captured row is in the journal, whoever made it and however."""

import asyncpg
import pytest

from kernel.log import START, Sealed
from tests.contracts.conftest import Stores
from tests.contracts.shop import NOON, Shelf, changes

pytestmark = pytest.mark.anyio

INSERT = (
    "insert into pantry.shelves (id, restaurant_id, label, tags, retired) "
    "values ($1, 'rest_1', $2, '[\"cold\"]', false)"
)


def shelf(label: str, revision: int, *, shelf_id: str = "a", retired: bool = False) -> Shelf:
    return Shelf(id=shelf_id, restaurant_id="rest_1", label=label, tags=("cold",), retired=retired, revision=revision)


async def journaled(stores: Stores) -> list[Sealed]:
    partitions = {("pantry.changes", partition): START for partition in range(stores.log.partitions("pantry"))}
    return list(await stores.log.read(partitions, 100))


async def test_sql_typed_by_hand_is_captured_with_who_typed_it(stores: Stores) -> None:
    hand = await stores.owner()
    await hand.execute(INSERT, "a", "Maito")
    await hand.execute("update pantry.shelves set label = 'Piimä' where id = 'a'")
    records = await journaled(stores)
    inserted, updated = changes(records)
    assert (inserted.before, inserted.after, inserted.revision) == (None, shelf("Maito", 1), 1)
    assert (updated.before, updated.after, updated.revision) == (shelf("Maito", 1), shelf("Piimä", 2), 2)
    assert {(record.topic, record.stream, record.version) for record in records} == {("pantry.changes", "rest_1", None)}
    assert {record.meta.actor for record in records} == {"sql:owner"}
    assert all(record.id.startswith("chg_") and len(record.id) == 30 for record in records)


async def test_a_change_by_hand_has_platform_time(stores: Stores) -> None:
    hand = await stores.owner()
    await hand.execute("update platform.clock set origin = $1, started = now(), rate = 3600", NOON)
    await hand.execute(INSERT, "a", "Maito")
    (change,) = changes(await journaled(stores))
    assert 0 <= (change.at - NOON).total_seconds() < 3600 * 20
    assert change.at == await hand.fetchval("select (data ->> 'at')::timestamptz from pantry.journal")


async def test_the_trigger_alone_counts_revisions(stores: Stores) -> None:
    hand = await stores.owner()
    await hand.execute(INSERT, "a", "Maito")
    await hand.execute("update pantry.shelves set label = 'Vesi', revision = 77 where id = 'a'")
    assert changes(await journaled(stores))[-1].revision == 2


async def test_an_update_that_changes_nothing_is_no_change(stores: Stores) -> None:
    hand = await stores.owner()
    await hand.execute(INSERT, "a", "Maito")
    await hand.execute("update pantry.shelves set label = label, revision = 9")
    assert len(changes(await journaled(stores))) == 1
    assert await hand.fetchval("select revision from pantry.shelves") == 1


async def test_a_transaction_of_several_statements_is_captured_whole_or_not_at_all(stores: Stores) -> None:
    hand = await stores.owner()
    async with hand.transaction():
        await hand.execute(INSERT, "a", "Maito")
        await hand.execute(INSERT, "b", "Olut")
        await hand.execute("update pantry.shelves set retired = true")
        await hand.execute("update pantry.shelves set label = 'Vesi' where id = 'a'")
    undone = hand.transaction()
    await undone.start()
    await hand.execute("update pantry.shelves set label = 'Viini'")
    await undone.rollback()
    found = changes(await journaled(stores))
    assert [(change.after.id, change.revision) for change in found if change.after] == [
        ("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)
    ]  # fmt: skip
    assert found[-1].after == shelf("Vesi", 3, retired=True)


async def test_a_delete_writes_a_tombstone_and_the_revision_goes_on(stores: Stores) -> None:
    hand = await stores.owner()
    await hand.execute(INSERT, "a", "Maito")
    await hand.execute("delete from pantry.shelves where id = 'a'")
    await hand.execute(INSERT, "a", "Piimä")
    await hand.execute("delete from pantry.shelves")
    await hand.execute(INSERT, "a", "Olut")
    found = changes(await journaled(stores))
    assert [change.revision for change in found] == [1, 2, 3, 4, 5]
    assert (found[1].before, found[1].after) == (shelf("Maito", 1), None)
    assert (found[4].before, found[4].after) == (None, shelf("Olut", 5))


async def test_an_upsert_is_captured_as_what_it_did(stores: Stores) -> None:
    hand = await stores.owner()
    upsert = f"{INSERT} on conflict (id) do update set label = excluded.label"
    await hand.execute(upsert, "a", "Maito")
    await hand.execute(upsert, "a", "Olut")
    await hand.execute(f"{INSERT} on conflict do nothing", "a", "Vesi")
    assert [change.revision for change in changes(await journaled(stores))] == [1, 2]


@pytest.mark.parametrize(
    "statement",
    [
        "update pantry.shelves set id = 'b'",
        "update pantry.shelves set restaurant_id = 'rest_2'",
        "truncate pantry.shelves",
    ],
)
async def test_what_the_journal_could_not_tell_is_refused(stores: Stores, statement: str) -> None:
    hand = await stores.owner()
    await hand.execute(INSERT, "a", "Maito")
    with pytest.raises(asyncpg.RaiseError):
        await hand.execute(statement)
