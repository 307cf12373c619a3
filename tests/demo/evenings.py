"""A small evening that passes, for tests to spoil."""

from datetime import UTC, datetime, timedelta

from simulator.demo.facts import (
    CourierEvent,
    CourierStory,
    DeliveryEvent,
    Entry,
    Evening,
    Identified,
    OrderEvent,
    Payment,
    Story,
)
from simulator.living import Courier, Diary, EtaAsked, Heard, Ordered, Watched

SEVEN = datetime(2026, 1, 16, 17, 0, tzinfo=UTC)
LIFE = (
    "PLACED", "CONFIRMED", "ACCEPTED", "COURIER_ASSIGNED", "PREPARING", "READY", "PICKED_UP", "ARRIVING", "DELIVERED",
)  # fmt: skip
KITCHEN = "restaurant_1"
PRICE = 2450


def at(minutes: float) -> datetime:
    return SEVEN + timedelta(minutes=minutes)


def an_evening(orders: int = 3) -> Evening:
    """So many orders, one after the other, all delivered by the same courier."""
    numbers = range(1, orders + 1)
    return Evening(
        diary=a_diary(orders),
        stories=tuple(a_story(number) for number in numbers),
        couriers=(a_courier(orders),),
        journal=tuple(entry for number in numbers for entry in entries_of(number)),
    )


def a_story(number: int) -> Story:
    begins = 40 * number
    return Story(
        order_id=order(number),
        restaurant_id=KITCHEN,
        status="DELIVERED",
        events=tuple(
            OrderEvent(sequence, kind, at(begins + 3 * sequence)) for sequence, kind in enumerate(LIFE, start=1)
        ),
        payments=(Payment("CAPTURED", PRICE, PRICE),),
        delivery=(
            DeliveryEvent(1, "REQUESTED", at(begins + 9)),
            delivery_event(number, 2, "OFFER_MADE", at(begins + 10)),
            delivery_event(number, 3, "ASSIGNED", at(begins + 12)),
            delivery_event(number, 4, "PICKED_UP", at(begins + 21)),
            delivery_event(number, 5, "DELIVERED", at(begins + 27)),
        ),
    )


def delivery_event(number: int, sequence: int, kind: str, moment: datetime, offer: str = "") -> DeliveryEvent:
    return DeliveryEvent(sequence, kind, moment, Identified("courier_1"), offer or f"offer_{number}")


def a_courier(orders: int) -> CourierStory:
    events = [CourierEvent(1, "WENT_ONLINE", at(0))]
    for number in range(1, orders + 1):
        for kind, minute in (("RESERVED", 9.5), ("RELEASED", 27.5)):
            offered = (f"delivery_{number}", f"offer_{number}")
            events.append(CourierEvent(len(events) + 1, kind, at(40 * number + minute), *offered))
    return CourierStory("courier_1", tuple(events))


def entries_of(number: int) -> tuple[Entry, Entry]:
    hold = f"auth_{number}"
    return (
        Entry(2 * number, "authorised", hold, PRICE, order(number)),
        Entry(2 * number + 1, "captured", hold, PRICE, order(number)),
    )


def a_diary(orders: int) -> Diary:
    """Each customer watches the own order, the kitchen all of them; one customer is cut off."""
    numbers = range(1, orders + 1)
    everything = [Heard(sequence, kind, order(number)) for number in numbers for sequence, kind in enumerate(LIFE, 1)]
    return Diary(
        orders={number: an_order(number) for number in numbers},
        couriers={"courier-1": Courier(latitude=60.17, longitude=24.94, vehicle="BICYCLE", courier_id="courier_1")},
        watched={
            **{f"orderUpdates {number}": a_customers_watch(number) for number in numbers},
            "kitchen": Watched(
                stream="restaurantOrderUpdates",
                of=KITCHEN,
                person="owner-1",
                heard=[item for item in everything if item.sequence > 1],
            ),
        },
        etas=[
            EtaAsked(
                order_id=order(number), asked_at=at(40 * number), status="PLACED", delivery_at=at(40 * number + 24)
            )
            for number in numbers
        ],
    )


def an_order(number: int) -> Ordered:
    return Ordered(
        number=number,
        person=f"customer-{number}",
        hungry_at=at(40 * number),
        restaurant_id=KITCHEN,
        order_id=order(number),
        acknowledged_at=at(40 * number + 3),
        status="DELIVERED",
    )


def a_customers_watch(number: int) -> Watched:
    heard = [Heard(1, "SNAPSHOT", order(number))]
    heard += [Heard(sequence, kind, order(number)) for sequence, kind in enumerate(LIFE, 1) if sequence > 1]
    return Watched(
        stream="orderUpdates",
        of=order(number),
        person=f"customer-{number}",
        heard=heard,
        cuts=int(number == 1),
        ended=True,
    )


def order(number: int) -> str:
    return f"order_{number}"
