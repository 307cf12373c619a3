"""Fifty orders while every process of ours and Valkey is killed once: nothing that was acknowledged is lost."""

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest
from msgspec import Struct

from simulator.graph import Graph, Operation, Patience
from simulator.signing_in import SignedIn
from tests.journeys.books import provider_journal
from tests.journeys.carrying import Spot
from tests.journeys.conftest import door_of
from tests.journeys.dining import HELSINKI, line, open_restaurant
from tests.journeys.lives import Ending, Item, Life, Table
from tests.journeys.person import Json, Person
from tests.journeys.stubborn import ENGAGEMENTS, StubbornCourier
from tests.patience import eventually
from tests.running_platform import RunningPlatform, platform_in

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

ORDERS = 50
AT_ONCE = 8
COURIERS = 4
VICTIMS = ("work", "serve", "valkey", "gateway", "provide-payments", "issue")
STUBBORN = Patience(tries=100, first_s=0.05, longest_s=0.5)
COURSES = (
    (Ending.DELIVERED, "tok_visa"),
    (Ending.COLLECTED, "tok_error_after"),
    (Ending.REJECTED, "tok_visa"),
    (Ending.DELIVERED, "tok_capture_error_after"),
    (Ending.CANCELLED, "tok_mastercard"),
    (Ending.COLLECTED, "tok_capture_error_before"),
    (Ending.DECLINED, "tok_insufficient_funds"),
    (Ending.REJECTED, "tok_void_error_before"),
)
MONEY = {
    Ending.COLLECTED: ["authorised", "captured"],
    Ending.DELIVERED: ["authorised", "captured"],
    Ending.REJECTED: ["authorised", "voided"],
    Ending.CANCELLED: ["authorised", "voided"],
    Ending.DECLINED: ["declined"],
}
STORY = """query Story($id: ID!) { orderEvents(orderId: $id, first: 100) { nodes {
  sequence cursor type occurredAt changed order { id version status collectionCode } } } }"""
MINE = "query Mine { orders(first: 100) { nodes { id status payments { status captured { minor } } } } }"


class Nodes(Struct, frozen=True):
    nodes: tuple[Item, ...]


class Told(Struct, frozen=True, rename="camel"):
    order_events: Nodes


def victims_of(platform: RunningPlatform) -> list[str]:
    """Every process that may die, Hive Router too where it plans behind the gateway's front."""
    return [*VICTIMS, *(name for name in platform.processes() if name == "hive-router")]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RunningPlatform]:
    """A platform of this test's own, since others would notice."""
    with platform_in(tmp_path / "kept", environment={"CITY_RESTAURANTS": "1"}) as opened:
        yield opened


async def test_fifty_orders_outlive_the_death_of_every_process(mortal: RunningPlatform) -> None:
    began = time.monotonic()
    lives = [Life(ending) for ending, _ in islice(cycle(COURSES), ORDERS)]
    in_kitchen: list[Item] = []
    async with table_at(mortal) as (table, aino, couriers):
        async with asyncio.TaskGroup() as tasks:
            listening = [tasks.create_task(table.listen(in_kitchen))]
            listening += [tasks.create_task(courier.work()) for courier in couriers]
            await eventually(lambda: has_begun(in_kitchen))
            await dine_and_die(mortal, table, lives)
            lives.append(await brought_without_valkey(mortal, table))
            stories = {life.order_id: await story(table.customer, life.order_id) for life in lives}
            await eventually(lambda: kitchen_has_heard(in_kitchen, stories))
            for task in listening:
                task.cancel()
        await eventually(lambda: is_settled(aino, len(lives)), at_most_s=60)
        for courier in couriers:
            await assert_one_at_a_time(courier, table.customer, mortal)
        orders = (await aino.ask(MINE))["orders"]["nodes"]
    assert {life.order_id for life in lives} == {order["id"] for order in orders}
    for life in lives:
        assert life.status == life.ending.value
        assert life.heard[1:] == stories[life.order_id][life.heard[0].sequence :]
        heard = [item for item in in_kitchen[1:] if item.order and item.order.id == life.order_id]
        expected = [] if life.ending is Ending.DECLINED else stories[life.order_id][1:]
        assert [(item.sequence, item.type) for item in heard] == [(item.sequence, item.type) for item in expected]
    journal = provider_journal(mortal)
    for life in lives:
        assert [entry["kind"] for entry in journal if entry["reference"] == life.order_id] == MONEY[life.ending]
    assert taken(journal) == {order["id"]: captured(order) for order in orders if captured(order)}
    died = {row.name: row.restarts for row in mortal.processes().values() if row.restarts}
    assert died == dict.fromkeys(victims_of(mortal), 1), mortal.lines
    report(lives, journal, time.monotonic() - began, [*died])


