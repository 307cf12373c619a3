"""Kafka taken away from a platform under load, and what its customers notice; a journey and a benchmark play it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from subprocess import Popen

from prometheus_client.parser import text_string_to_metric_families

from runtime.engines.kafka import KafkaBroker
from runtime.engines.running import running
from tests.engines import kafka_broker_in
from tests.journeys.conftest import SignIn, door_of
from tests.journeys.dining import ORDER, Restaurant, line, now, open_restaurant, placed, quoted, reaches, story
from tests.journeys.person import Json, Person
from tests.journeys.streams import UPDATES
from tests.patience import eventually
from tests.running_platform import RunningPlatform, platform_in

STARTS_WITHIN_S = 90
CURRENT_WITHIN_S = 2.0
DRAINED_WITHIN_S = 60.0
MINE = "query Mine { orders(first: 5) { asOf nodes { id } } }"


class Broker:
    """A Kafka that can be killed, and started again with what it had."""

    def __init__(self, engine: KafkaBroker) -> None:
        self.engine = engine
        self._stack = ExitStack()
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it takes records again; blocks until then."""
        self._process = self._stack.enter_context(running(self.engine, within_seconds=STARTS_WITHIN_S))

    def kill(self) -> None:
        """At once and without a word, with everything it started."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        self._stack.close()


@contextmanager
def platform_with_broker(folder: Path) -> Generator[tuple[RunningPlatform, Broker]]:
    """A platform on a Kafka that nobody starts again but its owner."""
    broker = Broker(kafka_broker_in(folder / "kafka"))
    broker.start()
    environment = {"CITY_RESTAURANTS": "1", "EVENT_LOG_URL": f"kafka://{broker.engine.servers}"}
    try:
        with platform_in(folder / "kept", environment=environment) as platform:
            yield platform, broker
    finally:
        broker.close()


@dataclass
class Load:
    """Customers order so many times a second, whether they are answered or not."""

    per_s: float
    before_s: float
    away_s: float


@dataclass
class Noticed:
    """What there was to notice. Rates are orders accepted a second; the rest is seconds."""

    before: float = 0.0
    away: float = 0.0
    answered_before_s: list[float] = field(default_factory=list[float])
    answered_away_s: list[float] = field(default_factory=list[float])
    """How long each order took from its quote on."""
    told_after_s: list[float] = field(default_factory=list[float])
    """How long after an answer its watcher knew, while Kafka was away."""
    list_age_s: float = 0.0
    """How old the list said it was, just before Kafka came back."""
    drained_s: float = 0.0
    """From Kafka taking records again until nobody was two seconds behind, the load going on."""

    @property
    def ratio(self) -> float:
        return self.away / self.before


@dataclass
class Crowd:
    """Customers who order, one after the other and whatever becomes of those before."""

    customer: Person
    restaurant: Restaurant
    lines: list[Json]
    orders: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """Id → when it was begun and when it was acknowledged."""

    async def order(self) -> None:
        began = time.monotonic()
        quote = await quoted(self.customer, self.restaurant, self.lines)
        given = {"quoteId": quote["id"], "paymentToken": "tok_visa"}
        order = (await self.customer.does("placeOrder", given, ORDER))["order"]
        self.orders[order["id"]] = (began, time.monotonic())

    async def come(self, per_s: float) -> None:
        """One after the other until cancelled, so many a second."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in count():
                group.create_task(self.order())
                await asyncio.sleep(max(0.0, began + (number + 1) / per_s - time.monotonic()))

    @asynccontextmanager
    async def ordering(self, per_s: float) -> AsyncGenerator[None]:
        """While it is entered. What one of them cannot do ends everything."""
        async with asyncio.TaskGroup() as group:
            coming = group.create_task(self.come(per_s))
            yield
            coming.cancel()

    def answered(self, since: float, until: float) -> list[float]:
        """How long each order took that was acknowledged in that time."""
        return [done - began for began, done in self.orders.values() if since < done <= until]


