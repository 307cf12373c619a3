"""News of orders are kept for ever: what was stored before there was delivery is read as it was meant."""

import msgspec
import pytest

from kernel.codec import Codec
from kernel.messages import Event, Personal
from subgraphs.orders.commands import ORDER_COMMANDS, QuoteOrder
from subgraphs.orders.domain.refusals import REFUSALS
from subgraphs.orders.events import (
    EVENTS,
    Carriage,
    DeliveryAddress,
    OrderAccepted,
    OrderPlaced,
    QuoteGiven,
)
from subgraphs.orders.views import OrderView
from tests.orders.deliveries import DELIVERY_PAST, DELIVERY_QUOTE, DOOR
from tests.orders.ordering import PAST, a_quote, accepted, placed

CODEC = Codec(EVENTS)
NEW_FIELDS = {"carriage", "customer_id", "tip_minor", "currency"}


def test_all_news_come_back_as_they_were_stored() -> None:
    told = {event for past in (*PAST.values(), *DELIVERY_PAST.values()) for event in past} | {DELIVERY_QUOTE}
    for event in told:
        assert CODEC.message(type(event).__name__, CODEC.seal(event)) == event


@pytest.mark.parametrize("event", [a_quote(), placed], ids=lambda event: type(event).__name__)
def test_what_was_placed_before_there_was_delivery_is_collected(event: Event) -> None:
    stored = msgspec.json.decode(CODEC.seal(event), type=dict[str, object])
    del stored["carriage"]
    assert CODEC.message(type(event).__name__, msgspec.json.encode(stored)) == event


def test_what_was_accepted_before_there_was_delivery_needs_no_courier() -> None:
    stored = msgspec.json.decode(CODEC.seal(accepted), type=dict[str, object])
    old = CODEC.message(
        "OrderAccepted", msgspec.json.encode({name: stored[name] for name in stored.keys() - NEW_FIELDS})
    )
    assert isinstance(old, OrderAccepted)
    assert (old.customer_id, old.carriage, old.currency) == (None, None, None)
    assert (old.prep_minutes, old.ready_by) == (accepted.prep_minutes, accepted.ready_by)


def test_where_somebody_lives_is_marked_as_theirs_wherever_it_is_kept() -> None:
    keepers = (*EVENTS, *ORDER_COMMANDS, *REFUSALS, QuoteOrder, OrderView)
    marked = {
        kind.__name__: field.name
        for kind in keepers
        for field in msgspec.structs.fields(kind)
        if _holds_address(field.type)
    }
    assert marked == {
        "QuoteGiven": "carriage",
        "OrderPlaced": "carriage",
        "OrderAccepted": "carriage",
        "QuoteOrder": "delivery",
        "QuoteExpired": "delivery",
        "OrderView": "delivery_address",
    }
    for kind in keepers:
        names = {field.name for field in msgspec.structs.fields(kind)}
        for field in msgspec.structs.fields(kind):
            if field.name == marked.get(kind.__name__):
                (mark,) = getattr(field.type, "__metadata__", (None,))
                assert isinstance(mark, Personal)
                assert mark.subject in names


def _holds_address(kind: object) -> bool:
    return any(name in str(kind) for name in (DeliveryAddress.__name__, Carriage.__name__))


def test_no_other_news_say_where_somebody_lives() -> None:
    for past in DELIVERY_PAST.values():
        for event in past:
            if not isinstance(event, QuoteGiven | OrderPlaced | OrderAccepted):
                assert DOOR.street.encode() not in CODEC.seal(event)
