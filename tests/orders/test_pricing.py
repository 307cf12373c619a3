"""What things cost: exact, never negative, and the same in whatever order the lines are given."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.orders.events import ChosenOption, FeeKind
from subgraphs.orders.pricing import (
    FEE_TAX_RATE,
    ChosenLine,
    delivery_fee,
    half_even,
    price_of,
    smallest_basket,
    tax_within,
)

AMOUNTS = st.integers(min_value=0, max_value=200_00)
OPTIONS = st.builds(
    ChosenOption, option_id=st.just("o"), group_id=st.just("g"), name=st.just("n"), price_minor=st.integers(-500, 900)
)
LINES = st.builds(
    ChosenLine,
    item_id=st.sampled_from(["a", "b", "c"]),
    name=st.just("n"),
    quantity=st.integers(1, 99),
    unit_minor=AMOUNTS,
    options=st.lists(OPTIONS, max_size=4).map(tuple),
    tax_rate=st.sampled_from([0, 1000, 1350, 1400, 2550]),
)
WAYS = st.none() | st.integers(0, 50_000)
BASKETS = st.lists(LINES, min_size=1, max_size=12)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_a_half_goes_to_the_even_neighbour(numerator: int, denominator: int) -> None:
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(BASKETS, AMOUNTS, AMOUNTS, WAYS)
def test_the_total_is_lines_and_fees_and_tip(
    lines: list[ChosenLine], minimum: int, tip: int, distance_m: int | None
) -> None:
    price = price_of(lines, minimum, tip, "EUR", distance_m)
    assert (
        price.total_minor
        == sum(line.total_minor for line in price.lines) + sum(fee.amount_minor for fee in price.fees) + tip
    )
    assert price.subtotal_minor == sum(line.total_minor for line in price.lines)
    assert price.tax_minor == sum(part.tax_minor for part in (*price.lines, *price.fees))
    assert sum(share.tax_minor for share in price.taxes) == price.tax_minor
    assert sum(share.gross_minor for share in price.taxes) + tip == price.total_minor


@given(BASKETS, AMOUNTS, AMOUNTS)
def test_nothing_is_negative_and_tax_is_a_part(lines: list[ChosenLine], minimum: int, tip: int) -> None:
    price = price_of(lines, minimum, tip, "EUR")
    for part in price.lines:
        assert 0 <= part.tax_minor <= part.total_minor
    for fee in price.fees:
        assert 0 <= fee.tax_minor < fee.amount_minor
    assert price.total_minor >= tip


@given(BASKETS.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))), AMOUNTS, AMOUNTS)
def test_the_order_of_lines_does_not_matter(
    baskets: tuple[list[ChosenLine], list[ChosenLine]], minimum: int, tip: int
) -> None:
    one, other = (price_of(lines, minimum, tip, "EUR") for lines in baskets)
    assert (one.total_minor, one.tax_minor, one.taxes, one.fees) == (
        other.total_minor,
        other.tax_minor,
        other.taxes,
        other.fees,
    )


@given(BASKETS, AMOUNTS)
def test_a_small_basket_is_filled_up_to_the_minimum(lines: list[ChosenLine], minimum: int) -> None:
    price = price_of(lines, minimum, 0, "EUR")
    small = sum(fee.amount_minor for fee in price.fees if fee.kind is FeeKind.SMALL_ORDER)
    assert price.subtotal_minor + small == max(price.subtotal_minor, minimum)


@pytest.mark.parametrize(
    ("gross", "rate", "tax"), [(1135, 1350, 135), (0, 1350, 0), (1000, 0, 0), (1255, 2550, 255), (100, 1350, 12)]
)
def test_tax_is_within_the_price(gross: int, rate: int, tax: int) -> None:
    assert tax_within(gross, rate) == tax


def test_a_bill_by_hand() -> None:
    large = ChosenOption(option_id="large", group_id="size", name="Large", price_minor=300)
    soup = ChosenLine(item_id="soup", name="Soup", quantity=2, unit_minor=1290, options=(large,), tax_rate=1350)
    price = price_of([soup], 4000, 200, "EUR")
    assert price.subtotal_minor == 3180
    assert price.lines[0].tax_minor == 378  # 3180 × 1350 / 11350 = 378.24
    assert [(fee.kind, fee.amount_minor) for fee in price.fees] == [(FeeKind.SERVICE, 95), (FeeKind.SMALL_ORDER, 820)]
    assert [fee.tax_minor for fee in price.fees] == [19, 167]  # 95 and 820 × 2550 / 12550 = 19.3 and 166.6
    assert price.total_minor == 3180 + 95 + 820 + 200
    assert [share.tax_rate for share in price.taxes] == [1350, FEE_TAX_RATE]


@pytest.mark.parametrize(("minimum", "smallest"), [(0, 0), (1, 1), (1500, 750), (1501, 751)])
def test_half_of_the_minimum_is_the_least(minimum: int, smallest: int) -> None:
    assert smallest_basket(minimum) == smallest


@pytest.mark.parametrize(
    ("distance_m", "fee"), [(0, 190), (1000, 190), (1001, 205), (1250, 205), (1251, 220), (3000, 310), (4000, 370)]
)
def test_a_delivery_costs_more_the_farther_it_goes(distance_m: int, fee: int) -> None:
    assert delivery_fee(distance_m) == fee


@given(st.integers(0, 50_000), st.integers(0, 50_000))
def test_the_delivery_fee_never_falls_with_the_distance(one: int, other: int) -> None:
    nearer, farther = sorted((one, other))
    assert delivery_fee(nearer) <= delivery_fee(farther)


def test_only_what_is_carried_costs_a_delivery_fee() -> None:
    line = ChosenLine(item_id="a", name="n", quantity=1, unit_minor=2000, options=(), tax_rate=1350)
    carried, collected = price_of([line], 0, 0, "EUR", 0), price_of([line], 0, 0, "EUR")
    assert [fee.kind for fee in collected.fees] == [FeeKind.SERVICE]
    fee = carried.fees[-1]
    assert (fee.kind, fee.amount_minor, fee.tax_rate, fee.tax_minor) == (FeeKind.DELIVERY, 190, FEE_TAX_RATE, 39)
    assert carried.total_minor == collected.total_minor + 190
