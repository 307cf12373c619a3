"""Somebody can see what was not digested, why, and have it digested once the cause is mended."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from kernel.ids import typed_id
from kernel.log import Meta, Position, Sealed
from kernel.ports import DeadLetter
from runtime.letters import again, show
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform
from subgraphs.payments.reactions import payment_of
from tests.conftest import runtime_url, test_settings
from tests.orders.ordering import placed
from tests.spelling import AT, uuid_of

pytestmark = pytest.mark.anyio

CONSUMER = "payments.of_orders"
ORDER = placed.order_id


@dataclass
class Running:
    """A platform's engines, with nobody at work."""

    settings: Settings
    platform: Platform

    async def park(self, kind: str, error: str, version: int = 1) -> None:
        record = Sealed(
            journal="orders",
            partition=0,
            at=Position(txid=7, position=version),
            topic="orders.events",
            stream=ORDER,
            version=version,
            id=typed_id("evt", uuid_of(version)),
            type=kind,
            data=self.platform.equipment["orders"].codec.seal(placed),
            meta=Meta(actor="aino", correlation="request-1"),
            recorded_at=AT,
        )
        letter = DeadLetter(consumer=CONSUMER, key=ORDER, record=record, error=error, traceback="Traceback: here")
        assert await self.platform.equipment["payments"].dead_letters.park(letter)


@pytest.fixture
async def running(migrated_url: str, valkey_url: str) -> AsyncGenerator[Running]:
    settings = test_settings(DATABASE_URL=runtime_url(migrated_url), VALKEY_URL=valkey_url)
    async with open_platform(settings) as platform:
        yield Running(settings, platform)


async def test_without_letters_there_is_nothing_to_tell(running: Running) -> None:
    assert await show(running.settings) == ("No letters.", 0)
    assert await again(running.settings, CONSUMER, ORDER) == (f"{CONSUMER} has no letters of {ORDER}.", 0)


async def test_a_parked_key_is_a_line_and_more_when_asked_for(running: Running) -> None:
    await running.park("OrderPlaced", "Rejected: too much")
    await running.park("OrderPlaced", f"KeyParked: {ORDER}", version=2)
    line = f"{CONSUMER}  {ORDER}  2 waiting since {AT:%Y-%m-%d %H:%M:%S}  Rejected: too much"
    assert await show(running.settings) == (line, 0)
    at_length = (await show(running.settings, CONSUMER)).text
    assert at_length.startswith(line)
    for told in ("orders.events partition 0 at 7/1", "request request-1", "Traceback: here"):
        assert told in at_length


async def test_a_mended_key_is_digested_and_asks_for_its_payment(running: Running) -> None:
    await running.park("OrderPlaced", "Rejected: too much")
    assert await again(running.settings, CONSUMER, ORDER) == (f"1 records of {ORDER} digested.", 0)
    assert await show(running.settings) == ("No letters.", 0)
    (requested,) = await running.platform.equipment["payments"].journal.read(payment_of(ORDER))
    assert requested.type == "AuthorisationRequested"
    assert requested.meta.correlation == "request-1"


async def test_what_still_fails_stays(running: Running) -> None:
    await running.park("OrderDreamtOf", "Undecodable: OrderDreamtOf")
    text, code = await again(running.settings, CONSUMER, ORDER)
    assert code == 1
    assert text.startswith(f"{ORDER} still fails, and waits: Undecodable: OrderDreamtOf")
    assert "1 waiting" in (await show(running.settings)).text


async def test_a_consumer_that_does_not_exist_is_named_beside_those_that_do(running: Running) -> None:
    with pytest.raises(CannotStart, match=r"There is no consumer payments; there are .*payments\.provider"):
        await show(running.settings, "payments")


async def test_a_database_that_is_away_is_said_in_a_sentence() -> None:
    with pytest.raises(CannotStart, match="The platform does not run"):
        await show(test_settings())
