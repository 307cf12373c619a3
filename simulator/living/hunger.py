"""From hunger to an order: somebody looks for a restaurant nearby, reads its menu, asks for a price and pays."""

from collections.abc import Iterator, Sequence

from simulator.living.deeds import PLACE, QUOTE, DoorStep, Line, Ordering, Placing, Quoting
from simulator.living.diary import Kitchen, Ordered
from simulator.living.fates import BAD_CARD
from simulator.living.questions import FIND, MENU, DishOnOffer, RestaurantSeen, Where
from simulator.living.somebody import Somebody
from simulator.streets import Spot

ATTEMPTS = 6
CRAVINGS = (None, None, "pizza", "sushi", "burger", "thai", "salad", "kebab", "nepalese")
GOOD_CARDS = ("tok_visa", "tok_visa", "tok_visa", "tok_mastercard", "tok_mastercard", "tok_error_after")
BAD_CARDS = ("tok_insufficient_funds", "tok_card_expired", "tok_card_declined")
MOST_OF_ONE = 20


class Hunger:
    """One customer's way to an order. Everything on it can be repeated: each intent keeps its idempotency key."""

    def __init__(self, somebody: Somebody, ordered: Ordered) -> None:
        self._somebody = somebody
        self._scene = somebody.scene
        self._lots = somebody.lots
        self._ordered = ordered
        address = self._lots.one("address", self._scene.city.addresses)
        self._door = DoorStep(
            street=address.street,
            house_number=address.house_number,
            position=Where(address.latitude, address.longitude),
            instructions=self._lots.one("instructions", ("", "", "Second floor.", "The bell is broken, please knock.")),
            leave_at_door=self._lots.chance("leave at door", self._scene.plan.tempers.leaves_at_door),
        )

    async def still(self) -> None:
        """Order something, or give up after some attempts."""
        if self._ordered.quote_id and await self._place():
            return
        refused = "nothing found"
        for attempt in range(ATTEMPTS):
            chosen = await self._choose(attempt)
            if chosen is None:
                continue
            refused = await self._order_at(chosen, attempt)
            if not refused:
                return
        self._ordered.gave_up = refused

    async def _choose(self, attempt: int) -> RestaurantSeen | None:
        craving = self._lots.one("craving", CRAVINGS) if attempt == 0 else None
        found = await self._somebody.ask(FIND, {"near": self._door.position, "search": craving})
        taking = [place for place in found.restaurants.nodes if place.accepting_orders]
        if not taking:
            return None
        chosen = self._lots.one(f"restaurant {attempt}", taking)
        return (await self._somebody.ask(MENU, {"id": chosen.id})).restaurant

    async def _order_at(self, place: RestaurantSeen, attempt: int) -> str:
        """Why it was refused; empty when it was ordered."""
        lines = self._basket(place, attempt)
        if not lines:
            return "nothing on the menu"
        quoted = await self._somebody.act(
            QUOTE,
            Quoting(
                idempotency_key=self._somebody.key(f"quote {attempt}"),
                restaurant_id=place.id,
                lines=lines,
                delivery=self._door,
                tip_minor=self._lots.one("tip", (0, 0, 0, 100, 200)),
            ),
        )
        if quoted.quote is None:
            return quoted.typename
        owner = self._scene.owner(place.name, Spot(place.position.latitude, place.position.longitude))
        self._scene.diary.kitchens.setdefault(
            place.id, Kitchen(owner=owner, name=place.name, prep_minutes=place.prep_minutes)
        )
        self._scene.open_kitchen(place.id)
        await self._scene.screens.find(place.id)
        self._ordered.restaurant_id, self._ordered.quote_id = place.id, quoted.quote.id
        self._ordered.card = self._card()
        self._scene.keep()
        return "" if await self._place() else "not placed"

    async def _place(self) -> bool:
        """Whether the quote became an order. The diary knows the quote: no stop can make two orders of it."""
        placing = Placing(
            idempotency_key=self._somebody.key(f"place {self._ordered.quote_id}"),
            quote_id=self._ordered.quote_id,
            payment_token=self._ordered.card,
        )
        placed: Ordering = await self._somebody.act(PLACE, placing)
        if placed.order is None:
            self._ordered.quote_id = ""
            return False
        self._ordered.order_id = placed.order.id
        self._ordered.status = placed.order.status
        self._ordered.acknowledged_at = self._scene.clock.now()
        self._scene.keep()
        return True

    def _card(self) -> str:
        is_bad = self._scene.fates.of(self._ordered.number) == BAD_CARD
        return self._lots.one("card", BAD_CARDS if is_bad else GOOD_CARDS)

    def _basket(self, place: RestaurantSeen, attempt: int) -> Sequence[Line]:
        """One to three dishes, and as much of the first as the restaurant wants to sell at least."""
        dishes = {dish.id: dish for dish in _dishes(place)}
        chosen = self._lots.some(f"dishes {attempt}", list(dishes), self._lots.number(f"lines {attempt}", 1, 3))
        total = sum(dishes[dish].price.minor for dish in chosen)
        lines = [Line(dish, 1, _options(dishes[dish])) for dish in chosen]
        missing = place.minimum_basket.minor - total
        if lines and missing > 0:
            price = max(dishes[lines[0].item_id].price.minor, 1)
            more = min(-(-missing // price), MOST_OF_ONE)
            lines[0] = Line(lines[0].item_id, 1 + more, lines[0].option_ids)
        return lines


def _dishes(place: RestaurantSeen) -> Iterator[DishOnOffer]:
    """What is there now and can be ordered with what it must be ordered with."""
    for category in place.menu.categories if place.menu else ():
        for dish in category.items:
            if dish.available and all(
                sum(option.available for option in group.options) >= group.min_choices for group in dish.option_groups
            ):
                yield dish


def _options(dish: DishOnOffer) -> Sequence[str]:
    """The first ones that must be chosen."""
    return [
        option.id
        for group in dish.option_groups
        for option in [option for option in group.options if option.available][: group.min_choices]
    ]
