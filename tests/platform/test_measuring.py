"""Whoever watches the platform sees what came of each command and how far every consumer is behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta

import msgspec
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from kernel.calling import Call
from kernel.ids import typed_id
from kernel.messages import Viewer
from kernel.parking import letter_of
from runtime.measuring import ConsumersStuck, WorkMeter
from runtime.wiring import Platform, open_platform
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

    def measured(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    async def waiting() -> bool:
        await meter.measure()
        return measured("effects_under_way", effect="payments.provider") == 1

    try:
        await eventually(waiting)
        assert measured("consumer_behind_seconds", consumer="payments.provider") > 0
        assert measured("consumer_behind_seconds", consumer="orders.of_payments") == 0
        assert measured("consumer_parked_keys", consumer="payments.provider") == 0
        await parked(platform)
        await meter.measure()
        assert measured("consumer_parked_keys", consumer="payments.of_orders") == 1
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task


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
