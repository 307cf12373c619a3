"""Pricing: what a selection costs, in integer minor units, from the restaurant's own numbers and the way to the door.

Prices include their tax, as Finnish menus do: of a gross amount g at a rate of r basis points, g·r / (10000 + r) is
tax, rounded half to even per line; the tax of the whole is the sum of these. The service fee is a share of the food,
the small-order fee fills a small basket up to the restaurant's minimum. The delivery fee covers the first kilometre,
as the crow flies, and grows with every 250 m begun beyond it: what is quoted depends on the address alone, never on
who will ride. A tip is not taxed.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kernel.messages import Value
from subgraphs.orders.events import ChosenOption, Fee, FeeKind, OrderLine, Price, TaxShare

SERVICE_FEE_RATE = 300
"""Basis points of the subtotal."""
DELIVERY_BASE_MINOR = 190
DELIVERY_NEAR_M = 1_000
DELIVERY_STEP_MINOR = 15
DELIVERY_STEP_M = 250
FEE_TAX_RATE = 2550
"""Basis points: the general Finnish rate of value added tax since September 2024."""
WHOLE = 10_000


class ChosenLine(Value):
    """A line to be priced, its item and options as the menu has them."""

    item_id: str
    name: str
    quantity: int
    unit_minor: int
    options: tuple[ChosenOption, ...]
    tax_rate: int


def half_even(numerator: int, denominator: int) -> int:
    """`numerator` / `denominator` as an integer, a half to the even neighbour; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (2 * rest > denominator or (2 * rest == denominator and quotient % 2 == 1))


def tax_within(gross_minor: int, tax_rate: int) -> int:
    """The tax that `gross_minor` contains, at a rate in basis points."""
    return half_even(gross_minor * tax_rate, WHOLE + tax_rate)


def smallest_basket(minimum_minor: int) -> int:
    """The least that is sold at all: half of the restaurant's minimum basket, rounded up."""
    return (minimum_minor + 1) // 2


def delivery_fee(distance_m: int) -> int:
    """What carrying the food that far costs: a base, and a step for every started 250 m beyond the first kilometre."""
    steps = -(-max(0, distance_m - DELIVERY_NEAR_M) // DELIVERY_STEP_M)
    return DELIVERY_BASE_MINOR + steps * DELIVERY_STEP_MINOR


def price_of(
    lines: Sequence[ChosenLine], minimum_minor: int, tip_minor: int, currency: str, distance_m: int | None = None
) -> Price:
    """The price of `lines`, carried so far or collected (None): their total does not depend on their order."""
    priced = tuple(_line(number, line) for number, line in enumerate(lines, start=1))
    subtotal = sum(line.total_minor for line in priced)
    fees = tuple(_fees(subtotal, minimum_minor, distance_m))
    return Price(
        currency=currency,
        lines=priced,
        fees=fees,
        taxes=_taxes(priced, fees),
        subtotal_minor=subtotal,
        tip_minor=tip_minor,
        tax_minor=sum(part.tax_minor for part in (*priced, *fees)),
        total_minor=subtotal + sum(fee.amount_minor for fee in fees) + tip_minor,
    )


def _line(number: int, line: ChosenLine) -> OrderLine:
    portion = max(0, line.unit_minor + sum(option.price_minor for option in line.options))
    total = line.quantity * portion
    return OrderLine(
        line=number,
        item_id=line.item_id,
        name=line.name,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        options=line.options,
        tax_rate=line.tax_rate,
        tax_minor=tax_within(total, line.tax_rate),
        total_minor=total,
    )


def _fees(subtotal: int, minimum_minor: int, distance_m: int | None) -> Iterable[Fee]:
    yield from _fee(FeeKind.SERVICE, half_even(subtotal * SERVICE_FEE_RATE, WHOLE))
    yield from _fee(FeeKind.SMALL_ORDER, max(0, minimum_minor - subtotal))
    if distance_m is not None:
        yield from _fee(FeeKind.DELIVERY, delivery_fee(distance_m))


def _fee(kind: FeeKind, amount: int) -> Iterable[Fee]:
    if amount > 0:
        tax = tax_within(amount, FEE_TAX_RATE)
        yield Fee(kind=kind, amount_minor=amount, tax_rate=FEE_TAX_RATE, tax_minor=tax)


def _taxes(lines: Sequence[OrderLine], fees: Sequence[Fee]) -> tuple[TaxShare, ...]:
    gross, tax = defaultdict[int, int](int), defaultdict[int, int](int)
    for rate, amount, part in (
        *((line.tax_rate, line.total_minor, line.tax_minor) for line in lines),
        *((fee.tax_rate, fee.amount_minor, fee.tax_minor) for fee in fees),
    ):
        gross[rate] += amount
        tax[rate] += part
    return tuple(TaxShare(tax_rate=rate, gross_minor=gross[rate], tax_minor=tax[rate]) for rate in sorted(gross))
