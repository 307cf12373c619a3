"""Business that never was: facts of orders, offers, deliveries and shifts, as chance has them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from subgraphs.insights.facts import AnyFact, DeliveryFact, Fault, Line, OfferFact, OrderFact, ShiftFact

RESTAURANTS, COURIERS = ("restaurant_1", "restaurant_2"), ("courier_1", "courier_2", "courier_3")
CURRENCIES = ("EUR", "EUR", "EUR", "SEK")
BEGAN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LASTED = timedelta(days=3)
NOW = BEGAN + LASTED
"""Nothing is told of what lies ahead."""


class Business:
    """Facts as they are made up, each of an event of its own."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.facts = chance, list[AnyFact]()

    def event(self) -> str:
        return f"evt_{len(self.facts):06}"

    def later(self, at: datetime, most_s: float) -> datetime:
        """Some time after a moment, sometimes at the same one, to the microsecond."""
        return at + timedelta(microseconds=self.chance.choice((0, 1, self.chance.randrange(int(most_s * 1_000_000)))))

    def moment(self) -> datetime:
        whole = timedelta(minutes=15 * self.chance.randrange(int(LASTED.total_seconds() // 900)))
        return self.later(BEGAN + whole, 900)

    def order(self, number: int) -> None:
        """An order's life, broken off anywhere."""
        order_id, restaurant_id = f"order_{number:04}", self.chance.choice(RESTAURANTS)

        def told(at: datetime, **fields: object) -> None:
            known = {"event_id": self.event(), "order_id": order_id, "restaurant_id": restaurant_id}
            self.facts.append(OrderFact(at=at, **known, **fields))  # pyright: ignore[reportArgumentType]  (by name)

        at, steps = self.moment(), self.chance.randrange(8)
        told(at, placed_at=at, **self.price(restaurant_id))
        if steps > 0:
            at = self.later(at, 60)
            told(at, confirmed_at=at)
        if steps > 1:
            told(at, promised_at=at + timedelta(minutes=self.chance.randrange(5, 60)))
        if steps > 2 and self.chance.random() < 0.8:
            at = self.later(at, 5 * 3600 if self.chance.random() < 0.1 else 3600)
            told(at, ready_at=at)
        courier = self.chance.choice(COURIERS) if steps > 3 else None
        if courier is not None:
            at = self.later(at, 1200)
            told(at, picked_up_at=at, courier_id=courier)
        at = self.later(at, 3600)
        told(at, **self.end(at, steps, courier))

    def end(self, at: datetime, steps: int, courier: str | None) -> dict[str, object]:
        """How an order ends that came so far; or it does not."""
        if steps in (5, 6):
            return {"delivered_at": at, "sold_at": at, "courier_id": courier}
        if steps == 7 or (steps == 3 and self.chance.random() < 0.5):
            return {"sold_at": at}
        return {"lost_at": at, "fault": self.chance.choice([*Fault])} if self.chance.random() < 0.7 else {}

    def price(self, restaurant_id: str) -> dict[str, object]:
        lines = tuple(
            Line(
                line=number,
                item_id=(item := f"item_{restaurant_id[-1]}{self.chance.randrange(6)}"),
                name=f"{item} {self.chance.randrange(3)}",
                quantity=self.chance.randrange(1, 4),
                total_minor=self.chance.randrange(0, 4000),
            )
            for number in range(1, self.chance.randrange(2, 5))
        )
        food = sum(line.total_minor for line in lines)
        fee, tip = self.chance.choice((0, 290, 590)), self.chance.choice((0, 0, 100, 500))
        return {
            "currency": self.chance.choice(CURRENCIES),
            "food_minor": food,
            "delivery_fee_minor": fee,
            "tip_minor": tip,
            "paid_minor": food + fee + tip,
            "lines": lines,
        }

    def delivery(self, number: int) -> None:
        """A search, its offers one after the other, and its end, or not."""
        delivery_id, at = f"delivery_{number:04}", self.moment()
        for _ in range(self.chance.randrange(3)):
            self.searched(delivery_id, at, sought_at=at)
            at = self.later(at, 60)
        for each in range(self.chance.randrange(4)):
            at = self.offer(f"offer_{number:04}_{each}", delivery_id, at)
        if self.chance.random() < 0.6:
            self.searched(delivery_id, at, ended_at=at)

    def searched(self, delivery_id: str, at: datetime, **fields: object) -> None:
        ids = {"event_id": self.event(), "delivery_id": delivery_id}
        self.facts.append(DeliveryFact(at=at, **ids, **fields))  # pyright: ignore[reportArgumentType]  (by name)

    def offer(self, offer_id: str, delivery_id: str, at: datetime) -> datetime:
        courier = self.chance.choice(COURIERS)

        def told(moment: str) -> None:
            ids = {"event_id": self.event(), "offer_id": offer_id, "delivery_id": delivery_id, "courier_id": courier}
            self.facts.append(OfferFact(at=at, **ids, **{moment: at}))  # pyright: ignore[reportArgumentType]

        told("made_at")
        at = self.later(at, 45)
        match self.chance.randrange(6):
            case 0:
                told("declined_at")
            case 1:
                told("lapsed_at")
            case 2:
                told("released_at")
            case outcome:
                told("assigned_at")
                at = self.later(at, 30 * 3600 if self.chance.random() < 0.1 else 2400)
                if outcome > 3:
                    told("released_at")
        return at

    def shifts(self, courier: str) -> None:
        """Online and offline, sometimes one of them twice, sometimes never ended."""
        at = self.moment()
        for version in range(1, self.chance.randrange(2, 8)):
            fact = ShiftFact(
                event_id=self.event(), at=at, courier_id=courier, version=version, online=self.chance.random() < 0.6
            )
            self.facts.append(fact)
            at = self.later(at, 30 * 3600)


def business(seed: int, orders: int = 40) -> Sequence[AnyFact]:
    """The facts of some days, in the order in which they were told."""
    made = Business(Random(seed))
    for number in range(orders):
        made.order(number)
        made.delivery(number)
    for courier in COURIERS:
        made.shifts(courier)
    return [fact for fact in made.facts if fact.at <= NOW]
