"""Every "no" of dispatch."""

from datetime import datetime

from kernel.messages import Refusal
from subgraphs.dispatch.domain.actions import DeliveryAction, DeliveryStatus, OfferStatus


class InvalidInput(Refusal):
    """The input is readable but makes no sense; not stored, so that the same key can be used again."""

    reason: str
    path: tuple[str, ...] = ()


class NotFound(Refusal):
    """There is no such thing, or the viewer may not know of it."""

    path: tuple[str, ...] = ()


class NotAllowed(Refusal):
    """The viewer may see this but not do that to it."""


class OfferNotOpen(Refusal):
    """The offer was answered, has expired or was withdrawn."""

    status: OfferStatus


class CourierOffline(Refusal):
    """Only a courier on a shift can accept offers."""


class DeliveryInProgress(Refusal):
    """A courier who has accepted a delivery brings it to its end before the shift ends."""

    delivery_id: str


class DeliveryStatusMismatch(Refusal):
    """Not in this status; `allowed` is what this viewer may do now."""

    status: DeliveryStatus
    allowed: tuple[DeliveryAction, ...]


class CodeLocked(Refusal):
    """Too many wrong codes were entered; not even the right one is taken until `until`."""

    until: datetime


class PinRequired(Refusal):
    """The customer did not ask for the food to be left at the door."""


class TooSoon(Refusal):
    """The customer must be waited for until `until`."""

    until: datetime


REFUSALS: tuple[type[Refusal], ...] = (
    NotFound,
    NotAllowed,
    OfferNotOpen,
    CourierOffline,
    DeliveryInProgress,
    DeliveryStatusMismatch,
    CodeLocked,
    PinRequired,
    TooSoon,
)
"""The refusals that are outcomes: stored with an idempotent request. `InvalidInput` is none."""
