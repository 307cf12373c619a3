"""What a restaurant sold, as a whole and over time."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self

import strawberry
from msgspec.structs import replace

from kernel.graph.context import GraphContext, Info
from kernel.graph.describing import describe_values
from kernel.graph.types import Money
from subgraphs.insights.analytics import Analytics, OfRestaurant, Sold
from subgraphs.insights.domain import MOST_HOURLY_DAYS, Grain, check_days, hours
from subgraphs.insights.schema.periods import checked

strawberry.enum(Grain, name="InsightsGrain", description="How long the parts of a series are.")
describe_values(
    Grain,
    {
        Grain.HOUR: "An hour; a day has 23 or 25 of them when the clocks are changed. For at most seven days.",
        Grain.DAY: "A day of the restaurant's time zone.",
    },
)


@strawberry.type(description="What was sold in one part of the period.")
class SalesPart:
    begin: datetime
    end: datetime = strawberry.field(description="When the next part begins.")
    orders: int
    total: Money = strawberry.field(description="Food and drink, tax included, without fees and tips.")


@strawberry.type(
    description="What was sold: orders that were handed over, or that their customers paid for all the same."
)
class RestaurantSales:
    asked: strawberry.Private[OfRestaurant]
    first: strawberry.Private[date]
    last: strawberry.Private[date]
    by_day: strawberry.Private[Sequence[Sold]]
    orders: int
    total: Money = strawberry.field(description="Food and drink, tax included, without fees and tips.")
    paid: Money = strawberry.field(description="What customers paid for these orders: with all fees and tips.")

    @strawberry.field(
        description="Every part of the period in order, those without a sale too. By hours only for at most seven days."
    )
    async def series(self, info: Info, by: Grain = Grain.DAY) -> list[SalesPart]:
        if by is Grain.DAY:
            return _series(self.asked, self.by_day)
        checked(lambda: check_days(self.first, self.last, MOST_HOURLY_DAYS))
        asked = replace(self.asked, edges=hours(self.asked.edges))
        return _series(asked, await info.context.port(Analytics).sales(asked))

    @classmethod
    async def ask(cls, context: GraphContext, asked: OfRestaurant, first: date, last: date) -> Self:
        """The sales of these days."""
        sold = await context.port(Analytics).sales(asked)
        return cls(
            asked=asked,
            first=first,
            last=last,
            by_day=sold,
            orders=sum(part.orders for part in sold),
            total=Money.of(sum(part.food_minor for part in sold), asked.currency),
            paid=Money.of(sum(part.paid_minor for part in sold), asked.currency),
        )


def _series(asked: OfRestaurant, sold: Sequence[Sold]) -> list[SalesPart]:
    by_part = {part.part: part for part in sold}
    nothing = Sold(part=0, orders=0, food_minor=0, paid_minor=0)
    return [
        SalesPart(
            begin=begin,
            end=end,
            orders=(found := by_part.get(number, nothing)).orders,
            total=Money.of(found.food_minor, asked.currency),
        )
        for number, (begin, end) in enumerate(zip(asked.edges, asked.edges[1:], strict=False))
    ]
