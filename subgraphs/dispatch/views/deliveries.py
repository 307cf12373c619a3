"""A delivery as shown: the one fold of its events, and its table."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from kernel.ids import person_id
from kernel.log import Recorded
from kernel.messages import Personal, Row, Viewer
from kernel.ownership import Parties
from kernel.projecting import Key, Projection, View
from subgraphs.dispatch.domain.actions import ENDED, DeliveryStatus, parties
from subgraphs.dispatch.domain.delivery import STATUS_AFTER
from subgraphs.dispatch.events import (
    CourierArrived,
    CourierAtDoor,
    CourierChosen,
    CourierSought,
    DeliveryAssigned,
    DeliveryCompleted,
    DeliveryEvent,
    DeliveryFailed,
    DeliveryFailure,
    DeliveryPickedUp,
    DeliveryRequested,
    DeliveryRescheduled,
    DeliveryUnassigned,
    DeliveryUndeliverable,
    Dropoff,
    DropoffPinMistaken,
    DropoffProof,
    LaterDeliveryEvent,
    OfferMade,
    Pickup,
    PickupCodeMistaken,
    UndeliverableReason,
)
from subgraphs.dispatch.views.offers import OfferView, offer_after, offer_made


class DeliveryView(Row):
    """A delivery as shown, at one version."""

    id: str
    order_id: str
    version: int
    status: DeliveryStatus = DeliveryStatus.SCHEDULED
    restaurant_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    pickup: Pickup
    dropoff: Annotated[Dropoff, Personal(subject="customer_id")]
    distance_m: int
    ready_by: datetime
    is_ready: bool = False
    search_at: datetime
    rounds: int = 0
    offer: OfferView | None = None
    """The latest one."""
    courier_id: str | None = None
    """Who accepted it; kept when it has ended, forgotten when it is taken from them."""
    requested_at: datetime
    changed_at: datetime
    assigned_at: datetime | None = None
    pickup_expected_at: datetime | None = None
    arrived_at: datetime | None = None
    picked_up_at: datetime | None = None
    at_door_at: datetime | None = None
    completed_at: datetime | None = None
    ended_at: datetime | None = None
    proof: DropoffProof | None = None
    undeliverable_reason: UndeliverableReason | None = None
    failure: DeliveryFailure | None = None
    wrong_codes: int = 0
    """How many wrong codes were entered in a row; 0 again once the code was locked."""
    code_locked_until: datetime | None = None

    def is_courier(self, viewer: Viewer) -> bool:
        """Whether `viewer` is the courier who carries it, or has."""
        return self.courier_id is not None and self.courier_id == person_id("courier", viewer.subject)

    def parties(self, viewer: Viewer, workplaces: Collection[str] = ()) -> Parties:
        """Who stands in which relation to it, as far as `viewer`, who works at `workplaces`, is concerned."""
        return parties(
            viewer,
            self.customer_id,
            is_courier=self.is_courier(viewer),
            is_staff=self.restaurant_id in workplaces,
            status=self.status,
        )


def shown_delivery(view: DeliveryView | None, event: DeliveryEvent, version: int) -> DeliveryView:
    """The delivery after `event`, its `version`th."""
    if isinstance(event, DeliveryRequested):
        return _begun(event, version)
    assert view is not None, "the story of a delivery begins with its request"
    status = STATUS_AFTER.get(type(event), view.status)
    return msgspec.structs.replace(
        view,
        version=version,
        status=status,
        changed_at=event.at,
        ended_at=event.at if status in ENDED else None,
        offer=offer_made(event) if isinstance(event, OfferMade) else offer_after(view.offer, event),
        **_told(event),
    )


def _begun(event: DeliveryRequested, version: int) -> DeliveryView:
    return DeliveryView(
        id=event.delivery_id,
        order_id=event.order_id,
        version=version,
        restaurant_id=event.restaurant_id,
        customer_id=event.customer_id,
        pickup=event.pickup,
        dropoff=event.dropoff,
        distance_m=event.distance_m,
        ready_by=event.ready_by,
        search_at=event.search_at,
        requested_at=event.at,
        changed_at=event.at,
    )


_NO_COURIER: Mapping[str, object] = {
    "courier_id": None,
    "assigned_at": None,
    "pickup_expected_at": None,
    "arrived_at": None,
    "wrong_codes": 0,
    "code_locked_until": None,
}


def _told(event: LaterDeliveryEvent) -> Mapping[str, object]:  # noqa: C901 - one case per event
    """The fields that this event alone sets."""
    match event:
        case DeliveryRescheduled(ready_by=ready_by, search_at=search_at, is_ready=is_ready):
            return {"ready_by": ready_by, "search_at": search_at, "is_ready": is_ready}
        case CourierSought(round=number):
            return {"rounds": number}
        case DeliveryAssigned(at=at, courier_id=courier_id, pickup_expected_at=expected_at):
            return {"courier_id": courier_id, "assigned_at": at, "pickup_expected_at": expected_at}
        case DeliveryUnassigned():
            return _NO_COURIER
        case CourierArrived(at=at):
            return {"arrived_at": at}
        case DeliveryPickedUp(at=at):
            return {"picked_up_at": at, "wrong_codes": 0, "code_locked_until": None}
        case CourierAtDoor(at=at):
            return {"at_door_at": at}
        case PickupCodeMistaken() | DropoffPinMistaken() as mistaken:
            wrong = mistaken.attempts if mistaken.locked_until is None else 0
            return {"wrong_codes": wrong, "code_locked_until": mistaken.locked_until}
        case DeliveryCompleted(at=at, proof=proof):
            return {"completed_at": at, "proof": proof}
        case DeliveryUndeliverable(reason=reason):
            return {"undeliverable_reason": reason}
        case DeliveryFailed(reason=reason):
            return {"failure": reason}
        case _:
            return {}


def fold_delivery(view: DeliveryView | None, record: Recorded, key: Key = ()) -> DeliveryView | None:
    """The view after the record."""
    event = record.message
    return shown_delivery(view, event, record.version or 0) if isinstance(event, DeliveryEvent) else view


def _wakes(record: Recorded) -> Sequence[str]:
    """The courier whom the event concerns: they watch a delivery by their own id."""
    event = record.message
    if not isinstance(event, DeliveryEvent) or isinstance(event, CourierChosen):
        return ()
    courier_id: str | None = getattr(event, "courier_id", None)
    return () if courier_id is None else (courier_id,)


DELIVERY_VIEW = View(
    name="delivery_view",
    row=DeliveryView,
    key=("id",),
    indexes=("(courier_id, customer_id)", "(requested_at, id) where status in ('SEARCHING', 'OFFERED')"),
)

DELIVERY_PROJECTION = Projection(
    domain="dispatch",
    view=DELIVERY_VIEW,
    topics=("dispatch.events",),
    keys=lambda record: [(record.stream,)] if isinstance(record.message, DeliveryEvent) else [],
    fold=fold_delivery,
    sharing="stream",
    wakes=_wakes,
)
