"""What a courier does next follows from what is known last, whatever comes late."""

import pytest

from simulator.living.questions import CourierKnown, DeliverySeen, OfferSeen, OrderKnown, ShiftItem
from simulator.living.standing import Goal, Standing


def delivery(status: str, version: int, courier: str = "courier_1", name: str = "delivery_1") -> DeliverySeen:
    return DeliverySeen(name, status, version, OrderKnown("order_1"), CourierKnown(courier))


def carrying(status: str, version: int) -> Standing:
    standing = Standing()
    standing.take(ShiftItem("OpenOffers", delivery=delivery(status, version)))
    return standing


def changed(seen: DeliverySeen | None, name: str = "delivery_1") -> ShiftItem:
    return ShiftItem("CourierDeliveryChanged", delivery=seen, delivery_id=name)


def goal(standing: Standing) -> Goal | None:
    return standing.goal("courier_1")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("ASSIGNED", "fetch"),
        ("AT_RESTAURANT", "fetch"),
        ("PICKED_UP", "bring"),
        ("AT_DOOR", "bring"),
        ("RETURNING", "take back"),
    ],
)
def test_a_delivery_says_by_its_status_what_is_to_be_done(status: str, wanted: str):
    assert goal(carrying(status, 5)) == ("delivery_1", wanted)


@pytest.mark.parametrize("status", ["DELIVERED", "RETURNED", "CANCELLED", "FAILED", "SEARCHING"])
def test_nothing_is_to_be_done_about_what_is_over(status: str):
    standing = carrying("ASSIGNED", 5)
    standing.take(changed(delivery(status, 6)))
    assert goal(standing) is None


def test_what_comes_late_changes_nothing():
    standing = carrying("PICKED_UP", 9)
    standing.take(changed(delivery("AT_RESTAURANT", 8)))
    assert goal(standing) == ("delivery_1", "bring")


def test_what_was_given_to_somebody_else_is_let_go():
    standing = carrying("ASSIGNED", 5)
    standing.take(changed(delivery("ASSIGNED", 9, courier="courier_2")))
    assert goal(standing) is None


def test_what_was_taken_away_is_let_go_and_nothing_else():
    standing = carrying("ASSIGNED", 5)
    standing.take(changed(None, "delivery_2"))
    assert goal(standing) == ("delivery_1", "fetch")
    standing.take(changed(None))
    assert goal(standing) is None


def test_offers_open_and_close_without_touching_the_delivery():
    standing = carrying("AT_DOOR", 5)
    standing.take(ShiftItem("OfferOpened", offer=OfferSeen("offer_1", "OPEN")))
    assert standing.offers["offer_1"].status == "OPEN"
    standing.take(ShiftItem("OfferClosed", offer=OfferSeen("offer_1", "EXPIRED")))
    assert standing.offers["offer_1"].status == "EXPIRED"
    assert goal(standing) == ("delivery_1", "bring")


def test_a_stream_that_begins_anew_says_all_there_is():
    standing = carrying("ASSIGNED", 5)
    standing.take(ShiftItem("OfferOpened", offer=OfferSeen("offer_1", "OPEN")))
    standing.take(ShiftItem("OpenOffers"))
    assert (goal(standing), standing.offers) == (None, {})


def test_the_next_delivery_may_have_a_smaller_version():
    standing = carrying("DELIVERED", 12)
    standing.see(delivery("ASSIGNED", 4, name="delivery_2"))
    assert goal(standing) == ("delivery_2", "fetch")


def test_every_piece_of_news_wakes_the_courier():
    standing = Standing()
    for item in (ShiftItem("OpenOffers"), changed(delivery("ASSIGNED", 5)), changed(None), ShiftItem("SomethingNew")):
        standing.changed.clear()
        standing.take(item)
        assert standing.changed.is_set()
