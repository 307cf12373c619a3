"""Calling a delivery off: in every phase until a courier has the food, and then the money is given back."""

from collections.abc import Awaitable, Callable

import pytest

from tests.journeys.books import settles
from tests.journeys.carrying import Courier, Neighbourhood, codes, has_status, is_delivery, settle
from tests.journeys.conftest import SignIn
from tests.journeys.dining import now, reaches, story
from tests.journeys.person import Person
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

Phase = Callable[[Neighbourhood, Person, SignIn], Awaitable[tuple[str, Courier | None]]]
WHY = {"reason": "CHANGED_MIND"}


@pytest.fixture
async def place(sign_in: SignIn) -> Neighbourhood:
    return await settle(sign_in)


async def accepted(place: Neighbourhood, customer: Person, prep_minutes: int) -> str:
    order_id = await place.ordered(customer)
    await place.restaurant.staff.does("acceptOrder", {"orderId": order_id, "prepMinutes": prep_minutes})
    return order_id


async def scheduled(place: Neighbourhood, customer: Person, _: SignIn) -> tuple[str, None]:
    order_id = await accepted(place, customer, 60)
    await is_delivery(customer, order_id, "SCHEDULED")
    return order_id, None


async def searching(place: Neighbourhood, customer: Person, _: SignIn) -> tuple[str, None]:
    order_id = await accepted(place, customer, 5)
    await is_delivery(customer, order_id, "SEARCHING")
    return order_id, None


async def offered(place: Neighbourhood, customer: Person, sign_in: SignIn) -> tuple[str, Courier]:
    courier = await place.courier(sign_in)
    order_id = await accepted(place, customer, 5)
    await courier.offer()
    return order_id, courier


async def assigned(place: Neighbourhood, customer: Person, sign_in: SignIn) -> tuple[str, Courier]:
    order_id, courier = await offered(place, customer, sign_in)
    await courier.accept()

    async def has_heard() -> bool:
        return (await story(customer, order_id))[-1]["type"] == "COURIER_ASSIGNED"

    await eventually(has_heard)
    return order_id, courier


async def at_the_hatch(place: Neighbourhood, customer: Person, sign_in: SignIn) -> tuple[str, Courier]:
    order_id, courier = await assigned(place, customer, sign_in)
    await courier.ride(place.kitchen)
    await courier.stays(lambda: has_status(customer, order_id, "AT_RESTAURANT"))
    return order_id, courier


@pytest.mark.parametrize("phase", [scheduled, searching, offered, assigned, at_the_hatch])
async def test_the_customer_calls_it_off_once_dispatch_has_answered(
    platform: RunningPlatform, sign_in: SignIn, aino: Person, place: Neighbourhood, phase: Phase
) -> None:
    order_id, courier = await phase(place, aino, sign_in)
    asked = await aino.does("cancelOrder", {"orderId": order_id, **WHY}, "order { status cancellationRequestedAt }")
    assert (asked["order"]["status"], bool(asked["order"]["cancellationRequestedAt"])) == ("CANCEL_PENDING", True)
    await reaches(aino, order_id, "CANCELLED")
    types = [event["type"] for event in await story(aino, order_id)]
    assert types[-2:] == ["CANCELLATION_REQUESTED", "CANCELLED"]
    await is_delivery(aino, order_id, "CANCELLED")
    await settles(platform, aino, order_id, "VOIDED")
    if courier is not None:
        await eventually(lambda: is_free(courier))


async def is_free(courier: Courier) -> bool:
    myself = await courier.myself()
    return (myself["offers"], myself["delivery"]) == ([], None)


async def test_before_the_kitchen_has_taken_it_on_it_is_called_off_at_once(
    platform: RunningPlatform, aino: Person, place: Neighbourhood
) -> None:
    order_id = await place.ordered(aino)
    outcome = await aino.does("cancelOrder", {"orderId": order_id, **WHY}, "order { status delivery { id } }")
    assert outcome["order"] == {"status": "CANCELLED", "delivery": None}
    await settles(platform, aino, order_id, "VOIDED")


async def test_ready_food_is_called_off_by_the_kitchen_or_support_and_by_nobody_once_it_is_fetched(
    platform: RunningPlatform, sign_in: SignIn, aino: Person, sanna: Person, place: Neighbourhood
) -> None:
    kitchen, courier = place.restaurant.staff, await place.courier(sign_in)
    ready = await place.cooked(aino)
    await courier.offer()
    assert (await aino.act("cancelOrder", {"orderId": ready, **WHY}))["__typename"] == "IllegalTransition"
    await kitchen.does("cancelOrder", {"orderId": ready, "reason": "ITEMS_UNAVAILABLE"})
    await reaches(aino, ready, "CANCELLED")
    await settles(platform, aino, ready, "VOIDED")
    await eventually(lambda: is_free(courier))
    carried = await place.cooked(aino)
    delivery_id = await place.fetched(courier, carried)
    await reaches(aino, carried, "PICKED_UP")
    for person in (aino, kitchen, sanna):
        refused = await person.act("cancelOrder", {"orderId": carried, "reason": "OTHER"})
        assert refused["__typename"] == "IllegalTransition", person.name
    assert "CANCEL_ORDER" not in (await now(sanna, carried) or {})["availableActions"]
    await courier.does("confirmDropoff", delivery_id, pin=(await codes(aino, carried))["dropoffPin"])
