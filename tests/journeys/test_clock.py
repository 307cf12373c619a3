"""What happens when nobody does anything: a platform whose clock runs 180 times as fast as ours."""

from collections.abc import AsyncGenerator, Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.journeys.conftest import SignIn, door_of
from tests.journeys.dining import ORDER, Restaurant, confirmed, now, open_restaurant, placed, quoted, reaches, story
from tests.journeys.person import Person
from tests.patience import eventually
from tests.running_platform import RunningPlatform, platform_in

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

RATE = 180


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
