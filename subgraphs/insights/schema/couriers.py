"""What couriers earn."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

import strawberry

from kernel.graph.context import Info
from kernel.graph.scalars import Currency, TimeZone
from kernel.graph.types import Money
from kernel.ids import parse_id
from subgraphs.insights.analytics import Analytics, Earned, OfCourier
from subgraphs.insights.domain import check_days, day_of, days
from subgraphs.insights.schema.access import may_see_earnings
from subgraphs.insights.schema.periods import FiguresOfDays, FirstDay, LastDay, checked, complete_until

Zone = Annotated[TimeZone, strawberry.argument(description="In which the days begin and end.")]


@strawberry.type(description="What a courier earned on one day, in one currency.")
class CourierPayDay:
    day: date = strawberry.field(name="date")
    deliveries: int
    fees: Money
    tips: Money
    total: Money = strawberry.field(description="Fees and tips.")

    @classmethod
    def of(cls, found: Earned, day: date) -> Self:
        return cls(
            day=day,
            deliveries=found.deliveries,
            fees=Money.of(found.fees_minor, found.currency),
            tips=Money.of(found.tips_minor, found.currency),
            total=Money.of(found.fees_minor + found.tips_minor, found.currency),
        )


@strawberry.type(description="What a courier earned in one currency.")
class CourierPay:
    currency: Currency
    deliveries: int
    fees: Money = strawberry.field(description="The delivery fees that customers paid.")
    tips: Money = strawberry.field(description="All of what customers gave on top.")
    total: Money = strawberry.field(description="Fees and tips.")
    days: list[CourierPayDay] = strawberry.field(description="The days on which something was earned, in order.")

    @classmethod
    def of(cls, currency: str, found: Sequence[Earned], first: date) -> Self:
        fees, tips = sum(each.fees_minor for each in found), sum(each.tips_minor for each in found)
        return cls(
            currency=Currency(currency),
            deliveries=sum(each.deliveries for each in found),
            fees=Money.of(fees, currency),
            tips=Money.of(tips, currency),
            total=Money.of(fees + tips, currency),
            days=[CourierPayDay.of(each, day_of(first, each.part)) for each in found],
        )


@strawberry.type(
    description="What a courier earned: of every order they brought and its customer paid for, the delivery fee and "
    "the whole tip, on the day on which it ended. Food that could not be handed over counts when its customer paid for "
    "it all the same."
)
class CourierEarnings(FiguresOfDays):
    asked: strawberry.Private[OfCourier]

    @strawberry.field(description="By currency; empty when nothing was earned. Null only in an outage.")
    async def pay(self, info: Info) -> list[CourierPay] | None:
        found = await info.context.port(Analytics).earnings(self.asked)
        currencies = sorted({each.currency for each in found})
        return [
            CourierPay.of(currency, [each for each in found if each.currency == currency], self.first)
            for currency in currencies
        ]


@strawberry.federation.type(keys=["id"], description="A courier; insights adds what they earn.")
class Courier:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return cls(id=id) if parse_id("courier", id) is not None else None

    @strawberry.field(
        description="What they earned on these days, at most 366; null for everybody but themselves and finance."
    )
    async def earnings(self, info: Info, from_: FirstDay, to: LastDay, time_zone: Zone) -> CourierEarnings | None:
        checked(lambda: check_days(from_, to))
        if not may_see_earnings(info.context, self.id):
            return None
        asked = OfCourier(courier_id=self.id, edges=days(from_, to, time_zone))
        until = await complete_until(info)
        return CourierEarnings(asked=asked, first=from_, last=to, until=until, time_zone=time_zone)
