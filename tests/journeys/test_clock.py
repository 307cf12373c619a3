"""What happens when nobody does anything: a platform whose clock runs 180 times as fast as ours."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from runtime.adapters.clock import PlatformClock
from runtime.settings import Settings
from tests.journeys.books import settles
from tests.journeys.carrying import Clock, Courier, has_news, has_status, is_delivery, news, settle
from tests.journeys.conftest import SignIn, door_of
from tests.journeys.dining import ORDER, Restaurant, confirmed, now, open_restaurant, placed, quoted, reaches, story
from tests.journeys.person import Json, Person, Watch
from tests.journeys.streams import LOCATIONS
from tests.patience import AT_MOST_S, eventually
from tests.running_platform import RunningPlatform, platform_in

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

RATE = 180
BEATS_PER_S = 10
"""A courier who is silent for 60 s, which are a third of one here, is not asked."""
ENDING = "query Ending($id: ID!) { order(id: $id) { status cancelledBy cancellationReason } }"


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("fast") / "kept"
    with platform_in(folder, environment={"CITY_RESTAURANTS": "1", "CLOCK_RATE": str(RATE)}) as opened:
        yield opened


@pytest.fixture
async def sign_in(fast: RunningPlatform) -> AsyncGenerator[SignIn]:
    async with door_of(fast) as door:
        yield door


@pytest.fixture
def clock(fast: RunningPlatform) -> Clock:
    settings = Settings.from_environment({"DATA_DIR": str(fast.data_dir)})
    return PlatformClock(settings.clock_origin, settings.clock_started, RATE).now


@pytest.fixture
async def restaurant(sign_in: SignIn) -> Restaurant:
    return await open_restaurant(sign_in)


async def test_an_expired_quote_comes_with_a_fresh_one(aino: Person, restaurant: Restaurant) -> None:
    quote = await quoted(aino, restaurant)
    probe = {"paymentToken": "tok_visa", "quoteId": quote["id"]}

    async def is_over() -> bool:
        latest = await quoted(aino, restaurant)
        bound_until = datetime.fromisoformat(latest["expiresAt"]) - timedelta(minutes=15)
        return bound_until >= datetime.fromisoformat(quote["expiresAt"])

    await eventually(is_over)
    late = {"idempotencyKey": str(uuid4()), **probe}
    refusals = [await aino.act("placeOrder", late, refused="... on QuoteExpired { fresh { id } }") for _ in range(2)]
    assert [refusal["__typename"] for refusal in refusals] == ["QuoteExpired"] * 2
    fresh = refusals[0]["fresh"]["id"]
    assert refusals[1]["fresh"]["id"] == fresh
    assert fresh != quote["id"]
    await aino.does("placeOrder", {**probe, "quoteId": fresh}, ORDER)


async def test_an_order_that_no_kitchen_answers_expires_and_the_money_is_given_back(
    aino: Person, restaurant: Restaurant
) -> None:
    order_id = await confirmed(aino, restaurant)
    await reaches(aino, order_id, "EXPIRED")
    assert [event["type"] for event in await story(aino, order_id)] == ["PLACED", "CONFIRMED", "EXPIRED"]

    async def is_void() -> bool:
        order = await now(aino, order_id)
        return order is not None and [payment["status"] for payment in order["payments"]] == ["VOIDED"]

    await eventually(is_void)


async def test_an_order_whose_payment_is_never_resolved_expires(aino: Person, restaurant: Restaurant) -> None:
    order_id = (await placed(aino, restaurant, card="tok_unreachable"))["order"]["id"]
    await reaches(aino, order_id, "EXPIRED")
    assert [event["type"] for event in await story(aino, order_id)] == ["PLACED", "EXPIRED"]


async def test_food_that_no_courier_can_be_found_for_is_called_off_and_paid_back(
    fast: RunningPlatform, aino: Person, sign_in: SignIn
) -> None:
    place = await settle(sign_in)
    order_id = await place.cooked(aino)
    await reaches(aino, order_id, "CANCELLED")
    ending = (await aino.ask(ENDING, id=order_id))["order"]
    assert (ending["cancelledBy"], ending["cancellationReason"]) == ("PLATFORM", "NO_COURIER")
    assert (await news(aino, order_id)).count("NOBODY_FOUND") > 10
    await is_delivery(aino, order_id, "ABANDONED")
    await settles(fast, aino, order_id, "VOIDED")


async def test_who_does_not_answer_is_asked_again_and_whom_nobody_opens_brings_the_food_back(
    fast: RunningPlatform, clock: Clock, aino: Person, sign_in: SignIn
) -> None:
    place = await settle(sign_in)
    courier = await place.courier(sign_in, clock)
    order_id = await place.ordered(aino)
    async with aino.watch(LOCATIONS, id=order_id) as watch:
        async with calling_in(courier):
            await place.restaurant.staff.does("acceptOrder", {"orderId": order_id, "prepMinutes": 5})
            late = (
                clock() + timedelta(minutes=55)
            ).isoformat()  # So long, and 25 minutes more, somebody is looked for.
            await place.restaurant.staff.does("delayOrder", {"orderId": order_id, "readyBy": late})
            await eventually(lambda: has_news(aino, order_id, "OFFER_EXPIRED"))
            delivery_id = await accepts_in_time(courier)
        lost = await first_that(watch, signalLost=True)
        assert lost["phase"] == "TO_RESTAURANT"
        async with calling_in(courier):
            found = await first_that(watch, signalLost=False)
        assert found["position"]["coarse"] is True
        await place.restaurant.staff.does("markOrderReady", {"orderId": order_id})
        await place.fetch(courier, delivery_id, order_id)
        await courier.ride(place.door)
        await courier.stays(lambda: has_status(aino, order_id, "AT_DOOR"))

        async def gives_up() -> bool:
            given = {"deliveryId": delivery_id, "reason": "CUSTOMER_UNREACHABLE"}
            outcome = await courier.person.act("reportUndeliverable", given)
            return outcome["__typename"] == "ReportUndeliverableSuccess"

        await eventually(gives_up)
        assert (await first_that(watch, phase="ENDED"))["position"] is None
    await courier.ride(place.kitchen)
    assert (await courier.does("confirmReturn", delivery_id))["status"] == "RETURNED"
    await reaches(aino, order_id, "RETURNED")
    assert [event["type"] for event in await story(aino, order_id)][-2:] == ["RETURNING", "RETURNED"]
    await settles(fast, aino, order_id, "CAPTURED")


@asynccontextmanager
async def calling_in(courier: Courier) -> AsyncGenerator[None]:
    """The courier's phone says where they are, again and again."""

    async def call_in() -> None:
        while True:
            await courier.report()
            await asyncio.sleep(1 / BEATS_PER_S)  # the phone's own pace, not a wait for something

    async with asyncio.TaskGroup() as tasks:
        calling = tasks.create_task(call_in())
        yield
        calling.cancel()


async def accepts_in_time(courier: Courier) -> str:
    """The delivery's id: an offer is open for a quarter of a second here, so it may take several."""
    accepted: list[str] = []

    async def accepts() -> bool:
        taken = await courier.person.act("acceptOffer", {"offerId": await courier.offer()}, "delivery { id }")
        if taken["__typename"] == "AcceptOfferSuccess":
            accepted.append(taken["delivery"]["id"])
        return bool(accepted)

    await eventually(accepts)
    return accepted[0]


async def first_that(watch: Watch, **wanted: object) -> Json:
    """The next item that is so."""
    async with asyncio.timeout(AT_MOST_S):
        while True:
            item = await watch.item()
            if all(item[name] == value for name, value in wanted.items()):
                return item
