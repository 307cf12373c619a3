"""What dispatch decides: couriers, one engagement at a time, and deliveries over their life, phase by phase."""

from kernel.deciding import Decider, Decision
from subgraphs.dispatch.commands import (
    DELIVERY_COMMANDS,
    AbandonDelivery,
    AcceptOffer,
    AnyDeliveryCommand,
    BeginSearch,
    CancelDelivery,
    ConfirmDropoff,
    ConfirmPickup,
    ConfirmReturn,
    DeclineOffer,
    GiveUpOnCourier,
    LapseOffer,
    LoseCourier,
    MakeOffer,
    PassOver,
    ReassignDelivery,
    RecordArrival,
    RecordCandidates,
    RecordNearDoor,
    ReportUndeliverable,
    RequestDelivery,
    RescheduleDelivery,
    SeekAgain,
    WithdrawOffer,
)
from subgraphs.dispatch.domain.carrying import arrive, confirm_dropoff, confirm_pickup, give_up, near_door, reassign
from subgraphs.dispatch.domain.couriers import COURIERS
from subgraphs.dispatch.domain.delivery import Delivery
from subgraphs.dispatch.domain.ending import cancel, confirm_return, lose, report_undeliverable
from subgraphs.dispatch.domain.evolving import evolve
from subgraphs.dispatch.domain.offering import accept, decline, lapse, make, withdraw
from subgraphs.dispatch.domain.searching import abandon, begin, choose, pass_over, request, reschedule, seek_again
from subgraphs.dispatch.events import DELIVERY_EVENTS, DeliveryEvent

__all__ = ["COURIERS", "DELIVERIES", "decide"]

SearchCommand = (
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
    | AcceptOffer
    | DeclineOffer
)
"""What concerns a delivery until somebody has accepted it."""
RideCommand = (
    RecordArrival
    | RecordNearDoor
    | GiveUpOnCourier
    | LoseCourier
    | CancelDelivery
    | ReassignDelivery
    | ConfirmPickup
    | ConfirmDropoff
    | ReportUndeliverable
    | ConfirmReturn
)
"""What concerns it from then on, or ends it."""


def decide(command: AnyDeliveryCommand, delivery: Delivery | None) -> Decision:
    """What comes of a command to a delivery."""
    return _search(command, delivery) if isinstance(command, SearchCommand) else _ride(command, delivery)


def _search(command: SearchCommand, delivery: Delivery | None) -> Decision:  # noqa: C901 - one case per command
    match command:
        case RequestDelivery():
            return request(command, delivery)
        case RescheduleDelivery():
            return reschedule(command, delivery)
        case BeginSearch():
            return begin(command, delivery)
        case RecordCandidates():
            return choose(command, delivery)
        case PassOver():
            return pass_over(command, delivery)
        case MakeOffer():
            return make(command, delivery)
        case LapseOffer():
            return lapse(command, delivery)
        case WithdrawOffer():
            return withdraw(command, delivery)
        case SeekAgain():
            return seek_again(command, delivery)
        case AbandonDelivery():
            return abandon(command, delivery)
        case AcceptOffer():
            return accept(command, delivery)
        case DeclineOffer():
            return decline(command, delivery)


def _ride(command: RideCommand, delivery: Delivery | None) -> Decision:  # noqa: C901 - one case per command
    match command:
        case RecordArrival():
            return arrive(command, delivery)
        case RecordNearDoor():
            return near_door(command, delivery)
        case GiveUpOnCourier():
            return give_up(command, delivery)
        case LoseCourier():
            return lose(command, delivery)
        case CancelDelivery():
            return cancel(command, delivery)
        case ReassignDelivery():
            return reassign(command, delivery)
        case ConfirmPickup():
            return confirm_pickup(command, delivery)
        case ConfirmDropoff():
            return confirm_dropoff(command, delivery)
        case ReportUndeliverable():
            return report_undeliverable(command, delivery)
        case ConfirmReturn():
            return confirm_return(command, delivery)


def _stream(command: AnyDeliveryCommand) -> str:
    return command.delivery_id


DELIVERIES: Decider[AnyDeliveryCommand, Delivery | None, DeliveryEvent] = Decider(
    commands=DELIVERY_COMMANDS, events=DELIVERY_EVENTS, stream=_stream, initial=None, decide=decide, evolve=evolve
)
