"""A quote binds the price of what can be had now, by the restaurant's own numbers."""

from datetime import timedelta

import msgspec
import pytest

from kernel.messages import ANONYMOUS
from subgraphs.orders.domain import QUOTES
from subgraphs.orders.domain.quoting import MAX_LINES, MAX_OPTIONS, MAX_QUANTITY
from subgraphs.orders.domain.refusals import (
    BelowMinimumBasket,
    InvalidInput,
    ItemsUnavailable,
    NotAllowed,
    NotFound,
    OptionRulesBroken,
    RestaurantClosed,
    RestaurantPaused,
)
from subgraphs.orders.events import FeeKind, QuoteGiven
from subgraphs.orders.kitchens import Counter, KitchenRow, Selection, UnavailableItem
from tests.orders.ordering import (
    AT,
    BREAD,
    COOK,
    COUNTER,
    CREAM,
    DILL,
    EXTRAS,
    GROUPS,
    ITEMS,
    KITCHEN,
    LARGE,
    LINES,
    MINUTE,
    QUOTE,
    RESTAURANT,
    SALMON,
    SIZE,
    SMALL,
    SOUP,
    a_quote,
    quote_order,
)
from tests.scenario import Scenario

ASKING = Scenario(QUOTES)


def with_kitchen(**changes: object) -> Counter:
    return msgspec.structs.replace(COUNTER, kitchen=msgspec.structs.replace(KITCHEN, **changes))


def asked(*lines: Selection, **changes: object) -> Scenario:
    return ASKING.when(msgspec.structs.replace(quote_order, **({"lines": lines} if lines else {}), **changes))


def given(*lines: Selection, **changes: object) -> QuoteGiven:
    (event,) = asked(*lines, **changes).events
    assert isinstance(event, QuoteGiven)
    return event


def test_a_quote_names_prices_and_binds_them_for_a_quarter_of_an_hour() -> None:
    quote = given(tip_minor=200)
    assert (quote.quote_id, quote.customer_id, quote.restaurant_id) == (QUOTE, "aino", RESTAURANT)
    assert quote.expires_at == AT + timedelta(minutes=15)
    soup, bread = quote.price.lines
    assert (soup.name, soup.unit_minor, [option.name for option in soup.options]) == (
        "Salmon soup",
        1290,
        ["Large", "Dill"],
    )
    assert soup.total_minor == 2 * (1290 + 300 + 50)
    assert bread.total_minor == 250
    assert quote.price.total_minor == 3280 + 250 + 106 + 200  # with 3 % of 3530 for the service


def test_a_quote_is_given_once() -> None:
    ASKING.given(a_quote()).when(quote_order).then_nothing()


def test_only_customers_are_quoted() -> None:
    for viewer in (COOK, ANONYMOUS):
        ASKING.when(msgspec.structs.replace(quote_order, viewer=viewer)).then_refused(NotAllowed)


def test_an_unknown_or_retired_restaurant_is_not_found() -> None:
    asked(counter=None).then_refused(NotFound)
    asked(counter=with_kitchen(retired=True)).then_refused(NotFound)


def test_a_pause_says_when_it_ends_and_ends_by_itself() -> None:
    paused = with_kitchen(paused_until=AT + MINUTE)
    assert asked(counter=paused).then_refused(RestaurantPaused) == RestaurantPaused(until=AT + MINUTE)
    assert given(counter=paused, at=AT + MINUTE).price.subtotal_minor == 3530


def test_a_closed_restaurant_says_when_it_opens() -> None:
    closed = with_kitchen(opening_hours="Mo-Su 20:00-22:00")  # in Helsinki; AT is 19:00 there
    assert asked(counter=closed).then_refused(RestaurantClosed) == RestaurantClosed(opens_at=AT + 60 * MINUTE)
    never = with_kitchen(opening_hours="off")
    assert asked(counter=never).then_refused(RestaurantClosed) == RestaurantClosed(opens_at=None)


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ((), ("lines",)),
        (tuple(Selection(item_id=BREAD, quantity=1) for _ in range(MAX_LINES + 1)), ("lines",)),
        ((Selection(item_id=BREAD, quantity=0),), ("lines", "0", "quantity")),
        ((*LINES, Selection(item_id=BREAD, quantity=MAX_QUANTITY + 1)), ("lines", "2", "quantity")),
        (
            (Selection(item_id=SOUP, quantity=1, option_ids=(DILL,) * (MAX_OPTIONS + 1)),),
            ("lines", "0", "optionIds"),
        ),
    ],
)
def test_a_selection_has_bounds(lines: tuple[Selection, ...], path: tuple[str, ...]) -> None:
    refusal = ASKING.when(msgspec.structs.replace(quote_order, lines=lines)).then_refused(InvalidInput)
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == path


