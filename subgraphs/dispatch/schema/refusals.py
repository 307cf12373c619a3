"""The refusals of dispatch in the graph."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

import strawberry

from kernel.graph.context import Info
from kernel.graph.refusals import (
    SHARED,
    IdempotencyKeyReused,
    InvalidInput,
    MalformedId,
    NotAllowed,
    NotFound,
    Refusals,
    RequestInProgress,
    UserError,
)
from subgraphs.dispatch.schema.access import visible_delivery
from subgraphs.dispatch.schema.entities import Delivery
from subgraphs.dispatch.schema.enums import DeliveryAction, DeliveryStatus, OfferStatus


@strawberry.type(description="The offer was answered, has expired or was withdrawn.")
class OfferNotOpen(UserError):
    sentence: ClassVar[str] = "This offer is not open any more."
    status: OfferStatus = strawberry.field(description="What became of it.")


@strawberry.type(description="Only a courier on a shift can accept offers.")
class CourierOffline(UserError):
    sentence: ClassVar[str] = "You are offline: go online first."


@strawberry.type(description="A shift cannot end before what was accepted is brought to its end.")
class DeliveryInProgress(UserError):
    sentence: ClassVar[str] = "Bring your delivery to its end first, or hand it back."
    delivery_id: strawberry.Private[str] = ""

    @strawberry.field(description="What is to be brought to its end.")
    async def delivery(self, info: Info) -> Delivery | None:
        view = await visible_delivery(info.context, self.delivery_id, fresh=True)
        return None if view is None else Delivery.of(view)


@strawberry.type(description="This cannot be done to a delivery in its status.")
class DeliveryStatusMismatch(UserError):
    sentence: ClassVar[str] = "This cannot be done to the delivery now."
    status: DeliveryStatus = strawberry.field(description="Where the delivery stands.")
    allowed: list[DeliveryAction] = strawberry.field(description="What this viewer may do to it instead.")


@strawberry.type(description="That is not the pickup code, or not the PIN.")
class WrongCode(UserError):
    sentence: ClassVar[str] = "That is not the right code."
    attempts_left: int = strawberry.field(description="How many more wrong codes there may be before a pause.")
    locked_until: datetime | None = strawberry.field(description="With no attempts left: when the next code is taken.")


@strawberry.type(description="Too many wrong codes: for a while not even the right one is taken.")
class CodeLocked(UserError):
    sentence: ClassVar[str] = "Too many wrong codes were entered; try again later."
    until: datetime = strawberry.field(description="When the next code is taken.")


@strawberry.type(description="The customer did not ask for the food to be left at the door: they name a PIN.")
class PinRequired(UserError):
    sentence: ClassVar[str] = "Ask the customer for the PIN; this food is not to be left at the door."


@strawberry.type(description="The customer is to be waited for a little longer.")
class TooSoon(UserError):
    sentence: ClassVar[str] = "Wait for the customer a little longer."
    until: datetime = strawberry.field(description="From then on it can be reported.")


REFUSALS = Refusals(
    plain=(
        *SHARED,
        OfferNotOpen,
        CourierOffline,
        DeliveryInProgress,
        DeliveryStatusMismatch,
        CodeLocked,
        PinRequired,
        TooSoon,
    )
)

ALWAYS: Sequence[type[UserError]] = (NotAllowed, InvalidInput, IdempotencyKeyReused, RequestInProgress)
"""What every mutation of dispatch may answer."""
ON_AN_OFFER: Sequence[type[UserError]] = (*ALWAYS, MalformedId, NotFound, OfferNotOpen)
"""What every answer to an offer may be answered with."""
ON_A_DELIVERY: Sequence[type[UserError]] = (*ALWAYS, MalformedId, NotFound, DeliveryStatusMismatch)
"""What every mutation of an existing delivery may answer."""
