"""Couriers decided: shifts, and never two engagements at a time."""

from datetime import datetime

import msgspec

from kernel.deciding import Decider, Decision
from kernel.messages import Command, Value
from kernel.ownership import may
from kernel.places import Vehicle
from subgraphs.dispatch.commands import (
    COURIER_COMMANDS,
    AnyCourierCommand,
    GoOffline,
    GoOnline,
    ReleaseCourier,
    ReserveCourier,
)
from subgraphs.dispatch.domain.actions import BE_COURIER
from subgraphs.dispatch.domain.refusals import DeliveryInProgress, InvalidInput, NotAllowed
from subgraphs.dispatch.events import (
    COURIER_EVENTS,
    CourierEvent,
    CourierReleased,
    CourierReserved,
    CourierUnavailable,
    CourierWentOffline,
    CourierWentOnline,
    Unavailability,
)

LONGEST_NAME = 60


class Courier(Value):
    """What decisions about a courier depend on."""

    online: bool = False
    vehicle: Vehicle = Vehicle.BICYCLE
    display_name: str = ""
    delivery_id: str | None = None
    offer_id: str | None = None
    """The one live engagement, from its reservation until its release."""
    last_at: datetime | None = None


def decide(command: AnyCourierCommand, courier: Courier) -> Decision:
    """What comes of a command to a courier."""
    match command:
        case GoOnline():
            return _go_online(command, courier)
        case GoOffline():
            return _go_offline(command, courier)
        case ReserveCourier():
            return _reserve(command, courier)
        case ReleaseCourier():
            return _release(command, courier)


def _go_online(command: GoOnline, courier: Courier) -> Decision:
    name = command.display_name.strip()
    if not may(command.viewer, BE_COURIER, {}):
        return NotAllowed()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        return InvalidInput(reason=f"A name has 1 to {LONGEST_NAME} letters.", path=("displayName",))
    if courier.online and (courier.vehicle, courier.display_name) == (command.vehicle, name):
        return []  # Asking twice is not an error: retries must be harmless.
    return [
        CourierWentOnline(
            at=_moment(command, courier),
            courier_id=command.courier_id,
            subject=command.viewer.subject,
            vehicle=command.vehicle,
            display_name=name,
        )
    ]


def _go_offline(command: GoOffline, courier: Courier) -> Decision:
    if not may(command.viewer, BE_COURIER, {}):
        return NotAllowed()
    if not courier.online:
        return []  # The shift has ended already.
    if command.carried_delivery_id is not None and command.carried_delivery_id == courier.delivery_id:
        return DeliveryInProgress(delivery_id=command.carried_delivery_id)
    return [
        CourierWentOffline(
            at=_moment(command, courier),
            courier_id=command.courier_id,
            delivery_id=courier.delivery_id,
            offer_id=courier.offer_id,
        )
    ]


def _reserve(command: ReserveCourier, courier: Courier) -> Decision:
    if courier.offer_id == command.offer_id:
        return []  # Asking twice is not an error: retries must be harmless.
    at, courier_id = _moment(command, courier), command.courier_id
    if courier.online and courier.offer_id is None:
        return [
            CourierReserved(
                at=at,
                courier_id=courier_id,
                delivery_id=command.delivery_id,
                offer_id=command.offer_id,
                vehicle=courier.vehicle,
            )
        ]
    return [
        CourierUnavailable(
            at=at,
            courier_id=courier_id,
            delivery_id=command.delivery_id,
            offer_id=command.offer_id,
            reason=Unavailability.ENGAGED if courier.online else Unavailability.OFFLINE,
        )
    ]


def _release(command: ReleaseCourier, courier: Courier) -> Decision:
    if courier.offer_id != command.offer_id or courier.delivery_id is None:
        return []  # They could not be reserved for it, or are free of it already.
    return [
        CourierReleased(
            at=_moment(command, courier),
            courier_id=command.courier_id,
            delivery_id=courier.delivery_id,
            offer_id=command.offer_id,
        )
    ]


def _moment(command: Command, courier: Courier) -> datetime:
    """When the command's events happen: clocks of two processes may differ, a courier's time never goes back."""
    return command.at if courier.last_at is None else max(command.at, courier.last_at)


def evolve(courier: Courier, event: CourierEvent) -> Courier:
    """The courier after `event`."""
    moved = msgspec.structs.replace(courier, last_at=event.at)
    match event:
        case CourierWentOnline(vehicle=vehicle, display_name=name):
            return msgspec.structs.replace(moved, online=True, vehicle=vehicle, display_name=name)
        case CourierWentOffline():
            return msgspec.structs.replace(moved, online=False)
        case CourierReserved(delivery_id=delivery_id, offer_id=offer_id):
            return msgspec.structs.replace(moved, delivery_id=delivery_id, offer_id=offer_id)
        case CourierReleased():
            return msgspec.structs.replace(moved, delivery_id=None, offer_id=None)
        case CourierUnavailable():
            return moved


def _stream(command: AnyCourierCommand) -> str:
    return command.courier_id


COURIERS: Decider[AnyCourierCommand, Courier, CourierEvent] = Decider(
    commands=COURIER_COMMANDS, events=COURIER_EVENTS, stream=_stream, initial=Courier(), decide=decide, evolve=evolve
)
