"""A courier as shown: the one fold of their events, and its table."""

from datetime import datetime
from typing import Annotated

import msgspec

from kernel.log import Recorded
from kernel.messages import Personal, Row, Viewer
from kernel.ownership import Parties
from kernel.places import Vehicle
from kernel.projecting import Key, Projection, View
from subgraphs.dispatch.domain.actions import HIMSELF
from subgraphs.dispatch.events import (
    CourierEvent,
    CourierReleased,
    CourierReserved,
    CourierUnavailable,
    CourierWentOffline,
    CourierWentOnline,
)


class CourierView(Row):
    """A courier as shown, at one version."""

    id: str
    version: int
    subject: Annotated[str, Personal(subject="subject")]
    display_name: Annotated[str, Personal(subject="subject")]
    vehicle: Vehicle
    online: bool
    shift_started_at: datetime
    shift_ended_at: datetime | None = None
    delivery_id: str | None = None
    offer_id: str | None = None
    """The one live engagement, from its reservation until its release."""

    def parties(self, viewer: Viewer) -> Parties:
        """Who stands in which relation to the courier, as far as `viewer` is concerned."""
        himself = viewer.subject == self.subject
        return {HIMSELF: frozenset({viewer.subject}) if himself else frozenset[str]()}


def shown_courier(view: CourierView | None, event: CourierEvent, version: int) -> CourierView | None:
    """The courier after `event`, their `version`th; None for somebody who was never on a shift."""
    if isinstance(event, CourierWentOnline):
        return _online(view, event, version)
    if view is None:
        return None
    moved = msgspec.structs.replace(view, version=version)
    match event:
        case CourierWentOffline(at=at):
            return msgspec.structs.replace(moved, online=False, shift_ended_at=at)
        case CourierReserved(delivery_id=delivery_id, offer_id=offer_id):
            return msgspec.structs.replace(moved, delivery_id=delivery_id, offer_id=offer_id)
        case CourierReleased():
            return msgspec.structs.replace(moved, delivery_id=None, offer_id=None)
        case CourierUnavailable():
            return moved


def _online(view: CourierView | None, event: CourierWentOnline, version: int) -> CourierView:
    goes_on = view is not None and view.online
    return CourierView(
        id=event.courier_id,
        version=version,
        subject=event.subject,
        display_name=event.display_name,
        vehicle=event.vehicle,
        online=True,
        shift_started_at=view.shift_started_at if view is not None and goes_on else event.at,
        delivery_id=None if view is None else view.delivery_id,
        offer_id=None if view is None else view.offer_id,
    )


def fold_courier(view: CourierView | None, record: Recorded, key: Key = ()) -> CourierView | None:
    """The view after the record."""
    event = record.message
    return shown_courier(view, event, record.version or 0) if isinstance(event, CourierEvent) else view


COURIER_VIEW = View(name="courier_view", row=CourierView, key=("id",))

COURIER_PROJECTION = Projection(
    domain="dispatch",
    view=COURIER_VIEW,
    topics=("dispatch.events",),
    keys=lambda record: [(record.stream,)] if isinstance(record.message, CourierEvent) else [],
    fold=fold_courier,
    sharing="stream",
)
