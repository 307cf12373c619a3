"""What a quote or an order costs, in the graph."""

from typing import Self

import strawberry
from strawberry.federation.schema_directives import Key

from kernel.graph.types import Money
from subgraphs.orders.events import ChosenOption, Fee, Price, TaxShare
from subgraphs.orders.events import OrderLine as PricedLine
from subgraphs.orders.schema.enums import FeeKind


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)], description="Something on a menu.")  # pyright: ignore[reportArgumentType]
class MenuItem:
    id: strawberry.ID


@strawberry.type(description="An option as it was named and priced when the quote was given.")
class OrderLineOption:
    option_id: strawberry.ID = strawberry.field(description="The option's id on the menu it was chosen from.")
    name: str
    price: Money = strawberry.field(description="On top of each portion's price.")

    @classmethod
    def of(cls, option: ChosenOption, currency: str) -> Self:
        return cls(
            option_id=strawberry.ID(option.option_id), name=option.name, price=Money.of(option.price_minor, currency)
        )


@strawberry.type(description="One line of an order, named and priced as on the day it was quoted.")
class OrderLine:
    number: int = strawberry.field(description="From 1, in the order given.")
    item: MenuItem | None = strawberry.field(description="The item as it is on the menu today, if it still is.")
    name: str
    quantity: int
    unit_price: Money = strawberry.field(description="Of one portion without its options.")
    options: list[OrderLineOption]
    tax_rate: int = strawberry.field(description="In basis points: 1350 is 13.5 %.")
    tax: Money = strawberry.field(description="The tax that the total contains.")
    total: Money = strawberry.field(description="Quantity times portion and options, tax included.")

    @classmethod
    def of(cls, line: PricedLine, currency: str) -> Self:
        return cls(
            number=line.line,
            item=MenuItem(id=strawberry.ID(line.item_id)),
            name=line.name,
            quantity=line.quantity,
            unit_price=Money.of(line.unit_minor, currency),
            options=[OrderLineOption.of(option, currency) for option in line.options],
            tax_rate=line.tax_rate,
            tax=Money.of(line.tax_minor, currency),
            total=Money.of(line.total_minor, currency),
        )


@strawberry.type(description="A fee on top of the lines, tax included.")
class OrderFee:
    kind: FeeKind
    amount: Money
    tax_rate: int = strawberry.field(description="In basis points: 2550 is 25.5 %.")
    tax: Money = strawberry.field(description="The tax that the amount contains.")

    @classmethod
    def of(cls, fee: Fee, currency: str) -> Self:
        return cls(
            kind=fee.kind,
            amount=Money.of(fee.amount_minor, currency),
            tax_rate=fee.tax_rate,
            tax=Money.of(fee.tax_minor, currency),
        )


@strawberry.type(description="The tax of one rate within the total.")
class OrderTax:
    tax_rate: int = strawberry.field(description="In basis points: 1350 is 13.5 %.")
    gross: Money = strawberry.field(description="What is taxed at this rate, tax included.")
    tax: Money

    @classmethod
    def of(cls, share: TaxShare, currency: str) -> Self:
        return cls(
            tax_rate=share.tax_rate,
            gross=Money.of(share.gross_minor, currency),
            tax=Money.of(share.tax_minor, currency),
        )


@strawberry.type(description="What it costs: the total is subtotal plus fees plus tip, and contains the tax.")
class OrderPrice:
    subtotal: Money = strawberry.field(description="All lines together.")
    fees: list[OrderFee]
    tip: Money
    tax: Money = strawberry.field(description="All tax that the total contains; a tip is not taxed.")
    taxes: list[OrderTax] = strawberry.field(description="The tax by rate.")
    total: Money

    @classmethod
    def of(cls, price: Price) -> Self:
        currency = price.currency
        return cls(
            subtotal=Money.of(price.subtotal_minor, currency),
            fees=[OrderFee.of(fee, currency) for fee in price.fees],
            tip=Money.of(price.tip_minor, currency),
            tax=Money.of(price.tax_minor, currency),
            taxes=[OrderTax.of(share, currency) for share in price.taxes],
            total=Money.of(price.total_minor, currency),
        )


def lines_of(price: Price) -> list[OrderLine]:
    """The lines in the graph."""
    return [OrderLine.of(line, price.currency) for line in price.lines]
