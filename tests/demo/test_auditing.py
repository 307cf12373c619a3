"""What spoils an evening is found, whatever else went well; each mishap is planted into an evening that passes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import json
from msgspec.structs import replace

from simulator.demo.__main__ import main
from simulator.demo.auditing import audit
from simulator.demo.facts import CourierEvent, Entry, Evening, OrderEvent, Payment, Story
from simulator.living import Heard, Ordered
from tests.demo.evenings import PRICE, a_story, an_evening, at, delivery_event, order

Spoil = Callable[[Evening], Evening]


def test_an_evening_on_which_all_went_well_passes(tmp_path: Path) -> None:
    assert audit(an_evening()).findings == ()
    assert exit_code(an_evening(), tmp_path) == 0


def told(evening: Evening, number: int, story: Callable[[Story], Story]) -> Evening:
    """The evening with another story of that order."""
    stories = (story(each) if each.order_id == order(number) else each for each in evening.stories)
    return replace(evening, stories=tuple(stories))


def heard(evening: Evening, who: str, items: Callable[[list[Heard]], list[Heard]]) -> Evening:
    watched = evening.diary.watched[who]
    watched.heard = items(watched.heard)
    return evening


def a_customer_who_missed_an_event(evening: Evening) -> Evening:
    return heard(evening, "orderUpdates 2", lambda items: [*items[:4], *items[5:]])


def a_customer_who_missed_the_end(evening: Evening) -> Evening:
    return heard(evening, "orderUpdates 2", lambda items: items[:-1])


def a_customer_who_heard_nothing(evening: Evening) -> Evening:
    return heard(evening, "orderUpdates 2", lambda _: [])


def a_kitchen_that_missed_an_order(evening: Evening) -> Evening:
    return heard(evening, "kitchen", lambda items: [item for item in items if item.order_id != order(3)])


def a_kitchen_that_missed_the_first_event(evening: Evening) -> Evening:
    return heard(evening, "kitchen", lambda items: items[1:])


def an_event_that_the_log_lost(evening: Evening) -> Evening:
    return told(evening, 1, lambda story: replace(story, events=(*story.events[:5], *story.events[6:])))


def an_event_of_another_kind(evening: Evening) -> Evening:
    return heard(evening, "orderUpdates 1", lambda items: [*items[:-1], Heard(9, "CANCELLED", order(1))])


def a_customer_who_heard_twice(evening: Evening) -> Evening:
    return heard(evening, "orderUpdates 2", lambda items: [*items[:4], items[3], *items[4:]])


def an_event_that_the_log_has_twice(evening: Evening) -> Evening:
    def doubled(story: Story) -> Story:
        twice = OrderEvent(story.events[3].sequence, "PREPARING", at(60))
        return replace(story, events=(*story.events[:4], twice, *story.events[4:]))

    return told(evening, 1, doubled)


def a_customer_who_heard_backwards(evening: Evening) -> Evening:
    return heard(evening, "orderUpdates 2", lambda items: [*items[:4], items[5], items[4], *items[6:]])


def an_order_that_is_nowhere(evening: Evening) -> Evening:
    evening.diary.orders[9] = Ordered(number=9, person="customer-9", hungry_at=at(9), order_id="order_9")
    return evening


def an_order_that_never_ended(evening: Evening) -> Evening:
    return told(evening, 3, lambda story: replace(story, status="PICKED_UP"))


def charged(evening: Evening, *entries: Entry) -> Evening:
    return replace(evening, journal=(*evening.journal, *entries))


def a_second_charge(evening: Evening) -> Evening:
    again = (Entry(90, "authorised", "auth_9", PRICE, order(2)), Entry(91, "captured", "auth_9", PRICE, order(2)))
    return charged(evening, *again)


def a_second_charge_in_both_books(evening: Evening) -> Evening:
    payments = (Payment("CAPTURED", PRICE, PRICE), Payment("CAPTURED", PRICE, PRICE))
    return told(a_second_charge(evening), 2, lambda story: replace(story, payments=payments))


def a_hold_that_stays(evening: Evening) -> Evening:
    return charged(evening, Entry(90, "authorised", "auth_9", PRICE, order(2)))


def a_charge_for_nothing(evening: Evening) -> Evening:
    return told(evening, 2, lambda story: replace(story, status="CANCELLED"))


def a_meal_that_nobody_paid_for(evening: Evening) -> Evening:
    entries = tuple(entry for entry in evening.journal if entry.reference != order(2))
    return told(replace(evening, journal=entries), 2, lambda story: replace(story, payments=()))


def a_charge_that_the_platform_does_not_know(evening: Evening) -> Evening:
    return told(evening, 2, lambda story: replace(story, payments=(Payment("VOIDED", PRICE),)))


def a_charge_for_an_order_that_is_nowhere(evening: Evening) -> Evening:
    return charged(evening, Entry(90, "captured", "auth_9", PRICE, "order_9"))


def a_refund_that_nobody_asked_for(evening: Evening) -> Evening:
    return charged(evening, Entry(90, "refunded", "auth_2", PRICE, order(2)))


def a_second_offer_beside_the_first(evening: Evening) -> Evening:
    def offered(story: Story) -> Story:
        other = delivery_event(1, 3, "OFFER_MADE", at(51), offer="offer_1b")
        return replace(story, delivery=(*story.delivery[:2], other, *story.delivery[2:]))

    return told(evening, 1, offered)


def a_courier_reserved_twice(evening: Evening) -> Evening:
    courier = evening.couriers[0]
    other = CourierEvent(3, "RESERVED", at(55), "delivery_2", "offer_2b")
    return replace(evening, couriers=(replace(courier, events=(*courier.events[:2], other, *courier.events[2:])),))


def a_courier_with_two_orders(evening: Evening) -> Evening:
    """Only the deliveries tell: the courier's own log has no trace of it."""
    return told(evening, 2, lambda story: replace(story, delivery=a_story(1).delivery))


