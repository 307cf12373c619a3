"""Quoting: checks a selection against the kitchen's menu and binds its price."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kernel.deciding import Decision
from kernel.messages import Refusal
from kernel.ownership import may
from subgraphs.orders.commands import QuoteOrder
from subgraphs.orders.domain.actions import QUOTE
from subgraphs.orders.domain.carrying import carriage_of, misdirected, out_of_range
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
from subgraphs.orders.events import ChosenOption, Price, QuoteGiven
from subgraphs.orders.kitchens import Counter, KitchenGroupRow, KitchenRow, Selection, unavailable
from subgraphs.orders.pricing import ChosenLine, price_of, smallest_basket

QUOTE_LIFE = timedelta(minutes=15)
MAX_LINES = 50
MAX_QUANTITY = 99
MAX_OPTIONS = 50
MAX_TOTAL_MINOR = 1_000_000_000


def quote(command: QuoteOrder, given: QuoteGiven | None) -> Decision:
    """A bound price for the selection."""
    if given is not None:
        return []  # The same command again.
    counter = command.counter
    refusal = _malformed(command)
    if refusal is not None:
        return refusal
    if counter is None or counter.kitchen.retired:
        return NotFound(path=("restaurantId",))
    refusal = (
        shut(counter.kitchen, command.at)
        or gone(command.lines, counter, command.at)
        or _misfit(command.lines, counter)
        or out_of_range(counter.kitchen, command.delivery, "delivery", "position")
    )
    return refusal or _priced(command, counter)


def shut(kitchen: KitchenRow, at: datetime) -> Refusal | None:
    """Why the kitchen takes no orders at `at`."""
    pause_end = kitchen.pause_end(at)
    if pause_end is not None:
        return RestaurantPaused(until=pause_end)
    return None if kitchen.is_open(at) else RestaurantClosed(opens_at=kitchen.opens_at(at))


def gone(lines: Sequence[Selection], counter: Counter, at: datetime) -> Refusal | None:
    """What of the selection cannot be had at `at`."""
    items = unavailable(lines, counter, at)
    return ItemsUnavailable(items=items) if items else None


def _malformed(command: QuoteOrder) -> Refusal | None:
    if not may(command.viewer, QUOTE, {}):
        return NotAllowed()
    if not 1 <= len(command.lines) <= MAX_LINES:
        return InvalidInput(reason=f"An order has between 1 and {MAX_LINES} lines.", path=("lines",))
    for number, line in enumerate(command.lines):
        if not 1 <= line.quantity <= MAX_QUANTITY:
            reason = f"A quantity is between 1 and {MAX_QUANTITY}."
            return InvalidInput(reason=reason, path=("lines", str(number), "quantity"))
        if len(line.option_ids) > MAX_OPTIONS:
            reason = f"A line has at most {MAX_OPTIONS} options."
            return InvalidInput(reason=reason, path=("lines", str(number), "optionIds"))
    if command.tip_minor < 0:
        return InvalidInput(reason="A tip is not negative.", path=("tipMinor",))
    return misdirected(command.fulfilment, command.delivery)


def _misfit(lines: Sequence[Selection], counter: Counter) -> Refusal | None:
    """The first option rule that the selection breaks."""
    for number, line in enumerate(lines):
        item = counter.item(line.item_id)
        assert item is not None, "what is not on the menu was refused before"
        for group in counter.groups_of(item):
            chosen = [option_id for option_id in line.option_ids if option_id in _ids(group)]
            if group.min_choices <= len(chosen) <= group.max_choices and len(set(chosen)) == len(chosen):
                continue
            return OptionRulesBroken(
                item_id=item.id,
                item_name=item.name,
                group_id=group.id,
                group_name=group.name,
                min_choices=group.min_choices,
                max_choices=group.max_choices,
                chosen=len(chosen),
                path=("lines", str(number), "optionIds"),
            )
    return None


def _ids(group: KitchenGroupRow) -> frozenset[str]:
    return frozenset(option.id for option in group.options)


def _priced(command: QuoteOrder, counter: Counter) -> Decision:
    kitchen = counter.kitchen
    lines = [_chosen(line, counter) for line in command.lines]
    carriage = None if command.delivery is None else carriage_of(kitchen, command.delivery)
    distance_m = None if carriage is None else carriage.distance_m
    price = price_of(lines, kitchen.minimum_basket_minor, command.tip_minor, kitchen.currency, distance_m)
    refusal = _unreasonable(price, kitchen)
    if refusal is not None:
        return refusal
    return [
        QuoteGiven(
            at=command.at,
            quote_id=command.quote_id,
            customer_id=command.viewer.subject,
            restaurant_id=kitchen.id,
            fulfilment=command.fulfilment,
            price=price,
            expires_at=command.at + QUOTE_LIFE,
            carriage=carriage,
        )
    ]


def _unreasonable(price: Price, kitchen: KitchenRow) -> Refusal | None:
    required = smallest_basket(kitchen.minimum_basket_minor)
    if price.subtotal_minor < required:
        return BelowMinimumBasket(required_minor=required, subtotal_minor=price.subtotal_minor, currency=price.currency)
    if price.tip_minor > price.subtotal_minor:
        return InvalidInput(reason="A tip is at most what the food costs.", path=("tipMinor",))
    if price.total_minor > MAX_TOTAL_MINOR:
        return InvalidInput(reason="The order is too large.", path=("lines",))
    return None


def _chosen(line: Selection, counter: Counter) -> ChosenLine:
    item = counter.item(line.item_id)
    assert item is not None, "what is not on the menu was refused before"
    options = tuple(
        ChosenOption(option_id=option.id, group_id=group.id, name=option.name, price_minor=option.price_minor)
        for group in counter.groups_of(item)
        for option in group.options
        if option.id in line.option_ids
    )
    return ChosenLine(
        item_id=item.id,
        name=item.name,
        quantity=line.quantity,
        unit_minor=item.price_minor,
        options=options,
        tax_rate=item.tax_rate,
    )
