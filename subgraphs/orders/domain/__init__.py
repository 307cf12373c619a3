"""What orders decides: a quote in one step, an order over its life, each phase in a module of its own."""

from kernel.deciding import Decider, Decision
from subgraphs.orders.commands import (
    ORDER_COMMANDS,
    AcceptOrder,
    AnyOrderCommand,
    CancelOrder,
    CloseUncollected,
    ConfirmCollection,
    ConfirmOrder,
    DelayOrder,
    DeliveryCommand,
    ExpireOrder,
    FailOrder,
    GiveUpOnKitchen,
    MarkOrderReady,
    PlaceOrder,
    QuoteOrder,
    RejectOrder,
    StartPreparing,
    ViewersOrderCommand,
)
from subgraphs.orders.domain.cancelling import cancel, give_up
from subgraphs.orders.domain.delivering import decide_delivery
from subgraphs.orders.domain.handover import close, collect
from subgraphs.orders.domain.kitchen import accept, delay, mark_ready, reject, start
from subgraphs.orders.domain.order import Order, evolve
from subgraphs.orders.domain.placing import confirm, expire, fail, place
from subgraphs.orders.domain.quoting import quote
from subgraphs.orders.events import ORDER_EVENTS, OrderEvent, QuoteGiven

__all__ = ["ORDERS", "QUOTES", "decide"]


def decide(command: AnyOrderCommand, order: Order | None) -> Decision:  # noqa: C901 - one case per command
    """What comes of a command to an order."""
    if isinstance(command, ViewersOrderCommand):
        return _decide_asked(command, order)
    if isinstance(command, DeliveryCommand):
        return decide_delivery(command, order)
    match command:
        case PlaceOrder():
            return place(command, order)
        case ConfirmOrder():
            return confirm(command, order)
        case FailOrder():
            return fail(command, order)
        case ExpireOrder():
            return expire(command, order)
        case CloseUncollected():
            return close(command, order)
        case GiveUpOnKitchen():
            return give_up(command, order)


def _decide_asked(command: ViewersOrderCommand, order: Order | None) -> Decision:
    match command:
        case AcceptOrder():
            return accept(command, order)
        case RejectOrder():
            return reject(command, order)
        case StartPreparing():
            return start(command, order)
        case DelayOrder():
            return delay(command, order)
        case MarkOrderReady():
            return mark_ready(command, order)
        case ConfirmCollection():
            return collect(command, order)
        case CancelOrder():
            return cancel(command, order)


def _stream(command: AnyOrderCommand) -> str:
    return command.order_id


def _quote_stream(command: QuoteOrder) -> str:
    return command.quote_id


def _given(_: QuoteGiven | None, event: QuoteGiven) -> QuoteGiven:
    return event


ORDERS: Decider[AnyOrderCommand, Order | None, OrderEvent] = Decider(
    commands=ORDER_COMMANDS, events=ORDER_EVENTS, stream=_stream, initial=None, decide=decide, evolve=evolve
)
QUOTES: Decider[QuoteOrder, QuoteGiven | None, QuoteGiven] = Decider(
    commands=(QuoteOrder,), events=(QuoteGiven,), stream=_quote_stream, initial=None, decide=quote, evolve=_given
)