async def assert_one_at_a_time(courier: StubbornCourier, graph: Graph, platform: RunningPlatform) -> None:
    """No courier was ever engaged twice at a time, as a dispatcher reads it."""
    async with httpx.AsyncClient(timeout=15) as http:
        dispatcher = graph.signed_in_as(SignedIn("dispatch", platform.address(3, ""), http, STUBBORN))
        told = (await dispatcher.ask(ENGAGEMENTS, {"id": courier.id})).courier_events.nodes
    engaged = [event.type for event in told if event.type in ("RESERVED", "RELEASED")]
    assert engaged == [*islice(cycle(("RESERVED", "RELEASED")), len(engaged))], courier.id


@asynccontextmanager
async def table_at(platform: RunningPlatform) -> AsyncGenerator[tuple[Table, Person, list[StubbornCourier]]]:
    """A customer, a kitchen and couriers that never give up."""
    async with door_of(platform) as sign_in, httpx.AsyncClient(timeout=15) as http:
        restaurant = await open_restaurant(sign_in)
        lines: list[dict[str, object]] = [line((await restaurant.items())["soup"])]
        graph = Graph(platform.graph_url, patience=STUBBORN, http=http)
        names = ("aino", restaurant.staff.name, *(f"courier-{number}" for number in range(COURIERS)))
        customer, kitchen, *riders = (
            graph.signed_in_as(SignedIn(name, platform.address(3, ""), http, STUBBORN)) for name in names
        )
        door: dict[str, object] = {"street": "Ovikatu", "houseNumber": "1", "position": HELSINKI}
        couriers = [StubbornCourier(rider, kitchen, customer, Spot(**HELSINKI)) for rider in riders]
        yield Table(customer, kitchen, restaurant.id, lines, door), await sign_in("aino"), couriers


async def dine_and_die(platform: RunningPlatform, table: Table, lives: list[Life]) -> None:
    """All orders to their ends, a few at a time, while one process after the other is killed."""
    acknowledged = asyncio.Semaphore(0)
    waiting = iter(zip(lives, islice(cycle(card for _, card in COURSES), len(lives)), strict=True))

    async def dine() -> None:
        for life, card in waiting:
            await table.live(life, card, acknowledged.release)

    victims = victims_of(platform)

    async def kill() -> None:
        for victim in victims:
            for _ in range(ORDERS // (len(victims) + 1)):
                await acknowledged.acquire()
            killed = await asyncio.to_thread(platform.kill, victim)
            await asyncio.to_thread(platform.wait_restarted, victim, killed)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(dine())
        tasks.create_task(kill())


async def brought_without_valkey(platform: RunningPlatform, table: Table) -> Life:
    """An order that finds its courier while Valkey answers nobody: positions are in the database too."""
    life, before, valkey = Life(Ending.DELIVERED), searches_in_table(platform), platform.process("valkey")
    os.kill(valkey, signal.SIGSTOP)
    try:
        await table.live(life, "tok_visa", lambda: None)
    finally:
        os.kill(valkey, signal.SIGCONT)
    assert searches_in_table(platform) > before
    return life


def searches_in_table(platform: RunningPlatform) -> float:
    found = re.search(
        r'^courier_searches_total\{answered="table"\} (\S+)$', platform.get(2, "/metrics").decode(), re.MULTILINE
    )
    return float(found[1]) if found else 0.0


async def has_begun(heard: list[Item]) -> bool:
    return bool(heard)


async def story(customer: Graph, order_id: str) -> list[Item]:
    """The order's events as they are read afterwards."""
    return [*(await customer.ask(Operation(STORY, Told), {"id": order_id})).order_events.nodes]


async def kitchen_has_heard(heard: list[Item], stories: dict[str, list[Item]]) -> bool:
    expected = sum(len(told) - 1 for told in stories.values() if told[-1].type != "FAILED")
    return len(heard) - 1 >= expected


async def is_settled(aino: Person, number: int) -> bool:
    """Whether every payment has come to its end."""
    orders = (await aino.ask(MINE))["orders"]["nodes"]
    payments = [payment["status"] for order in orders for payment in order["payments"]]
    return len(payments) == number and set(payments) <= {"CAPTURED", "VOIDED", "DECLINED"}


def captured(order: Json) -> int:
    return sum(payment["captured"]["minor"] for payment in order["payments"])


def taken(journal: list[Json]) -> dict[str, int]:
    return {entry["reference"]: entry["amount_minor"] for entry in journal if entry["kind"] == "captured"}


def report(lives: list[Life], journal: list[Json], seconds: float, killed: list[str]) -> None:
    ends = ", ".join(f"{count} {status}" for status, count in Counter(life.status for life in lives).items())
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(entry["kind"] for entry in journal).items())
    print(f"\n{len(lives)} orders in {seconds:.1f} s: {ends}\nprovider: {kinds}\nkilled: {', '.join(killed)}")