PLANTED: dict[str, tuple[Spoil, ...]] = {
    "gap": (
        a_customer_who_missed_an_event,
        a_customer_who_missed_the_end,
        a_customer_who_heard_nothing,
        a_kitchen_that_missed_an_order,
        a_kitchen_that_missed_the_first_event,
        an_event_that_the_log_lost,
        an_event_of_another_kind,
    ),
    "repeat": (a_customer_who_heard_twice, an_event_that_the_log_has_twice),
    "inversion": (a_customer_who_heard_backwards,),
    "lost": (an_order_that_is_nowhere, an_order_that_never_ended),
    "unbalanced": (
        a_second_charge,
        a_second_charge_in_both_books,
        a_hold_that_stays,
        a_charge_for_nothing,
        a_meal_that_nobody_paid_for,
        a_charge_that_the_platform_does_not_know,
        a_charge_for_an_order_that_is_nowhere,
        a_refund_that_nobody_asked_for,
    ),
    "double": (a_second_offer_beside_the_first, a_courier_reserved_twice, a_courier_with_two_orders),
}
CASES = [pytest.param(kind, spoil, id=spoil.__name__) for kind, spoils in PLANTED.items() for spoil in spoils]


@pytest.mark.parametrize(("kind", "spoil"), CASES)
def test_a_mishap_is_found_and_turns_the_exit_code_red(kind: str, spoil: Spoil, tmp_path: Path) -> None:
    evening = spoil(an_evening())
    assert audit(evening).count(kind) >= 1
    assert exit_code(evening, tmp_path) == 1


def test_nine_in_ten_of_those_who_paid_must_get_their_food(tmp_path: Path) -> None:
    assert exit_code(with_expired(an_evening(10), 10), tmp_path) == 0
    assert exit_code(with_expired(with_expired(an_evening(10), 10), 9), tmp_path) == 1


def test_whoever_could_not_pay_does_not_count(tmp_path: Path) -> None:
    evening = an_evening(3)
    entries = tuple(entry for entry in evening.journal if entry.reference != order(3))
    declined = told(
        replace(evening, journal=entries),
        3,
        lambda story: replace(story, status="FAILED", payments=(Payment("DECLINED", PRICE),)),
    )
    assert audit(declined).placed_and_paid == 2
    assert exit_code(declined, tmp_path) == 0


def test_an_evening_without_orders_proves_nothing(tmp_path: Path) -> None:
    assert exit_code(an_evening(0), tmp_path) == 1


def test_a_watcher_that_came_later_is_owed_what_came_after() -> None:
    def late(items: list[Heard]) -> list[Heard]:
        return [Heard(5, "SNAPSHOT", order(2)), *items[5:]]

    assert audit(heard(an_evening(), "orderUpdates 2", late)).findings == ()


def with_expired(evening: Evening, number: int) -> Evening:
    """That order's kitchen never answered, and its money was let go."""
    journal = tuple(
        replace(entry, kind="voided") if entry.kind == "captured" and entry.reference == order(number) else entry
        for entry in evening.journal
    )
    return told(
        replace(evening, journal=journal),
        number,
        lambda story: replace(story, status="EXPIRED", payments=(Payment("VOIDED", PRICE),)),
    )


def exit_code(evening: Evening, folder: Path) -> int:
    """As the shell gets it when these facts are judged."""
    facts = folder / "facts.json"
    facts.write_bytes(json.encode(evening))
    return main(["--audit", str(facts)])
