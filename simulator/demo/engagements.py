"""Who was engaged for what and when, as the logs of deliveries and couriers tell it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from simulator.demo.facts import CourierEvent, CourierStory, DeliveryEvent, Story

ENGAGES = frozenset({"OFFER_MADE", "ASSIGNED"})
LETS_GO = frozenset({"OFFER_DECLINED", "OFFER_EXPIRED", "OFFER_WITHDRAWN", "UNASSIGNED"})
ENDS = frozenset({"ABANDONED", "CANCELLED", "DELIVERED", "FAILED", "RETURNED"})
RESERVED, RELEASED = "RESERVED", "RELEASED"
Doubt = tuple[str, str]
"""Whom it is about, and what is wrong."""


class Engagement(Struct, frozen=True):
    """A courier's time for one offer, from the moment it was made."""

    courier_id: str
    order_id: str
    offer_id: str
    began: datetime
    ended: datetime | None
    """None while it lasts."""

    def __str__(self) -> str:
        return f"{self.offer_id} of {self.order_id}"


def doubled_deliveries(stories: Iterable[Story]) -> Iterator[Doubt]:
    """Deliveries with an offer or an assignment beside a live one."""
    for story in stories:
        live: set[str] = set()
        for event in story.delivery:
            offer = event.offer_id or ""
            if event.type in ENGAGES:
                live.add(offer)
                if len(live) > 1:
                    yield story.order_id, f"{' and '.join(sorted(live))} are live at {event.occurred_at:%H:%M:%S}"
                    live = {offer}
            elif event.type in LETS_GO:
                live.discard(offer)
            elif event.type in ENDS:
                live.clear()


def doubled_couriers(couriers: Iterable[CourierStory], stories: Iterable[Story]) -> Iterator[Doubt]:
    """Couriers with two reservations in their own log, or two engagements at once in the deliveries' logs."""
    for courier in couriers:
        yield from doubly_reserved(courier.courier_id, courier.events)
    by_courier: dict[str, list[Engagement]] = defaultdict(list)
    for story in stories:
        for engagement in engagements_of(story):
            by_courier[engagement.courier_id].append(engagement)
    for courier_id, all_engagements in by_courier.items():
        for first, second in pairwise(sorted(all_engagements, key=lambda engagement: engagement.began)):
            if first.ended is None or first.ended > second.began:
                yield courier_id, f"{first} and {second} at {second.began:%H:%M:%S}"


def doubly_reserved(courier_id: str, events: Iterable[CourierEvent]) -> Iterator[Doubt]:
    live: set[str] = set()
    for event in events:
        if event.type == RESERVED:
            live.add(event.offer_id or "")
            if len(live) > 1:
                yield courier_id, f"reserved for {' and '.join(sorted(live))} at {event.occurred_at:%H:%M:%S}"
        elif event.type == RELEASED:
            live.discard(event.offer_id or "")


def engagements_of(story: Story) -> Iterator[Engagement]:
    """Each from its offer to the event that let the courier go."""
    live: dict[str, DeliveryEvent] = {}
    for event in story.delivery:
        offer = event.offer_id or ""
        if event.type in ENGAGES:
            live.setdefault(offer, event)
        elif event.type in LETS_GO and offer in live:
            yield engagement(story, live.pop(offer), event.occurred_at)
        elif event.type in ENDS:
            yield from (engagement(story, began, event.occurred_at) for began in live.values())
            live.clear()
    yield from (engagement(story, began, None) for began in live.values())


def engagement(story: Story, began: DeliveryEvent, ended: datetime | None) -> Engagement:
    return Engagement(
        began.courier.id if began.courier else "", story.order_id, began.offer_id or "", began.occurred_at, ended
    )
