"""A change of a menu reaches whoever searches, orders or watches."""

from random import SystemRandom

import asyncpg
import pytest

from runtime.settings import Settings
from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, item, line, open_restaurant
from tests.journeys.person import Person
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

FOUND = "query Found($text: String!) { restaurants(search: $text, first: 10) { nodes { id name } } }"
CATEGORY = "query Category($id: ID!) { restaurant(id: $id) { menu { categories { id } } } }"


def a_new_word() -> str:
    """A word that no menu has."""
    return "".join([*SystemRandom().choices("bdfgklmnprstv", k=4), "a", *SystemRandom().choices("aeiou", k=4)])


@pytest.fixture
async def restaurant(sign_in: SignIn) -> Restaurant:
    return await open_restaurant(sign_in)


async def finds(person: Person, text: str, restaurant: Restaurant) -> bool:
    found = (await person.ask(FOUND, text=text))["restaurants"]["nodes"]
    return restaurant.id in [node["id"] for node in found]


async def test_a_new_dish_is_found_within_two_seconds(nobody: Person, restaurant: Restaurant) -> None:
    word = a_new_word()
    assert not await finds(nobody, word, restaurant)
    place = (await nobody.ask(CATEGORY, id=restaurant.id))["restaurant"]
    dish = {"item": item(word, 990), "categoryId": place["menu"]["categories"][0]["id"]}
    await restaurant.staff.does("addMenuItem", {"restaurantId": restaurant.id, **dish})
    await eventually(lambda: finds(nobody, word, restaurant))


async def test_a_renamed_dish_is_found_within_two_seconds(nobody: Person, restaurant: Restaurant) -> None:
    word, soup = a_new_word(), (await restaurant.items())["soup"]
    await restaurant.staff.does("changeMenuItem", {"menuItemId": soup["id"], "name": f"Soup of {word}"})
    await eventually(lambda: finds(nobody, word, restaurant))


async def test_a_price_changed_by_hand_in_the_database_is_the_price_of_the_next_quote(
    aino: Person, restaurant: Restaurant, platform: RunningPlatform
) -> None:
    soup = (await restaurant.items())["soup"]
    settings = Settings.from_environment({"DATA_DIR": str(platform.data_dir), "PORT": str(platform.port)})
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        await connection.execute("update catalog.menu_items set price_minor = 1111 where id = $1", soup["id"])
    finally:
        await connection.close()

    async def costs_more() -> bool:
        given = {"restaurantId": restaurant.id, "lines": [line(soup)]}
        quote = (await aino.does("quoteOrder", given, "quote { lines { total { minor } } }"))["quote"]
        return [each["total"]["minor"] for each in quote["lines"]] == [1111]

    await eventually(costs_more)
    assert (await restaurant.items())["soup"]["price"]["minor"] == 1111
