"""Whoever watches the platform sees what came of each command and how far every consumer is behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from kernel.calling import Call
from kernel.ids import typed_id
from kernel.messages import Viewer
from kernel.parking import letter_of
from runtime.adapters.background import background
from runtime.adapters.breakers import watched_breakers
from runtime.adapters.kafka.topics import apply_topics, topics_of
from runtime.adapters.tallies import PrometheusPositionTally
from runtime.engines.kafka import KafkaBroker
from runtime.measuring import ConsumersStuck, WorkMeter
from runtime.wiring import SUBGRAPHS, Platform, open_platform
from runtime.working import LoopEnded, Work, for_good
from subgraphs.payments.commands import RequestAuthorisation, RequestCapture
from tests.conftest import runtime_url, test_settings
from tests.patience import eventually
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio

PAYMENT, ORDER = typed_id("payment", uuid_of(1)), typed_id("order", uuid_of(1))
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALL = Call(correlation="request-1", viewer=Viewer(subject="aino"), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
request = RequestAuthorisation(
    payment_id=PAYMENT,
    order_id=ORDER,
    customer_id="aino",
    restaurant_id="restaurant_1",
    amount_minor=1100,
    currency="EUR",
    payment_token="tok_unreachable",
)


@pytest.fixture
async def platform(migrated_url: str, valkey_url: str) -> AsyncGenerator[Platform]:
    settings = test_settings(DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url)
    async with open_platform(settings) as opened:
        yield opened


def counted(outcome: str, command: str = "RequestAuthorisation") -> float:
    labels = {"domain": "payments", "command": command, "outcome": outcome}
    return REGISTRY.get_sample_value("commands_handled_total", labels) or 0.0


def measured(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def seconds_since(began: datetime) -> float:
    return (datetime.now(UTC) - began).total_seconds()


async def test_a_command_leaves_a_line_with_its_request_and_nothing_personal(platform: Platform) -> None:
    before = counted("accepted")
    with capture_logs() as lines:
        await platform.handlers["payments"].handle(request, CALL)
        await platform.handlers["payments"].handle(RequestCapture(payment_id=PAYMENT), CALL)
    accepted, refused = lines
    ids = {"request_id": "request-1", "trace_id": TRACE, "log_level": "info", "domain": "payments"}
    about = {"event": "accepted", "command": "RequestAuthorisation", "stream": PAYMENT, "version": 1}
    assert accepted == {**about, **ids}
    assert refused == {"event": "refused", "command": "RequestCapture", "refusal": "PaymentNotAuthorised", **ids}
    assert counted("accepted") == before + 1
    assert counted("refused", "RequestCapture") > 0


async def test_the_worker_measures_what_it_has_not_done_and_what_nobody_could(platform: Platform) -> None:
    work = Work(platform)
    await platform.handlers["payments"].handle(request, CALL)
    meter = WorkMeter(platform, work)
    running = [asyncio.create_task(work.run()), asyncio.create_task(meter.run())]

    async def waiting() -> bool:
        """For the provider's answer, nothing else being left to do."""
        await meter.measure()
        unread = measured("consumer_behind_events", consumer="orders.of_payments")
        return (measured("effects_under_way", effect="payments.provider"), unread) == (1, 0)

    try:
        await eventually(waiting)
        assert measured("consumer_behind_seconds", consumer="payments.provider") > 0
        assert measured("consumer_behind_events", consumer="payments.provider") == 1
        assert measured("consumer_behind_seconds", consumer="orders.of_payments") == 0
        assert measured("consumer_parked_keys", consumer="payments.provider") == 0
        await parked(platform)
        await meter.measure()
        assert measured("consumer_parked_keys", consumer="payments.of_orders") == 1
        assert measured("consumer_dead_letters", consumer="payments.of_orders") == 1
        assert measured("consumer_dead_letter_age_seconds", consumer="payments.of_orders") > 0
        assert measured("consumer_dead_letters", consumer="payments.provider") == 0
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task


async def test_what_no_worker_consumes_is_counted_and_so_are_timers_nobody_fires(
    platform: Platform, migrated_url: str
) -> None:
    began = datetime.now(UTC)
    await platform.handlers["payments"].handle(request, CALL)
    owner = await asyncpg.connect(migrated_url)
    for number, minutes in enumerate((90, 30, -30)):
        at = platform.equipment["orders"].clock.now() - timedelta(minutes=minutes)
        await owner.execute("insert into orders.timers values ($1, $2, 'Unheard', '{}')", f"timer_{number}", at)
    await owner.close()
    await WorkMeter(platform, Work(platform)).measure()
    assert measured("consumer_behind_events", consumer="payment_view") == 1
    assert 0 < measured("consumer_behind_seconds", consumer="payment_view") <= seconds_since(began)
    assert measured("timers_due", domain="orders") == 2
    assert measured("timer_overdue_seconds", domain="orders") >= 5400
    assert measured("timer_overdue_seconds", domain="orders") <= 5400 + seconds_since(began)
    assert measured("timers_due", domain="payments") == 0


