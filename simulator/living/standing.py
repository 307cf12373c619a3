"""What a courier knows: the offers that are open, the delivery under way, and what that asks for."""

import asyncio
from collections.abc import Sequence

from simulator.living.questions import DeliverySeen, OfferSeen, ShiftItem

FETCH, BRING, TAKE_BACK = "fetch", "bring", "take back"
GOALS = {
    "ASSIGNED": FETCH,
    "AT_RESTAURANT": FETCH,
    "PICKED_UP": BRING,
    "AT_DOOR": BRING,
    "RETURNING": TAKE_BACK,
}
"""What a courier's delivery asks for, by its status."""

Goal = tuple[str, str]
"""A delivery's id and what to do with it."""


class Standing:
    """News come from the stream and with the outcomes of mutations, and these may cross."""

    def __init__(self) -> None:
        self.offers = dict[str, OfferSeen]()
        self.delivery: DeliverySeen | None = None
        self.changed = asyncio.Event()

    def goal(self, courier_id: str) -> Goal | None:
        """What that courier is to do now."""
        delivery = self.delivery
        if delivery is None or delivery.status not in GOALS:
            return None
        if delivery.courier and delivery.courier.id != courier_id:
            return None
        return delivery.id, GOALS[delivery.status]

    def take(self, item: ShiftItem) -> None:
        """An item of the stream."""
        match item:
            case ShiftItem(typename="OpenOffers"):
                self.know(item.offers, item.delivery)
            case ShiftItem(offer=OfferSeen() as offer):
                self.offers[offer.id] = offer
            case ShiftItem(delivery=DeliverySeen() as delivery):
                self.see(delivery)
            case ShiftItem(delivery_id=str(delivery_id)):
                self.lose(delivery_id)
            case _:
                pass  # A kind of item that is newer than we.
        self.changed.set()

    def know(self, offers: Sequence[OfferSeen], delivery: DeliverySeen | None) -> None:
        """How everything stands; no delivery means that there is none any more."""
        self.offers = {offer.id: offer for offer in offers}
        if delivery is None:
            self.delivery = None
        else:
            self.see(delivery)
        self.changed.set()

    def see(self, delivery: DeliverySeen) -> None:
        """Of one delivery only what is newer counts."""
        known = self.delivery
        if known is None or known.id != delivery.id or known.version <= delivery.version:
            self.delivery = delivery
        self.changed.set()

    def lose(self, delivery_id: str) -> None:
        """It is somebody else's now, or nobody's."""
        if self.delivery and self.delivery.id == delivery_id:
            self.delivery = None
        self.changed.set()
