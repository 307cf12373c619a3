"""Where food is carried: an address that makes sense, within reach, kept with the quote and looked at again."""

from math import inf, nan

import msgspec
import pytest

from kernel.places import Position
from subgraphs.orders.domain import ORDERS, QUOTES
from subgraphs.orders.domain.carrying import LONGEST
from subgraphs.orders.domain.refusals import InvalidInput, NotAllowed, OutOfRange, QuoteExpired
from subgraphs.orders.events import FeeKind, Fulfilment, QuoteGiven
from subgraphs.orders.kitchens import Counter
from subgraphs.orders.pricing import delivery_fee
from tests.orders.deliveries import DELIVERY_QUOTE, DOOR, WAY, place_delivery, placed_delivery, quote_delivery
from tests.orders.ordering import AT, COUNTER, KITCHEN, PARTNER, PLAIN_PARTNER, place, quote_order
from tests.scenario import Scenario

NOBODY = Scenario(ORDERS)


def asked(**changes: object) -> Scenario:
    return Scenario(QUOTES).when(msgspec.structs.replace(quote_delivery, **changes))


def addressed(**changes: object) -> Scenario:
    return asked(delivery=msgspec.structs.replace(DOOR, **changes))


def with_kitchen(**changes: object) -> Counter:
    return msgspec.structs.replace(COUNTER, kitchen=msgspec.structs.replace(KITCHEN, **changes))


def test_a_quote_says_what_is_carried_and_what_that_costs() -> None:
    (quote,) = asked().events
    assert isinstance(quote, QuoteGiven)
    assert quote.carriage == WAY
    fee = quote.price.fees[-1]
    assert (fee.kind, fee.amount_minor) == (FeeKind.DELIVERY, delivery_fee(WAY.distance_m))


def test_an_address_belongs_to_a_delivery_and_to_nothing_else() -> None:
    for refusal in (
        asked(delivery=None).then_refused(InvalidInput),
        asked(fulfilment=Fulfilment.TAKEAWAY).then_refused(InvalidInput),
    ):
        assert isinstance(refusal, InvalidInput)
        assert refusal.path == ("delivery",)
    (quote,) = Scenario(QUOTES).when(quote_order).events
    assert isinstance(quote, QuoteGiven)
    assert quote.carriage is None


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(90.1, 0.0), (-90.1, 0.0), (0.0, 180.1), (0.0, -180.1), (nan, 0.0), (0.0, inf)]
)
def test_a_door_is_on_earth(latitude: float, longitude: float) -> None:
    refusal = addressed(position=Position(latitude=latitude, longitude=longitude)).then_refused(InvalidInput)
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == ("delivery", "position")


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("street", "street"),
        ("house_number", "houseNumber"),
        ("postal_code", "postalCode"),
        ("city", "city"),
        ("instructions", "instructions"),
    ],
)
def test_an_address_has_bounds(field: str, name: str) -> None:
    assert len(addressed(**{field: "ä" * LONGEST[field]}).events) == 1
    for text in ("x" * (LONGEST[field] + 1), "a\x00b", "\x1b[2J"):
        refusal = addressed(**{field: text}).then_refused(InvalidInput)
        assert isinstance(refusal, InvalidInput)
        assert refusal.path == ("delivery", name)


def test_a_courier_needs_a_street_and_a_number_and_nothing_else() -> None:
    for field in ("street", "house_number"):
        addressed(**{field: "  "}).then_refused(InvalidInput)
    assert len(addressed(postal_code="", city="", instructions="").events) == 1
    assert len(addressed(instructions="Ring once.\nThen wait.").events) == 1


def test_a_restaurant_delivers_as_far_as_it_says() -> None:
    assert len(asked(counter=with_kitchen(delivery_radius_m=1112)).events) == 1
    refusal = asked(counter=with_kitchen(delivery_radius_m=1111)).then_refused(OutOfRange)
    assert refusal == OutOfRange(distance_m=1112, radius_m=1111, path=("delivery", "position"))
    at_home = asked(counter=with_kitchen(delivery_radius_m=0, position=DOOR.position))
    assert len(at_home.events) == 1


def test_what_is_collected_may_be_collected_from_anywhere() -> None:
    far = msgspec.structs.replace(quote_order, counter=with_kitchen(delivery_radius_m=0))
    assert len(Scenario(QUOTES).when(far).events) == 1


def test_an_order_is_carried_as_it_was_quoted() -> None:
    moved = with_kitchen(address="Elsewhere 1", position=Position(latitude=60.175, longitude=24.94))
    NOBODY.when(msgspec.structs.replace(place_delivery, counter=moved)).then(placed_delivery)


def test_the_range_is_looked_at_again_when_the_order_is_placed() -> None:
    shrunk = msgspec.structs.replace(place_delivery, counter=with_kitchen(delivery_radius_m=500))
    refusal = NOBODY.when(shrunk).then_refused(OutOfRange)
    assert refusal == OutOfRange(distance_m=1112, radius_m=500, path=("quoteId",))


def test_an_expired_quote_says_where_to_for_the_next() -> None:
    expired = msgspec.structs.replace(DELIVERY_QUOTE, expires_at=AT)
    refusal = NOBODY.when(msgspec.structs.replace(place_delivery, quote=expired)).then_refused(QuoteExpired)
    assert isinstance(refusal, QuoteExpired)
    assert (refusal.delivery, refusal.customer_id) == (DOOR, "aino")


def test_partners_order_with_the_scope_and_for_themselves() -> None:
    (quote,) = Scenario(QUOTES).when(msgspec.structs.replace(quote_delivery, viewer=PARTNER)).events
    assert isinstance(quote, QuoteGiven)
    assert quote.customer_id == PARTNER.subject
    Scenario(QUOTES).when(msgspec.structs.replace(quote_delivery, viewer=PLAIN_PARTNER)).then_refused(NotAllowed)
    own = msgspec.structs.replace(place, viewer=PARTNER, quote=quote)
    assert len(NOBODY.when(own).events) == 1
    reading = msgspec.structs.replace(PARTNER, scopes=frozenset({"order:read"}))
    NOBODY.when(msgspec.structs.replace(own, viewer=reading)).then_refused(NotAllowed)
