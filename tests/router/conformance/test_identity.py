"""Who asks: tokens over every transport, in any case of the key, wrong, ended, and never another caller's."""

import asyncio

import httpx
import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import assert_lists, placed
from tests.journeys.person import Json, Person, StreamEnded, StreamFailed, Watch
from tests.journeys.streams import KITCHEN_UPDATES, LOCATIONS, OFFERS, UPDATES
from tests.router.conformance.conftest import Talk
from tests.router.conformance.deployment import Deployment
from tests.router.conformance.meals import Meal

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(120)]

LIFE_S, ENDS_WITHIN_S = 6, 60
"""Time enough to begin on a busy machine; a stream that outlives its token would go on for as long as it is watched."""
JOINED = """subscription Updates($order: ID!) { orderUpdates(orderId: $order) {
  ... on OrderSnapshot { order { id payments { id } delivery { status } review { mine } } } } }"""
MINE = "query Mine { orders(first: 1) { nodes { id } } }"
ORDER = "query Order($id: ID!) { order(id: $id) { id payments { id } } }"
PLACE = "query Place($id: ID!) { order(id: $id) { id restaurant { name } payments { id } } }"


@pytest.mark.parametrize("key", ["Authorization", "authorization", "AUTHORIZATION"])
async def test_the_token_of_connection_init_reaches_subscription_and_joins(
    aino: Person, meal: Meal, talk: Talk, key: str
) -> None:
    async with talk() as told:
        await told.initialise({key: f"Bearer {aino.token}"})
        await told.subscribe(JOINED, order=meal.brought)
        first, *_, last = await told.until_end()
        order = first["payload"]["data"]["orderUpdates"]["order"]
        assert (order["id"], len(order["payments"]), order["review"]) == (meal.brought, 1, {"mine": True})
        assert order["delivery"] == {"status": "DELIVERED"}
        assert last["type"] == "complete"
        await told.subscribe("query($order: ID!) { order(id: $order) { id payments { id } } }", order=meal.brought)
        asked, _ = await told.until_end()
        assert asked["payload"] == {"data": {"order": {"id": meal.brought, "payments": order["payments"]}}}


async def test_equal_questions_of_two_callers_are_answered_to_each(aino: Person, eero: Person, meal: Meal) -> None:
    async with aino.watch(UPDATES, id=meal.riding) as mine, eero.watch(UPDATES, id=meal.riding) as theirs:
        assert (await mine.item())["order"]["id"] == meal.riding
        with pytest.raises(StreamFailed) as refused:
            await theirs.item()
    assert refused.value.codes == ["NOT_FOUND"]
    both = await asyncio.gather(*(each.ask(ORDER, id=meal.riding) for each in [aino, eero] * 10))
    assert [bool(answer["order"]) for answer in both] == [True, False] * 10


async def test_nobody_browses_and_no_more(nobody: Person, meal: Meal) -> None:
    found = await nobody.ask("query($id: ID!) { restaurant(id: $id) { name menu { id } } }", id=meal.restaurant.id)
    assert found["restaurant"]["name"] == "Conformance kitchen"
    assert await nobody.ask(PLACE, id=meal.brought) == {"order": None}
    begun = await nobody.act("goOnline", {"vehicle": "BICYCLE", "displayName": "Nobody"})
    assert begun["code"] == "NOT_ALLOWED"


@pytest.mark.parametrize("name", [None, "eero", "otso", "kitchen"])
async def test_who_may_not_watch_an_order_is_told_that_it_is_not_there(
    sign_in: SignIn, meal: Meal, name: str | None
) -> None:
    person = await sign_in(name)
    for document in (UPDATES, LOCATIONS):
        async with person.watch(document, id=meal.riding) as watch:
            assert await ended_with(watch) == ["NOT_FOUND"]
        with pytest.raises(StreamFailed) as streamed:
            await anext(person.events(document, id=meal.riding))
        assert streamed.value.codes == ["NOT_FOUND"]