def test_a_tip_is_neither_negative_nor_more_than_the_food() -> None:
    asked(tip_minor=-1).then_refused(InvalidInput)
    asked(tip_minor=3531).then_refused(InvalidInput)
    assert given(tip_minor=3530).price.tip_minor == 3530


def test_an_order_has_a_size_that_a_payment_can_have() -> None:
    dear = (msgspec.structs.replace(ITEMS[2], price_minor=100_000_000), *ITEMS[:2])
    asked(Selection(item_id=SALMON, quantity=99), counter=msgspec.structs.replace(COUNTER, items=dear)).then_refused(
        InvalidInput
    )


def test_what_is_not_on_the_menu_cannot_be_had() -> None:
    refusal = asked(Selection(item_id="item_other", quantity=1)).then_refused(ItemsUnavailable)
    assert refusal == ItemsUnavailable(items=(UnavailableItem(item_id="item_other"),))
    retired = msgspec.structs.replace(COUNTER, items=(msgspec.structs.replace(ITEMS[1], retired=True), ITEMS[0]))
    refusal = asked(Selection(item_id=BREAD, quantity=1), counter=retired).then_refused(ItemsUnavailable)
    assert refusal == ItemsUnavailable(items=(UnavailableItem(item_id=BREAD),))


def test_what_is_off_says_when_it_is_back() -> None:
    off = msgspec.structs.replace(ITEMS[0], unavailable=True, unavailable_until=AT + MINUTE)
    gone = msgspec.structs.replace(ITEMS[1], unavailable=True)
    counter = msgspec.structs.replace(COUNTER, items=(off, gone))
    assert asked(*LINES, *LINES, counter=counter).then_refused(ItemsUnavailable) == ItemsUnavailable(
        items=(
            UnavailableItem(item_id=SOUP, name="Salmon soup", available_from=AT + MINUTE),
            UnavailableItem(item_id=BREAD, name="Rye bread"),
        )
    )
    back = msgspec.structs.replace(COUNTER, items=(off, ITEMS[1]))
    assert given(counter=back, at=AT + MINUTE).price.subtotal_minor == 3530


def test_options_are_off_too_and_unknown_ones_are_nobodys() -> None:
    size, extras = GROUPS
    off = msgspec.structs.replace(extras.options[0], unavailable=True)
    counter = msgspec.structs.replace(
        COUNTER, groups=(size, msgspec.structs.replace(extras, options=(off, extras.options[1])))
    )
    wanted = Selection(item_id=SOUP, quantity=1, option_ids=(LARGE, DILL, "option_other"))
    assert asked(wanted, counter=counter).then_refused(ItemsUnavailable) == ItemsUnavailable(
        items=(
            UnavailableItem(item_id=SOUP, option_id=DILL, name="Dill"),
            UnavailableItem(item_id=SOUP, option_id="option_other"),
        )
    )


def test_options_of_a_retired_group_cannot_be_chosen() -> None:
    size, extras = GROUPS
    counter = msgspec.structs.replace(COUNTER, groups=(size, msgspec.structs.replace(extras, retired=True)))
    asked(counter=counter).then_refused(ItemsUnavailable)


@pytest.mark.parametrize(
    ("option_ids", "group_id", "chosen"),
    [
        ((), SIZE, 0),
        ((SMALL, LARGE), SIZE, 2),
        ((SMALL, DILL, DILL), EXTRAS, 2),
        ((SMALL, DILL, CREAM, CREAM), EXTRAS, 3),
    ],
)
def test_option_rules_hold(option_ids: tuple[str, ...], group_id: str, chosen: int) -> None:
    refusal = asked(
        Selection(item_id=BREAD, quantity=1), Selection(item_id=SOUP, quantity=1, option_ids=option_ids)
    ).then_refused(OptionRulesBroken)
    assert isinstance(refusal, OptionRulesBroken)
    assert (refusal.item_id, refusal.group_id, refusal.chosen) == (SOUP, group_id, chosen)
    assert refusal.path == ("lines", "1", "optionIds")


def test_a_small_basket_costs_a_fee_and_a_tiny_one_is_refused() -> None:
    small = given(Selection(item_id=BREAD, quantity=3))
    assert [fee.amount_minor for fee in small.price.fees if fee.kind is FeeKind.SMALL_ORDER] == [750]
    refusal = asked(Selection(item_id=BREAD, quantity=2)).then_refused(BelowMinimumBasket)
    assert refusal == BelowMinimumBasket(required_minor=750, subtotal_minor=500, currency="EUR")


def test_a_kitchen_takes_orders_when_it_is_open_and_not_paused() -> None:
    def takes(**changes: object) -> bool:
        kitchen: KitchenRow = msgspec.structs.replace(KITCHEN, **changes)
        return kitchen.takes_orders(AT)

    assert takes()
    assert not takes(retired=True)
    assert not takes(paused_until=AT + MINUTE)
    assert not takes(opening_hours="off")
