"""How a restaurant does, for its staff."""

from datetime import timedelta
from typing import Self

import strawberry
from strawberry.federation.schema_directives import Key

from kernel.graph.context import Info
from kernel.graph.describing import describe_values
from kernel.graph.errors import BadUserInput
from kernel.graph.scalars import TimeZone
from kernel.graph.types import Money
from kernel.ids import parse_id
from subgraphs.insights.analytics import Analytics, Baskets, ItemSold, Losses, OfRestaurant, Punctuality
from subgraphs.insights.domain import check_days, days
from subgraphs.insights.facts import Fault
from subgraphs.insights.schema.access import restaurant_of_viewer
from subgraphs.insights.schema.periods import FiguresOfDays, FirstDay, LastDay, checked, complete_until
from subgraphs.insights.schema.selling import RestaurantSales
from subgraphs.insights.views import CountedRestaurantRow

MOST_ITEMS, MOST_MINUTES = 100, 60

strawberry.enum(
    Fault,
    description="Whose fault it was that an order came to nothing. Clients must expect values that are not listed yet.",
)
describe_values(
    Fault,
    {
        Fault.CUSTOMER: "They called it off, or ordered by mistake.",
        Fault.RESTAURANT: "It refused the order or called it off, did not answer, or never got it ready.",
        Fault.COURIER: "They lost or spoilt the food on its way.",
        Fault.PLATFORM: "No courier was found, or support called it off for a reason of its own.",
    },
)


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)], description="Something on a menu.")  # pyright: ignore[reportArgumentType]
class MenuItem:
    id: strawberry.ID


@strawberry.type(description="What the food of an order comes to, without fees and tip.")
class BasketSize:
    orders: int = strawberry.field(description="How many were sold.")
    mean: Money | None = strawberry.field(description="Null when nothing was sold.")
    median: Money | None = strawberry.field(description="Half of the orders came to no more, give or take 1 %.")
    p90: Money | None = strawberry.field(description="Nine of ten orders came to no more, give or take 1 %.")

    @classmethod
    def of(cls, found: Baskets, currency: str) -> Self:
        def money(minor: float | None) -> Money | None:
            return None if minor is None else Money.of(round(minor), currency)

        mean = found.food_minor / found.orders if found.orders else None
        return cls(orders=found.orders, mean=money(mean), median=money(found.median_minor), p90=money(found.p90_minor))


@strawberry.type(
    description="How long after the promised time food was ready. What was promised when the order was accepted "
    "counts: a later delay takes no promise back."
)
class PreparationAccuracy:
    orders: int = strawberry.field(description="How many were accepted and got ready.")
    mean_lateness: timedelta | None = strawberry.field(
        description="Negative when food is mostly early; null when no order got ready."
    )
    p90_lateness: timedelta | None = strawberry.field(
        description="Nine of ten orders were no later, give or take 30 seconds; of more than four hours it says four."
    )
    punctual_share: float | None = strawberry.field(
        description="The share of orders that were at most `withinMinutes` early and less than that late, 0 to 1."
    )

    @classmethod
    def of(cls, found: Punctuality) -> Self:
        return cls(
            orders=found.orders,
            mean_lateness=timedelta(seconds=round(found.late_s / found.orders)) if found.orders else None,
            p90_lateness=None if found.p90_s is None else timedelta(seconds=round(found.p90_s)),
            punctual_share=found.punctual / found.orders if found.orders else None,
        )


@strawberry.type(description="How many orders were lost by somebody's fault.")
class OrdersLostByFault:
    fault: Fault
    orders: int


