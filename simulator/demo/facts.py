"""What is known of an evening when it is over: what its people were told, and what the platform says afterwards."""

from datetime import datetime

from msgspec import Struct

from simulator.living import Diary
from simulator.living.diary import ENDED

SETTLED = frozenset({"CAPTURED", "DECLINED", "VOIDED"})
"""Statuses of a payment that nothing leads out of."""


class OrderEvent(Struct, frozen=True, rename="camel"):
    """A node of `orderEvents`."""

    sequence: int
    type: str
    occurred_at: datetime


class Payment(Struct, frozen=True):
    """An item of `Order.payments`."""

    status: str
    amount_minor: int
    captured_minor: int = 0


class Identified(Struct, frozen=True):
    id: str


class DeliveryEvent(Struct, frozen=True, rename="camel"):
    """A node of `deliveryEvents`."""

    sequence: int
    type: str
    occurred_at: datetime
    courier: Identified | None = None
    offer_id: str | None = None


class Story(Struct, frozen=True):
    """One order as the platform tells it afterwards."""

    order_id: str
    restaurant_id: str
    status: str
    events: tuple[OrderEvent, ...]
    payments: tuple[Payment, ...] = ()
    delivery: tuple[DeliveryEvent, ...] = ()

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_settled(self) -> bool:
        return all(payment.status in SETTLED for payment in self.payments)

    def moment(self, what: str) -> datetime | None:
        """When it first happened, in domain time."""
        return next((event.occurred_at for event in self.events if event.type == what), None)


class CourierEvent(Struct, frozen=True, rename="camel"):
    """A node of `courierEvents`."""

    sequence: int
    type: str
    occurred_at: datetime
    delivery_id: str | None = None
    offer_id: str | None = None


class CourierStory(Struct, frozen=True):
    courier_id: str
    events: tuple[CourierEvent, ...]


class Entry(Struct, frozen=True):
    """A line of the payment provider's own journal; `reference` is the order."""

    position: int
    kind: str
    authorisation_id: str
    amount_minor: int
    reference: str


class Evening(Struct, frozen=True):
    """All facts of a run."""

    diary: Diary
    """What its people did and heard."""
    stories: tuple[Story, ...]
    couriers: tuple[CourierStory, ...] = ()
    journal: tuple[Entry, ...] = ()

    @property
    def acknowledged(self) -> tuple[str, ...]:
        """Orders that `placeOrder` said were placed."""
        return tuple(dict.fromkeys(order.order_id for order in self.diary.acknowledged))

    def by_order(self) -> dict[str, Story]:
        return {story.order_id: story for story in self.stories}
