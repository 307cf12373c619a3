"""News of trips. These names are the storage format; change them only with an upcaster."""

from kernel.ids import sibling_id
from kernel.messages import Event


class TripNews(Event):
    """What every event of a trip says."""

    trip_id: str
    order_id: str
    delivery_id: str
    courier_id: str
    offer_id: str | None = None
    """The offer by which the courier took the delivery; a courier who takes it again arrives again."""


class CourierArrivedAtRestaurant(TripNews):
    """The courier is within 80 m of the restaurant, to fetch the food. Once per assignment."""


class CourierNearedDoor(TripNews):
    """The courier is within 80 m of the customer's door, with the food. Once per trip."""


TripEvent = CourierArrivedAtRestaurant | CourierNearedDoor

EVENTS: tuple[type[TripEvent], ...] = (CourierArrivedAtRestaurant, CourierNearedDoor)


def trip_of(order_id: str) -> str:
    """The id of an order's trip: both share their UUID.

    Raises:
        ValueError: that is not the id of an order.
    """
    trip_id = sibling_id("trip", "order", order_id)
    if trip_id is None:
        raise ValueError(f"{order_id} is not the id of an order")
    return trip_id
