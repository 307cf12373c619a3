"""What couriers and deliveries can be told to do. Facts are fields that handling fills in before deciding.

Every command of a timer names the cycle it belongs to (a schedule, a round, an offer, a deadline): a late one is stale.
"""

from datetime import datetime
from typing import Annotated

from kernel.messages import Command, Personal
from kernel.places import Vehicle
from subgraphs.dispatch.events import (
    Considered,
    DeclineReason,
    Dropoff,
    Pickup,
    ReassignmentReason,
    UndeliverableReason,
)


class CourierCommand(Command):
    """What every command to a courier names."""

    courier_id: str


class GoOnline(CourierCommand):
    """The viewer begins a shift."""

    vehicle: Vehicle
    display_name: Annotated[str, Personal(subject="viewer")]


class GoOffline(CourierCommand):
    """The viewer ends the shift."""

    carried_delivery_id: str | None = None
    """The delivery that the courier has accepted and not brought to its end, as its stream has it when they ask."""


class ReserveCourier(CourierCommand):
    """Engage the courier for this offer, if they are free."""

    delivery_id: str
    offer_id: str


class ReleaseCourier(CourierCommand):
    """That engagement is over."""

    offer_id: str


class DeliveryCommand(Command):
    """What every command to a delivery names."""

    delivery_id: str


class RequestDelivery(DeliveryCommand):
    """The kitchen has taken on an order that has to be delivered."""

    order_id: str
    restaurant_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    pickup: Pickup
    dropoff: Annotated[Dropoff, Personal(subject="customer_id")]
    distance_m: int
    ready_by: datetime
    tip_minor: int = 0
    currency: str | None = None


class RescheduleDelivery(DeliveryCommand):
    """The kitchen needs another time, or is done."""

    ready_by: datetime
    is_ready: bool = False


class BeginSearch(DeliveryCommand):
    """The time to look for a courier has come, if the schedule is still the one of this timer."""

    search_at: datetime


class RecordCandidates(DeliveryCommand):
    """These couriers are near, as was asked in that round."""

    round: int
    candidates: tuple[Considered, ...]


class PassOver(DeliveryCommand):
    """The chosen courier cannot be had: the next best one."""

    offer_id: str


class MakeOffer(DeliveryCommand):
    """The chosen courier is reserved: ask them."""

    offer_id: str
    vehicle: Vehicle


class LapseOffer(DeliveryCommand):
    """Nobody answered that offer in time."""

    offer_id: str


class WithdrawOffer(DeliveryCommand):
    """The courier who is asked cannot take it any more."""

    offer_id: str


class SeekAgain(DeliveryCommand):
    """Nobody was found in that round: look again, wider."""

    after_round: int


class AbandonDelivery(DeliveryCommand):
    """Nobody was found until that deadline."""

    deadline: datetime


class RecordArrival(DeliveryCommand):
    """Tracking saw the courier at the restaurant."""

    courier_id: str


class RecordNearDoor(DeliveryCommand):
    """Tracking saw the courier near the customer's door."""

    courier_id: str


class GiveUpOnCourier(DeliveryCommand):
    """The food waits, and that courier did not come for it, or came and did not take it."""

    offer_id: str
    arrived: bool


class LoseCourier(DeliveryCommand):
    """That courier has had the food for far too long."""

    offer_id: str
    returning: bool = False


class CancelDelivery(DeliveryCommand):
    """The order is to be called off, or has ended otherwise."""

    asked: bool = False
    """Whether the order waits for an answer."""


class ViewerCommand(DeliveryCommand):
    """A command by somebody in front of a screen."""

    works_there: bool = False
    """Fact: whether the viewer hands the food over, and so may know of the delivery."""


class OfferCommand(ViewerCommand):
    """A courier's answer to an offer."""

    offer_id: str


class AcceptOffer(OfferCommand):
    online: bool = True
    """Fact: whether the viewer is on a shift."""


class DeclineOffer(OfferCommand):
    reason: DeclineReason


class ReassignDelivery(ViewerCommand):
    reason: ReassignmentReason


class ConfirmPickup(ViewerCommand):
    """The courier takes the food from whoever named the code; the code itself is never stored."""

    code_is_right: bool


class ConfirmDropoff(ViewerCommand):
    """The customer has the food: they named the PIN, or want it left at the door."""

    pin_is_right: bool | None
    """None for food that is left at the door."""


class ReportUndeliverable(ViewerCommand):
    reason: UndeliverableReason


class ConfirmReturn(ViewerCommand):
    """The food is back at the restaurant."""


AnyCourierCommand = GoOnline | GoOffline | ReserveCourier | ReleaseCourier

AnyDeliveryCommand = (
    RequestDelivery
    | RescheduleDelivery
    | BeginSearch
    | RecordCandidates
    | PassOver
    | MakeOffer
    | LapseOffer
    | WithdrawOffer
    | SeekAgain
    | AbandonDelivery
    | RecordArrival
    | RecordNearDoor
    | GiveUpOnCourier
    | LoseCourier
    | CancelDelivery
    | AcceptOffer
    | DeclineOffer
    | ReassignDelivery
    | ConfirmPickup
    | ConfirmDropoff
    | ReportUndeliverable
    | ConfirmReturn
)

COURIER_COMMANDS: tuple[type[AnyCourierCommand], ...] = (GoOnline, GoOffline, ReserveCourier, ReleaseCourier)

DELIVERY_COMMANDS: tuple[type[AnyDeliveryCommand], ...] = (
    RequestDelivery,
    RescheduleDelivery,
    BeginSearch,
    RecordCandidates,
    PassOver,
    MakeOffer,
    LapseOffer,
    WithdrawOffer,
    SeekAgain,
    AbandonDelivery,
    RecordArrival,
    RecordNearDoor,
    GiveUpOnCourier,
    LoseCourier,
    CancelDelivery,
    AcceptOffer,
    DeclineOffer,
    ReassignDelivery,
    ConfirmPickup,
    ConfirmDropoff,
    ReportUndeliverable,
    ConfirmReturn,
)