async def take_kafka_away(platform: RunningPlatform, broker: Broker, load: Load) -> Noticed:
    """Plays it; asserts what must hold at each moment, and tells the numbers."""
    async with door_of(platform) as sign_in:
        crowd, eero = await crowd_in(sign_in), await sign_in("eero")
        async with crowd.ordering(load.per_s):
            noticed = await outage(platform, broker, load, crowd, eero)
        orders = [*crowd.orders]
        for order_id in {*orders[::10], *orders[-3:]}:
            await reaches(crowd.customer, order_id, "CONFIRMED")
            events = await story(crowd.customer, order_id)
            assert [event["sequence"] for event in events] == [1, 2], "nothing happened twice"
    return noticed


async def outage(platform: RunningPlatform, broker: Broker, load: Load, crowd: Crowd, eero: Person) -> Noticed:
    """What is noticed from some time before Kafka dies until nobody is behind any more."""
    noticed = Noticed()
    began = time.monotonic()
    await passed(load.before_s)
    noticed.answered_before_s = crowd.answered(began, time.monotonic())
    noticed.before = len(noticed.answered_before_s) / (time.monotonic() - began)
    await reaches(eero, (await placed(eero, crowd.restaurant))["order"]["id"], "CONFIRMED")
    await eventually(lambda: is_current(eero))

    broker.kill()
    began, away_since = time.monotonic(), datetime.now(UTC)
    while time.monotonic() < began + load.away_s:
        noticed.told_after_s.append(await order_and_cancel(eero, crowd.restaurant, away_since))
        await passed(1.0)
    noticed.list_age_s = (datetime.now(UTC) - await as_of(eero)).total_seconds()
    noticed.answered_away_s = crowd.answered(began, time.monotonic())
    noticed.away = len(noticed.answered_away_s) / (time.monotonic() - began)

    await asyncio.to_thread(broker.start)
    began = time.monotonic()
    await eventually(lambda: nobody_is_behind(platform), at_most_s=DRAINED_WITHIN_S * 2)
    noticed.drained_s = time.monotonic() - began
    await eventually(lambda: is_current(eero))
    return noticed


async def crowd_in(sign_in: SignIn) -> Crowd:
    restaurant = await open_restaurant(sign_in)
    return Crowd(await sign_in("aino"), restaurant, [line((await restaurant.items())["coffee"], 4)])


async def passed(seconds: float) -> None:
    """Under load, so that there is something to measure."""
    until = time.monotonic() + seconds

    async def is_over() -> bool:
        return time.monotonic() > until

    await eventually(is_over, at_most_s=seconds + 10)


async def as_of(person: Person) -> datetime:
    return datetime.fromisoformat((await person.ask(MINE))["orders"]["asOf"])


async def is_current(person: Person) -> bool:
    """Whether the list says that it is of now."""
    return datetime.now(UTC) - await as_of(person) < timedelta(seconds=CURRENT_WITHIN_S)


async def order_and_cancel(person: Person, restaurant: Restaurant, away_since: datetime) -> float:
    """While Kafka is away: what is done is told by `order` and to watchers at once, and lists own up to their age."""
    order_id = (await placed(person, restaurant))["order"]["id"]
    assert_is(await now(person, order_id), "PLACED", 1)
    async with person.watch(UPDATES, id=order_id) as watch:
        assert_is((await watch.item())["order"], "PLACED", 1)
        await person.does("cancelOrder", {"orderId": order_id})
        answered = time.monotonic()
        told = await watch.item()
        after_s = max(0.0, time.monotonic() - answered)
        assert (told["sequence"], told["order"]["status"]) == (2, "CANCELLED")
    assert_is(await now(person, order_id), "CANCELLED", 2)
    assert [event["type"] for event in await story(person, order_id)] == ["PLACED", "CANCELLED"]
    listed = (await person.ask(MINE))["orders"]
    assert order_id not in [node["id"] for node in listed["nodes"]], "nobody has told the list"
    assert datetime.fromisoformat(listed["asOf"]) < away_since + timedelta(seconds=CURRENT_WITHIN_S)
    return after_s


def assert_is(order: Json | None, status: str, version: int) -> None:
    assert order is not None
    assert (order["status"], order["version"]) == (status, version)


async def nobody_is_behind(platform: RunningPlatform) -> bool:
    """As the worker measures it, every few seconds."""
    page = (await asyncio.to_thread(platform.get, 2, "/metrics")).decode()
    return all(
        sample.value < CURRENT_WITHIN_S
        for family in text_string_to_metric_families(page)
        if family.name == "consumer_behind_seconds"
        for sample in family.samples
    )