async def test_a_refused_stream_says_which_field_by_the_clients_own_name(aino: Person, talk: Talk) -> None:
    async with talk() as told:
        await told.initialise(aino.headers)
        await told.subscribe('subscription { mine: orderUpdates(orderId: "nonsense") { __typename } }')
        refused, _ = await told.until_end()
    (error,) = refused["payload"]["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["mine"], "NOT_FOUND")


@pytest.mark.parametrize("name", [None, "aino", "otso"])
async def test_a_kitchens_feed_is_its_staffs_alone(sign_in: SignIn, meal: Meal, name: str | None) -> None:
    async with (await sign_in(name)).watch(KITCHEN_UPDATES, id=meal.restaurant.id) as watch:
        assert await ended_with(watch) == ["NOT_FOUND"]


@pytest.mark.parametrize("name", [None, "aino", "kitchen"])
async def test_offers_are_couriers_alone(sign_in: SignIn, name: str | None) -> None:
    async with (await sign_in(name)).watch(OFFERS) as watch:
        assert (await ended_with(watch))[0] in {"FORBIDDEN", "NOT_FOUND"}


async def ended_with(watch: Watch) -> list[str | None]:
    """The codes of the error that comes first; then the stream is complete."""
    with pytest.raises(StreamFailed) as refused:
        await watch.item()
    with pytest.raises(StreamEnded):
        await watch.item()
    return refused.value.codes


def broken(token: str) -> dict[str, str]:
    head, body, signature = token.split(".")
    return {
        "no token": "Bearer x",
        "another scheme": "Basic YWlubzphaW5v",
        "no scheme": token,
        "one letter more": f"Bearer {token}x",
        "another's signature": f"Bearer {head}.{body}.{signature[::-1]}",
        "no signature": f"Bearer eyJhbGciOiJub25lIn0.{body}.",
    }


@pytest.mark.parametrize("how", [*broken("a.b.c")])
async def test_a_token_that_proves_nothing_is_refused_by_every_transport(
    aino: Person, client: httpx.AsyncClient, talk: Talk, how: str
) -> None:
    headers = {"authorization": broken(aino.token or "")[how]}
    answer: Json = (await client.post("/graphql", json={"query": MINE}, headers=headers)).json()
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["orders"], "UNAUTHENTICATED")
    assert answer["data"] in (None, {"orders": None})
    assert error["message"] in {"The token is not valid.", "Authorization must be a bearer token."}
    async with talk() as told:
        await told.send({"type": "connection_init", "payload": headers})
        assert await told.closed() == (4403, "Forbidden")


async def test_a_header_with_forbidden_characters_is_refused_not_forwarded(talk: Talk) -> None:
    async with talk() as told:
        await told.send({"type": "connection_init", "payload": {"authorization": "Bearer x\r\nx-role: admin"}})
        code, reason = await told.closed()
    assert (code, "header" in reason) == (4400, True)


async def test_headers_of_the_routers_own_are_not_believed_of_clients(eero: Person, meal: Meal) -> None:
    for name in ("x-router-credential", "x-viewer", "x-user-id", "cookie", "x-forwarded-user"):
        body = {"query": ORDER, "variables": {"id": meal.brought}}
        answer = await eero.http.post(eero.graph, json=body, headers={**eero.headers, name: "admin"})
        assert answer.json() == {"data": {"order": None}}


async def test_who_sends_the_consistency_token_back_sees_what_they_did(aino: Person, meal: Meal) -> None:
    for _ in range(5):
        done = await placed(aino, meal.restaurant)
        seen = await aino.ask(ORDER, seen=done["consistencyToken"], id=done["order"]["id"])
        assert seen["order"] is not None
        await assert_lists(aino, done["order"]["id"], done["consistencyToken"])


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (MINE, ["orders"]),
        (
            "query($id: ID!) { restaurant(id: $id) { name orders(first: 1) { nodes { id } } } }",
            ["restaurant", "orders"],
        ),
    ],
    ids=["root", "join"],
)
async def test_a_consistency_token_reaches_every_subgraph_that_is_asked(
    meal: Meal, document: str, path: list[str]
) -> None:
    """One that cannot be read is refused by whoever would have waited for it."""
    answer = await meal.staff.result(document, {"id": meal.restaurant.id} if "$id" in document else {}, seen="nonsense")
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (path, "BAD_USER_INPUT")
    assert error["message"] == "The consistency token cannot be read."


async def test_a_stream_ends_when_its_token_does(deployment: Deployment, aino: Person, meal: Meal) -> None:
    brief = Person(aino.http, aino.graph, "aino", deployment.brief_token("aino", LIFE_S))
    events = asyncio.create_task(until_expired(brief, meal.riding))
    async with brief.watch(UPDATES, id=meal.riding) as watch:
        assert (await watch.item())["__typename"] == "OrderSnapshot"
        with pytest.raises(StreamFailed) as ended:
            await until_over(watch)
        assert ended.value.codes == ["TOKEN_EXPIRED"]
        async with asyncio.timeout(ENDS_WITHIN_S):
            assert await watch.closed() == (4401, "Token expired")
    assert await events == ["TOKEN_EXPIRED"]


async def until_over(watch: Watch) -> None:
    async with asyncio.timeout(ENDS_WITHIN_S):
        while True:
            await watch.item()


async def until_expired(person: Person, order_id: str) -> list[str | None]:
    """The codes that a stream of server-sent events ends with."""
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            async for _ in person.events(UPDATES, id=order_id):
                pass
    except StreamFailed as ended:
        return ended.codes
    return []
