"""What facts come to, reckoned plainly in memory: no sums are kept, every question looks at every fact."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from subgraphs.insights.analytics import (
    Baskets,
    Earned,
    ItemSold,
    Losses,
    OfCourier,
    OfPlatform,
    OfRestaurant,
    Operations,
    Punctuality,
    Sold,
    Spread,
    Unassigned,
)
from subgraphs.insights.facts import AnyFact, DeliveryFact, OfferFact, OrderFact, ShiftFact

FactT = TypeVar("FactT", OrderFact, OfferFact, DeliveryFact)
SECOND, DAY = timedelta(seconds=1), timedelta(hours=24)


class Oracle:
    """As `subgraphs.insights.analytics.Analytics`, exact in everything."""

    engine = "oracle"

    def __init__(self, facts: Iterable[AnyFact] = ()) -> None:
        self.facts = {(fact.event_id, type(fact).__name__): fact for fact in facts}

    async def record(self, facts: Sequence[AnyFact]) -> None:
        self.facts |= {(fact.event_id, type(fact).__name__): fact for fact in facts}

    def lives(self, kind: type[FactT], key: str) -> list[FactT]:
        """One of each, with everything that its facts tell: the earliest first, so that the first telling stands."""
        found: dict[str, FactT] = {}
        mine = [fact for fact in self.facts.values() if isinstance(fact, kind)]
        for fact in sorted(mine, key=lambda each: (each.at, each.event_id)):
            known = found.get(getattr(fact, key), fact)
            told = {name: value for name, value in msgspec.structs.asdict(fact).items() if value is not None}
            old = {name: value for name, value in msgspec.structs.asdict(known).items() if value is not None}
            found[getattr(fact, key)] = msgspec.structs.replace(known, **{**told, **old})
        return [*found.values()]

    def asked(self, asked: OfRestaurant) -> list[Any]:
        return [
            order
            for order in self.lives(OrderFact, "order_id")
            if order.restaurant_id == asked.restaurant_id
            and order.confirmed_at is not None
            and order.placed_at is not None
            and asked.begin <= order.placed_at < asked.end
        ]

    def sold(self, asked: OfRestaurant) -> list[Any]:
        return [each for each in self.asked(asked) if each.sold_at is not None and each.currency == asked.currency]

    async def sales(self, asked: OfRestaurant) -> Sequence[Sold]:
        parts = _grouped(self.sold(asked), lambda order: _part(order.placed_at, asked.edges))
        return [
            Sold(
                part=part,
                orders=len(orders),
                food_minor=sum(order.food_minor for order in orders),
                paid_minor=sum(order.paid_minor for order in orders),
            )
            for part, orders in sorted(parts.items())
        ]

    async def baskets(self, asked: OfRestaurant) -> Baskets:
        food = [order.food_minor for order in self.sold(asked)]
        return Baskets(
            orders=len(food),
            food_minor=sum(food),
            median_minor=percentile(food, 1, 2),
            p90_minor=percentile(food, 9, 10),
        )

    async def punctuality(self, asked: OfRestaurant, within: timedelta) -> Punctuality:
        both = [each for each in self.asked(asked) if each.ready_at is not None and each.promised_at is not None]
        late = [(order.ready_at - order.promised_at) / SECOND for order in both]
        most = within / SECOND
        return Punctuality(
            orders=len(late),
            punctual=sum(-most <= each < most for each in late),
            late_s=sum(late),
            p90_s=percentile([max(-4 * 3600.0, min(each, 4 * 3600.0)) for each in late], 9, 10),
        )

    async def losses(self, asked: OfRestaurant) -> Losses:
        orders = self.asked(asked)
        lost = _grouped([each for each in orders if each.lost_at is not None], lambda order: order.fault)
        return Losses(orders=len(orders), lost={fault: len(each) for fault, each in lost.items()})

    async def items(self, asked: OfRestaurant, limit: int) -> Sequence[ItemSold]:
        every = [(order.placed_at, line) for order in self.lives(OrderFact, "order_id") for line in order.lines or ()]
        names: dict[str, tuple[Any, str]] = {}
        for at, line in every:
            names[line.item_id] = max(names.get(line.item_id, (at, "")), (at, line.name))
        lines = _grouped([line for order in self.sold(asked) for line in order.lines], lambda line: line.item_id)
        found = [
            ItemSold(
                item_id=item_id,
                name=names[item_id][1],
                quantity=sum(line.quantity for line in each),
                total_minor=sum(line.total_minor for line in each),
            )
            for item_id, each in lines.items()
        ]
        return sorted(found, key=lambda item: (-item.total_minor, -item.quantity, item.item_id))[:limit]

    async def operations(self, asked: OfPlatform) -> Operations:
        doors: list[float] = []
        pickups: list[float] = []
        for order in self.lives(OrderFact, "order_id"):
            if order.delivered_at and order.placed_at and asked.begin <= order.delivered_at < asked.end:
                doors.append((order.delivered_at - order.placed_at) / SECOND)
            if order.picked_up_at and order.ready_at and asked.begin <= order.picked_up_at < asked.end:
                pickups.append(max((order.picked_up_at - order.ready_at) / SECOND, 0.0))
        offers = self.lives(OfferFact, "offer_id")
        made = [each for each in offers if each.made_at is not None and asked.begin <= each.made_at < asked.end]
        engaged = [(each.assigned_at, each.released_at) for each in offers if each.assigned_at is not None]
        return Operations(
            click_to_door=spread(doors),
            ready_to_pickup=spread(pickups),
            accepted=sum(each.assigned_at is not None for each in made),
            declined=sum(each.declined_at is not None for each in made),
            lapsed=sum(each.lapsed_at is not None for each in made),
            engaged_s=sum(_lasted(begin, end, asked) for begin, end in engaged),
            online_s=sum(_lasted(begin, end, asked) for begin, end in self._shifts()),
        )

    def _shifts(self) -> Iterable[tuple[datetime, datetime | None]]:
        facts = [fact for fact in self.facts.values() if isinstance(fact, ShiftFact)]
        for told in _grouped(facts, lambda fact: fact.courier_id).values():
            told.sort(key=lambda fact: (fact.at, fact.version))
            for fact, following in zip(told, [*told[1:], None], strict=True):
                if fact.online:
                    yield fact.at, None if following is None else following.at

    async def unassigned(self, now: datetime) -> Unassigned:
        live = [each for each in self.lives(OfferFact, "offer_id") if each.assigned_at and not each.released_at]
        taken = {each.delivery_id for each in live}
        since = [
            each.sought_at
            for each in self.lives(DeliveryFact, "delivery_id")
            if each.sought_at and each.sought_at > now - DAY and not each.ended_at and each.delivery_id not in taken
        ]
        return Unassigned(deliveries=len(since), since=min(since, default=None))

    async def earnings(self, asked: OfCourier) -> Sequence[Earned]:
        mine = [
            each
            for each in self.lives(OrderFact, "order_id")
            if each.courier_id == asked.courier_id
            and each.placed_at
            and each.confirmed_at
            and each.sold_at
            and asked.edges[0] <= each.sold_at < asked.edges[-1]
        ]
        parts = _grouped(mine, lambda order: (_part(order.sold_at, asked.edges), order.currency))
        return [
            Earned(
                part=part,
                currency=currency,
                deliveries=len(orders),
                fees_minor=sum(order.delivery_fee_minor or 0 for order in orders),
                tips_minor=sum(order.tip_minor or 0 for order in orders),
            )
            for (part, currency), orders in sorted(parts.items())
        ]


def spread(seconds: Sequence[float]) -> Spread:
    return Spread(times=len(seconds), median_s=percentile(seconds, 1, 2), p90_s=percentile(seconds, 9, 10))


def percentile(values: Sequence[Any], numerator: int, denominator: int) -> Any:
    """The least value that more than so many of all do not exceed."""
    ordered = sorted(values)
    return next((each for n, each in enumerate(ordered, start=1) if n * denominator > numerator * len(ordered)), None)


def _lasted(begin: datetime, end: datetime | None, asked: OfPlatform) -> float:
    """How much of it lies in the period and before now; without an end it goes on."""
    limit = min(asked.end, asked.now)
    until = min(limit if end is None else end, begin + DAY, limit)
    return max((until - max(begin, asked.begin)) / SECOND, 0.0)


def _part(at: datetime, edges: Sequence[datetime]) -> int:
    return sum(edge <= at for edge in edges) - 1


def _grouped(values: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = defaultdict(list)
    for value in values:
        groups[key(value)].append(value)
    return groups