@strawberry.type(description="The orders that came to nothing: nobody paid for them.")
class LostOrders:
    asked: int = strawberry.field(description="How many orders the kitchen was asked for, whatever became of them.")
    lost: int
    share: float | None = strawberry.field(description="`lost` of `asked`, 0 to 1; null when nothing was asked for.")
    by_fault: list[OrdersLostByFault] = strawberry.field(description="The most first; only faults that occurred.")

    @classmethod
    def of(cls, found: Losses) -> Self:
        lost = sum(found.lost.values())
        ordered = sorted(found.lost.items(), key=lambda each: (-each[1], each[0].value))
        return cls(
            asked=found.orders,
            lost=lost,
            share=lost / found.orders if found.orders else None,
            by_fault=[OrdersLostByFault(fault=fault, orders=orders) for fault, orders in ordered],
        )


@strawberry.type(description="How an item sold.")
class ItemSales:
    item: MenuItem | None = strawberry.field(description="The item as it is on the menu today, if it still is.")
    name: str = strawberry.field(description="As it was called in the latest order that had it.")
    quantity: int
    total: Money = strawberry.field(description="Its options and tax included.")

    @classmethod
    def of(cls, found: ItemSold, currency: str) -> Self:
        return cls(
            item=MenuItem(id=strawberry.ID(found.item_id)),
            name=found.name,
            quantity=found.quantity,
            total=Money.of(found.total_minor, currency),
        )


@strawberry.type(
    description="How a restaurant did on some days of its own time zone, by the orders placed on them: numbers of "
    "today still grow. What is sold in another currency than the restaurant's own of today is left out of the money."
)
class RestaurantInsights(FiguresOfDays):
    row: strawberry.Private[CountedRestaurantRow]

    @strawberry.field(description="What was sold, as a whole and day by day or hour by hour. Null only in an outage.")
    async def sales(self, info: Info) -> RestaurantSales | None:
        return await RestaurantSales.ask(info.context, self.asked, self.first, self.last)

    @strawberry.field(description="How large the orders sold were. Null only in an outage.")
    async def baskets(self, info: Info) -> BasketSize | None:
        return BasketSize.of(await info.context.port(Analytics).baskets(self.asked), self.row.currency)

    @strawberry.field(description="How well the kitchen keeps its word. Null only in an outage.")
    async def preparation(self, info: Info, within_minutes: int = 5) -> PreparationAccuracy | None:
        if not 1 <= within_minutes <= MOST_MINUTES:
            raise BadUserInput(f"`withinMinutes` is 1 to {MOST_MINUTES}.")
        within = timedelta(minutes=within_minutes)
        return PreparationAccuracy.of(await info.context.port(Analytics).punctuality(self.asked, within))

    @strawberry.field(description="What came to nothing, and whose fault it was. Null only in an outage.")
    async def losses(self, info: Info) -> LostOrders | None:
        return LostOrders.of(await info.context.port(Analytics).losses(self.asked))

    @strawberry.field(description="What brought in most, the most first. Null only in an outage.")
    async def top_items(self, info: Info, first: int) -> list[ItemSales] | None:
        if not 1 <= first <= MOST_ITEMS:
            raise BadUserInput(f"`first` is 1 to {MOST_ITEMS}.")
        found = await info.context.port(Analytics).items(self.asked, first)
        return [ItemSales.of(each, self.row.currency) for each in found]

    @property
    def asked(self) -> OfRestaurant:
        edges = days(self.first, self.last, self.row.time_zone)
        return OfRestaurant(restaurant_id=self.row.restaurant_id, currency=self.row.currency, edges=edges)


@strawberry.federation.type(keys=["id"], description="A restaurant; insights adds how it does.")
class Restaurant:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("restaurant", id) is not None else None

    @strawberry.field(
        description="How it did on these days of its own time zone, at most 366; null for everybody but its staff."
    )
    async def insights(self, info: Info, from_: FirstDay, to: LastDay) -> RestaurantInsights | None:
        checked(lambda: check_days(from_, to))
        row = await restaurant_of_viewer(info.context, self.id)
        if row is None:
            return None
        until = await complete_until(info)
        return RestaurantInsights(row=row, first=from_, last=to, until=until, time_zone=TimeZone(row.time_zone))
