"""Every "no" that a courier, a customer or a kitchen can meet on the way to the door and after it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.journeys.carrying import Courier, Neighbourhood, has_news, settle
from tests.journeys.conftest import SignIn
from tests.journeys.dining import reaches
from tests.journeys.person import Json, Person
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

NO_SUCH_DELIVERY = {"deliveryId": "delivery_01h455vb4pex5vsknk084sn02q"}
ON_A_DELIVERY: Mapping[str, Json] = {
    "reassignDelivery": {"reason": "BREAK"},
    "confirmPickup": {"code": "123456"},
    "confirmDropoff": {"pin": "123456"},
    "reportUndeliverable": {"reason": "ADDRESS_WRONG"},
    "confirmReturn": {},
}
SHIFT = {"vehicle": "BICYCLE", "displayName": "Somebody"}
RATINGS = """query Ratings($id: ID!) { order(id: $id) {
  restaurant { rating { count mean } } delivery { courier { rating { count mean } } } } }"""
MISMATCH = "... on DeliveryStatusMismatch { status allowed }"


@pytest.fixture
async def place(sign_in: SignIn) -> Neighbourhood:
    return await settle(sign_in)


def point(sequence: int, **more: object) -> Json:
    recorded_at = datetime.now(UTC).isoformat()
    return {
        "latitude": 60.17, "longitude": 24.94, "accuracyM": 5, "sequence": sequence, "recordedAt": recorded_at, **more
    }  # fmt: skip


async def test_only_couriers_have_shifts_answer_offers_and_say_where_they_are(
    aino: Person, kitchen: Person, sanna: Person, nobody: Person
) -> None:
    for person in (aino, kitchen, sanna, nobody):
        for mutation, given in {
            "goOnline": SHIFT,
            "goOffline": {},
            "reportPositions": {"positions": [point(1)]},
        }.items():
            assert (await person.act(mutation, given))["__typename"] == "NotAllowed", (person.name, mutation)


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "\u0007"])
async def test_a_courier_has_a_name_that_can_be_shown(sign_in: SignIn, name: str) -> None:
    otso = await sign_in("courier-7")
    refused = await otso.act("goOnline", {**SHIFT, "displayName": name})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["displayName"])


@pytest.mark.parametrize(
    ("points", "path"),
    [
        ([], ["positions"]),
        ([point(number) for number in range(101)], ["positions"]),
        ([point(1), point(2, latitude=91)], ["positions", "1"]),
        ([point(1, accuracyM=-1)], ["positions", "0"]),
        ([point(-1)], ["positions", "0"]),
    ],
)
async def test_positions_are_on_earth_and_not_too_many(sign_in: SignIn, points: list[Json], path: list[str]) -> None:
    refused = await (await sign_in("courier-7")).act("reportPositions", {"positions": points})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", path)


async def test_positions_that_cannot_be_are_dropped_and_counted(sign_in: SignIn, place: Neighbourhood) -> None:
    courier, now = await place.courier(sign_in), datetime.now(UTC)
    here = courier.spot.json
    points = [
        point(1, **here),
        point(2, **here, accuracyM=500),
        point(3, **here, recordedAt=(now + timedelta(minutes=5)).isoformat()),
        point(4, **here, recordedAt=(now - timedelta(minutes=11)).isoformat()),
        point(5, **here, recordedAt=(now - timedelta(minutes=5)).isoformat()),
        point(6, **courier.spot.moved(50_000).json, recordedAt=(now + timedelta(seconds=30)).isoformat()),
        point(7, **here, recordedAt=(now + timedelta(seconds=20)).isoformat()),
    ]
    outcome = await courier.reports(points)
    dropped = {each["reason"]: each["count"] for each in outcome["dropped"]}
    assert (outcome["accepted"], dropped) == (
        1, {"REPEATED": 1, "INACCURATE": 1, "FUTURE": 1, "STALE": 1, "LATE": 1, "IMPOSSIBLE": 1}
    )  # fmt: skip


@pytest.mark.parametrize("mutation", [*ON_A_DELIVERY])
async def test_a_delivery_that_is_not_there_or_somebody_elses_is_not_found(
    sign_in: SignIn, aino: Person, place: Neighbourhood, mutation: str
) -> None:
    given = ON_A_DELIVERY[mutation]
    stranger = await sign_in("courier-7")
    assert (await stranger.act(mutation, {**NO_SUCH_DELIVERY, **given}))["__typename"] == "NotFound"
    malformed = await stranger.act(mutation, {"deliveryId": "delivery_1", **given})
    assert (malformed["__typename"], malformed["path"]) == ("MalformedId", ["deliveryId"])
    courier = await place.courier(sign_in)
    await place.cooked(aino)
    delivery = {"deliveryId": await courier.accept()}
    assert (await stranger.act(mutation, {**delivery, **given}))["__typename"] == "NotFound"
    assert (await aino.act(mutation, {**delivery, **given}))["__typename"] == "NotAllowed"
    await assert_keys_stand_for_one_input(courier, mutation, {**delivery, **given})


async def assert_keys_stand_for_one_input(courier: Courier, mutation: str, given: Json) -> None:
    key = {"idempotencyKey": str(uuid4())}
    first = await courier.person.act(mutation, {**given, **key})
    assert (await courier.person.act(mutation, {**given, **key}))["__typename"] == first["__typename"]
    other = await courier.person.act(mutation, {**given, **NO_SUCH_DELIVERY, **key})
    assert other["__typename"] == "IdempotencyKeyReused"


async def test_a_delivery_moves_forwards_only(sign_in: SignIn, aino: Person, place: Neighbourhood) -> None:
    courier, order_id = await place.courier(sign_in), await place.cooked(aino)
    delivery_id = await courier.accept()
    for mutation in ("confirmDropoff", "reportUndeliverable", "confirmReturn"):
        given = {"deliveryId": delivery_id, **ON_A_DELIVERY[mutation]}
        refused = await courier.person.act(mutation, given, refused=MISMATCH)
        assert (refused["__typename"], refused["status"]) == ("DeliveryStatusMismatch", "ASSIGNED"), mutation
        assert set(refused["allowed"]) == {"REASSIGN_DELIVERY", "CONFIRM_PICKUP"}
    await place.fetch(courier, delivery_id, order_id)
    given = {"deliveryId": delivery_id, **ON_A_DELIVERY["reassignDelivery"]}
    refused = await courier.person.act("reassignDelivery", given, refused=MISMATCH)
    assert refused["__typename"] == "DeliveryStatusMismatch"
    assert set(refused["allowed"]) == {"CONFIRM_DROPOFF", "REPORT_UNDELIVERABLE"}
    for wrong in ({}, {"pin": "123456", "leftAtDoor": True}, {"pin": "12345"}, {"pin": "abcdef"}):
        refused = await courier.person.act("confirmDropoff", {"deliveryId": delivery_id, **wrong})
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["pin"])
    await place.bring(aino, courier, delivery_id, order_id)


@pytest.mark.parametrize("mutation", ["acceptOffer", "declineOffer"])
async def test_an_offer_is_answered_by_whom_it_was_made_to(
    sign_in: SignIn, aino: Person, place: Neighbourhood, mutation: str
) -> None:
    courier = await place.courier(sign_in)
    order_id = await place.cooked(aino)
    offer = {"offerId": await courier.offer()}
    stranger = await sign_in("courier-7")
    for person in (stranger, aino):
        assert (await person.act(mutation, offer))["__typename"] == "NotFound"
    malformed = await courier.person.act(mutation, {"offerId": "delivery_01h455vb4pex5vsknk084sn02q"})
    assert (malformed["__typename"], malformed["path"]) == ("MalformedId", ["offerId"])
    assert (await courier.person.does("goOffline", {}, "courier { online }"))["courier"] == {"online": False}
    await eventually(lambda: has_news(aino, order_id, "OFFER_WITHDRAWN"))
    late = await courier.person.act(mutation, offer, refused="... on OfferNotOpen { status }")
    assert late.get("status") == "WITHDRAWN", late


async def test_a_meal_is_reviewed_once_by_who_ate_it_and_the_courier_too(
    sign_in: SignIn, aino: Person, eero: Person, place: Neighbourhood
) -> None:
    courier, order_id = await place.courier(sign_in), await place.cooked(aino)
    opinion: Json = {"orderId": order_id, "restaurant": {"stars": 5, "text": "Kuumaa."}, "courier": {"stars": 4}}
    early = await aino.act("reviewOrder", opinion, refused="... on NotReviewable { because }")
    assert (early["__typename"], early["because"]) == ("NotReviewable", "NOT_DELIVERED")
    delivery_id = await place.fetched(courier, order_id)
    await place.bring(aino, courier, delivery_id, order_id)
    await reaches(aino, order_id, "DELIVERED")
    await eventually(lambda: may_be_reviewed(aino, order_id))
    assert (await eero.act("reviewOrder", opinion))["__typename"] == "NotFound"
    for stars in (0, 6):
        refused = await aino.act("reviewOrder", {**opinion, "restaurant": {"stars": stars}})
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["restaurant", "stars"])
    await aino.does("reviewOrder", opinion)
    assert (await aino.act("reviewOrder", opinion))["__typename"] == "AlreadyReviewed"

    async def are_rated() -> bool:
        order = (await aino.ask(RATINGS, id=order_id))["order"]
        found = [order["restaurant"]["rating"], order["delivery"]["courier"]["rating"]]
        return found == [{"count": 1, "mean": 5}, {"count": 1, "mean": 4}]

    await eventually(are_rated)


async def may_be_reviewed(customer: Person, order_id: str) -> bool:
    found = await customer.ask("query Until($id: ID!) { order(id: $id) { reviewableUntil } }", id=order_id)
    return found["order"]["reviewableUntil"] is not None
