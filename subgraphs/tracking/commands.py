"""Orders to trips; all come from the intake of positions, none from clients."""

from kernel.messages import Command


class TripOrder(Command):
    """What every command to a trip says; `offer_id` names the assignment."""

    trip_id: str
    order_id: str
    delivery_id: str
    courier_id: str
    offer_id: str | None


class RecordReachingRestaurant(TripOrder):
    """The courier has come to the restaurant."""


class RecordReachingDoor(TripOrder):
    """The courier has come to the customer's door."""


TripCommand = RecordReachingRestaurant | RecordReachingDoor

COMMANDS: tuple[type[TripCommand], ...] = (RecordReachingRestaurant, RecordReachingDoor)
