"""What an order costs, line by line, as it was quoted."""

from kernel.messages import Value
from subgraphs.orders.events.terms import FeeKind


class ChosenOption(Value):
    """An option as it was named and priced when the quote was given."""

    option_id: str
    group_id: str
    name: str
    price_minor: int
    """Surcharge per portion, tax included."""


class OrderLine(Value):
    """One line of an order, priced: `total_minor` = quantity × (unit price + surcharges), tax included."""

    line: int
    """The line's number, from 1, in the order the customer gave."""
    item_id: str
    name: str
    quantity: int
    unit_minor: int
    options: tuple[ChosenOption, ...] = ()
    tax_rate: int
    """Basis points: 1350 is 13.5 %."""
    tax_minor: int
    """The tax within `total_minor`, rounded half to even."""
    total_minor: int


class Fee(Value):
    """A fee on top of the lines, tax included."""

    kind: FeeKind
    amount_minor: int
    tax_rate: int
    tax_minor: int


class TaxShare(Value):
    """The tax of one rate within the total."""

    tax_rate: int
    gross_minor: int
    tax_minor: int


class Price(Value):
    """What an order costs: `total_minor` = lines + fees + tip, tax included; `tax_minor` is the part that is tax."""

    currency: str
    lines: tuple[OrderLine, ...]
    fees: tuple[Fee, ...]
    taxes: tuple[TaxShare, ...]
    subtotal_minor: int
    tip_minor: int
    tax_minor: int
    total_minor: int