@pytest.mark.engines
@pytest.mark.timeout(120)
async def test_on_kafka_consumers_and_the_relay_are_as_far_behind_as_the_journal_says(
    migrated_url: str, valkey_url: str, own_kafka: KafkaBroker
) -> None:
    settings = test_settings(
        DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url, EVENT_LOG_URL=f"kafka://{own_kafka.servers}"
    )
    await apply_topics(own_kafka.servers, topics_of(SUBGRAPHS))
    async with open_platform(settings) as platform:
        work = Work(platform)
        meter = WorkMeter(platform, work)
        began = datetime.now(UTC)
        await platform.handlers["payments"].handle(request, CALL)
        await meter.measure()
        assert measured("consumer_behind_events", consumer="relay.payments") == 2, "the command and its event"
        assert 0 < measured("consumer_behind_seconds", consumer="relay.payments") <= seconds_since(began)
        assert measured("consumer_behind_events", consumer="payment_view") == 1
        assert measured("consumer_behind_events", consumer="relay.orders") == 0

        async def at_the_head() -> bool:
            await meter.measure()
            names = ("relay.payments", "payment_view")
            return all(measured("consumer_behind_events", consumer=name) == 0 for name in names)

        async with background(work.run(), "work"):
            await eventually(at_the_head)
        assert measured("consumer_behind_seconds", consumer="relay.payments") == 0


async def test_a_breaker_says_whether_it_lets_anybody_through() -> None:
    breakers = watched_breakers(threshold=2, rest_s=0)

    async def call(answer: Exception | None) -> None:
        with suppress(OSError):
            async with await breakers.get_breaker("tested"):
                if answer is not None:
                    raise answer

    await call(None)
    assert (measured("breaker_state", breaker="tested"), measured("breaker_opened_total", breaker="tested")) == (0, 0)
    await call(OSError())
    assert measured("breaker_state", breaker="tested") == 0
    await call(OSError())
    assert (measured("breaker_state", breaker="tested"), measured("breaker_opened_total", breaker="tested")) == (2, 1)
    await call(None)
    assert (measured("breaker_state", breaker="tested"), measured("breaker_opened_total", breaker="tested")) == (0, 1)


def test_positions_are_counted_by_what_came_of_them() -> None:
    before = measured("positions_taken_total"), measured("positions_dropped_total", reason="LATE")
    PrometheusPositionTally().count(3, {"LATE": 2, "FUTURE": 1})
    after = measured("positions_taken_total"), measured("positions_dropped_total", reason="LATE")
    assert (after[0] - before[0], after[1] - before[1]) == (3, 2)


async def parked(platform: Platform) -> None:
    """A letter that another worker left."""
    (sealed,) = await platform.equipment["payments"].journal.read(PAYMENT)
    letter = letter_of("payments.of_orders", sealed, ValueError("no"))
    assert await platform.equipment["payments"].dead_letters.park(letter)


class Dies:
    """A loop that comes to its end, in one way or another."""

    def __init__(self, end: BaseException | None) -> None:
        self._end = end

    async def run(self) -> None:
        if self._end is not None:
            raise self._end


@pytest.mark.parametrize("end", [None, asyncio.CancelledError()])
async def test_a_loop_that_ends_takes_the_process_with_it(end: BaseException | None) -> None:
    with pytest.raises(LoopEnded):
        await for_good(Dies(end))


async def test_a_worker_whose_consumer_is_stuck_is_not_ready_and_one_that_catches_up_is(platform: Platform) -> None:
    now, work = 1000.0, Work(platform)
    meter = WorkMeter(platform, work, lambda: now)
    await platform.handlers["payments"].handle(request, CALL)
    (record,) = await platform.equipment["payments"].journal.read(PAYMENT)
    old = msgspec.structs.replace(record, recorded_at=record.recorded_at - timedelta(hours=1))
    consumer = work.consumers[0]
    consumer.oldest_unread = {("payments.events", 0): old}
    await meter.flowing()
    now += 29
    await meter.flowing()
    consumer.oldest_unread = {("payments.events", 0): msgspec.structs.replace(old, id="evt_next")}
    now += 29
    await meter.flowing()
    now += 31
    with pytest.raises(ConsumersStuck, match=consumer.name):
        await meter.flowing()
    consumer.oldest_unread = {}
    await meter.flowing()
    now += 3600
    await meter.flowing()
