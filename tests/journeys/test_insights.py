"""A meal is sold, through the router: its restaurant's staff see it among their figures, and nobody else does."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import confirmed, cook, hand_over, open_restaurant
from tests.journeys.person import Json, Person
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

HERE = ZoneInfo("Europe/Helsinki")
"""Where the restaurant is: its days begin two or three hours before those of UTC."""
DAYS = """query Days($id: ID!, $day: LocalDate!) { restaurant(id: $id) { name insights(from: $day, to: $day) {
  timeZone asOf sales { orders total { minor currency } paid { minor } series { begin orders } }
  losses { asked lost } topItems(first: 3) { name quantity item { name } total { minor } } } } }"""
ORDER = "query Order($id: ID!) { order(id: $id) { placedAt price { subtotal { minor } total { minor } } } }"
NIGHT = """query Night($from: DateTime!, $to: DateTime!) { operations(from: $from, to: $to) {
  asOf unassigned { deliveries } offers { accepted } clickToDoor { times } } }"""


async def test_a_meal_that_was_sold_is_in_its_restaurants_figures(sign_in: SignIn, aino: Person) -> None:
    restaurant = await open_restaurant(sign_in, "Tilastoitava")
    order_id = await confirmed(aino, restaurant)
    await cook(restaurant.staff, order_id)
    await hand_over(aino, restaurant.staff, order_id)
    order = (await aino.ask(ORDER, id=order_id))["order"]
    day = str(datetime.fromisoformat(order["placedAt"]).astimezone(HERE).date())

    async def figures(person: Person) -> Json | None:
        return (await person.ask(DAYS, id=restaurant.id, day=day))["restaurant"]["insights"]

    async def is_counted() -> bool:
        found = await figures(restaurant.staff)
        return found is not None and found["sales"]["orders"] == 1

    await eventually(is_counted)
    found = await figures(restaurant.staff)
    assert found is not None
    assert found["sales"]["total"]["minor"] == order["price"]["subtotal"]["minor"]
    assert found["sales"]["paid"]["minor"] == order["price"]["total"]["minor"]
    assert found["losses"] == {"asked": 1, "lost": 0}
    best = found["topItems"][0]
    assert best["item"]["name"] == best["name"]
    assert await figures(aino) is None
    assert await figures(await sign_in("eero")) is None


async def test_those_who_run_the_platform_see_how_it_does(sign_in: SignIn, sanna: Person, aino: Person) -> None:
    period = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-20T00:00:00Z"}
    assert (await sanna.ask(NIGHT, **period))["operations"]["unassigned"] is not None
    assert (await aino.ask(NIGHT, **period))["operations"] is None
