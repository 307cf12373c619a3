"""A meal is reviewed, through the router: its restaurant's rating and the order of the search follow."""

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, confirmed, cook, hand_over, open_restaurant
from tests.journeys.person import Json, Person
from tests.patience import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

MEAL = """query Meal($id: ID!) { order(id: $id) { id reviewableUntil
  review { id stars text mine order { id } restaurant { id name } reply { text } } } }"""
PLACE = """query Place($id: ID!) { restaurant(id: $id) { rating { count mean distribution }
  reviews(first: 10) { nodes { stars text mine order { id status } reply { text } } pageInfo { hasNextPage } } } }"""
BEST = """query Best($name: String!) { restaurants(search: $name, sort: RATING, first: 10) {
  nodes { id rating { count mean } reviews(first: 1) { nodes { stars } } } } }"""


async def eaten(customer: Person, restaurant: Restaurant) -> str:
    """The id of an order that was collected and may be reviewed."""
    order_id = await confirmed(customer, restaurant)
    await cook(restaurant.staff, order_id)
    await hand_over(customer, restaurant.staff, order_id)

    async def is_known() -> bool:
        return (await meal(customer, order_id))["reviewableUntil"] is not None

    await eventually(is_known)
    return order_id


async def meal(person: Person, order_id: str) -> Json:
    found = (await person.ask(MEAL, id=order_id))["order"]
    assert found is not None, "the viewer sees the order"
    return found


async def test_a_customer_reviews_a_meal_and_everybody_else_reads_it(
    sign_in: SignIn, aino: Person, eero: Person, sanna: Person, nobody: Person
) -> None:
    restaurant = await open_restaurant(sign_in, "Arvosteltava")
    order_id = await eaten(aino, restaurant)
    opinion: Json = {"orderId": order_id, "restaurant": {"stars": 4, "text": "Hyvää kahvia."}}
    refused = await eero.act("reviewOrder", opinion)
    assert (refused["code"], refused["path"]) == ("NOT_FOUND", ["orderId"])
    written = (await aino.does("reviewOrder", opinion, "review { id stars }"))["review"]
    again = await aino.act("reviewOrder", opinion, refused="... on AlreadyReviewed { review { id stars } }")
    assert (again["code"], again["review"]) == ("ALREADY_REVIEWED", written)
    await restaurant.staff.does("replyToReview", {"reviewId": written["id"], "text": "Kiitos!"})

    known = await meal(aino, order_id)
    assert known["reviewableUntil"] is None
    assert known["review"] == {
        "id": written["id"],
        "stars": 4,
        "text": "Hyvää kahvia.",
        "mine": True,
        "order": {"id": order_id},
        "restaurant": {"id": restaurant.id, "name": "Arvosteltava"},
        "reply": {"text": "Kiitos!"},
    }
    (told,) = (await nobody.ask(PLACE, id=restaurant.id))["restaurant"]["reviews"]["nodes"]
    assert told == {
        "stars": 4,
        "text": "Hyvää kahvia.",
        "mine": False,
        "order": None,
        "reply": {"text": "Kiitos!"},
    }
    (seen,) = (await restaurant.staff.ask(PLACE, id=restaurant.id))["restaurant"]["reviews"]["nodes"]
    assert seen["order"] == {"id": order_id, "status": "COMPLETED"}

    async def is_rated(count: int) -> bool:
        rating = (await nobody.ask(PLACE, id=restaurant.id))["restaurant"]["rating"]
        return rating["count"] == count

    await eventually(lambda: is_rated(1))
    await eero.does("reportReview", {"reviewId": written["id"], "reason": "UNTRUE"})
    await sanna.does("hideReview", {"reviewId": written["id"]})
    await eventually(lambda: is_rated(0))
    assert (await nobody.ask(PLACE, id=restaurant.id))["restaurant"]["reviews"]["nodes"] == []


async def test_the_best_reviewed_restaurant_is_found_first(sign_in: SignIn, aino: Person, nobody: Person) -> None:
    first, second = [await open_restaurant(sign_in, f"Tähtitorni {name}") for name in ("A", "B")]

    async def found() -> list[Json]:
        return (await nobody.ask(BEST, name="tähtitorni"))["restaurants"]["nodes"]

    async def are_found(*restaurants: Restaurant) -> bool:
        return [place["id"] for place in await found()] == [each.id for each in restaurants]

    await eventually(lambda: are_found(first, second))
    opinion: Json = {"orderId": await eaten(aino, second), "restaurant": {"stars": 5}}
    await aino.does("reviewOrder", opinion)
    await eventually(lambda: are_found(second, first))
    best, other = await found()
    assert best == {"id": second.id, "rating": {"count": 1, "mean": 5}, "reviews": {"nodes": [{"stars": 5}]}}
    assert other == {"id": first.id, "rating": {"count": 0, "mean": None}, "reviews": {"nodes": []}}
