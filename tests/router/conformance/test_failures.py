"""What clients meet while something is away, comes back or is changed: errors with a code, and no loss.

These cases kill processes of the deployment, one after another, and leave it whole.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.journeys.dining import confirmed, cook, hand_over, placed, story
from tests.journeys.person import Json, Person, StreamFailed
from tests.journeys.streams import UPDATES, Follower
from tests.patience import eventually
from tests.router.conformance.deployment import Deployment, replaced
from tests.router.conformance.meals import Meal

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(180)]

BACK_WITHIN_S = 60
NEWCOMERS = 8
PLACE = "query Place($id: ID!) { restaurant(id: $id) { name rating { count } } }"
FRIENDLY = "Part of the graph does not answer now. Try again in a moment."


@pytest.fixture
def mortal(deployment: Deployment) -> Deployment:
    """A deployment whose processes are ours to kill."""
    deployment.processes()
    return deployment


class Faithful(Follower):
    """Comes back with the last cursor whatever ended the stream: a cut, an error, or an early end."""

    async def follow(self) -> None:
        while not self.done:
            try:
                async with self.person.watch(self.document, **self.variables) as watch:
                    async for item in watch:
                        self.take(item)
            except (ConnectionClosed, StreamFailed, OSError, AssertionError):
                pass
            self.cuts += 1
            await asyncio.sleep(0.1)  # the client's own breath before it comes back


@asynccontextmanager
async def followed(person: Person, order_id: str) -> AsyncGenerator[Faithful]:
    """Somebody who follows the order to its end, and must then have heard its whole story."""
    follower = Faithful(person, UPDATES, order_id, is_last=lambda item: item["order"]["status"] == "COMPLETED")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follower.follow())
        await eventually(lambda: has_begun(follower))
        yield follower
    told = await story(person, order_id)
    assert follower.events == told[follower.items[0]["sequence"] :]


async def has_begun(follower: Faithful) -> bool:
    return bool(follower.items)


async def is_answered(person: Person, meal: Meal) -> bool:
    """Whether every subgraph that this asks answers again."""
    try:
        answer = await person.result(PLACE, {"id": meal.restaurant.id})
    except (httpx.TransportError, json.JSONDecodeError):
        return False
    return "errors" not in answer


@asynccontextmanager
async def killed(mortal: Deployment, name: str) -> AsyncGenerator[None]:
    """Without that process: killed, and for as long as this lasts stopped again at once."""
    platform = mortal.processes()
    process = await asyncio.to_thread(platform.kill, name)
    yield
    await asyncio.to_thread(platform.wait_restarted, name, process)


async def test_a_killed_subgraph_is_an_error_with_a_code_and_works_again_when_it_is_back(
    mortal: Deployment, aino: Person, meal: Meal, client: httpx.AsyncClient
) -> None:
    met: list[Json] = []

    async def meets() -> bool:
        answer = await aino.result(PLACE, {"id": meal.restaurant.id})
        met.extend(answer.get("errors", []))
        return bool(met)

    async with killed(mortal, "serve"):
        await eventually(meets)
        assert (await client.get("/health/live")).status_code == 200
        assert (await aino.result("{ __typename }"))["data"] == {"__typename": "Query"}
    assert {error["extensions"]["code"] for error in met} == {"UNAVAILABLE"}
    assert {error["message"] for error in met} == {FRIENDLY}
    await eventually(lambda: is_answered(aino, meal), BACK_WITHIN_S)
    assert (await placed(aino, meal.restaurant))["order"]["status"] == "PLACED"


async def test_followers_of_a_killed_subgraph_miss_nothing(mortal: Deployment, aino: Person, meal: Meal) -> None:
    order_id = await confirmed(aino, meal.restaurant)
    async with followed(aino, order_id) as follower:
        async with killed(mortal, "serve"):
            pass
        await eventually(lambda: is_answered(aino, meal), BACK_WITHIN_S)
        await cook(meal.staff, order_id)
        await hand_over(aino, meal.staff, order_id)
    assert follower.cuts > 1


async def test_a_stream_of_a_killed_subgraph_ends_with_an_error(mortal: Deployment, aino: Person, meal: Meal) -> None:
    async with aino.watch(UPDATES, id=meal.riding) as watch:
        await watch.item()
        streamed = asyncio.create_task(ends_of(aino, meal.riding))
        async with killed(mortal, "serve"):
            with pytest.raises(StreamFailed) as failed:
                await watch.item()
            assert failed.value.codes == ["UNAVAILABLE"]
            assert await streamed == ["UNAVAILABLE"]
    await eventually(lambda: is_answered(aino, meal), BACK_WITHIN_S)


async def ends_of(person: Person, order_id: str) -> list[str | None]:
    """The codes that a stream of server-sent events ends with."""
    try:
        async for _ in person.events(UPDATES, id=order_id):
            pass
    except StreamFailed as failed:
        return failed.codes
    return []


def processes_of(deployment: Deployment) -> list[str]:
    return ["gateway", "hive-router"] if deployment.router == "hive" else ["gateway"]


async def test_followers_of_a_killed_router_miss_nothing(mortal: Deployment, aino: Person, meal: Meal) -> None:
    for name in processes_of(mortal):
        order_id = await confirmed(aino, meal.restaurant)
        async with followed(aino, order_id) as follower:
            async with killed(mortal, name):
                pass
            await eventually(lambda: is_answered(aino, meal), BACK_WITHIN_S)
            await cook(meal.staff, order_id)
            await hand_over(aino, meal.staff, order_id)
        assert follower.cuts > 1


async def test_a_reloaded_supergraph_costs_followers_nothing(mortal: Deployment, aino: Person, meal: Meal) -> None:
    order_id = await confirmed(aino, meal.restaurant)
    async with followed(aino, order_id):
        await reloaded(mortal, aino)
        await cook(meal.staff, order_id)
        await reloaded(mortal, aino)
        await hand_over(aino, meal.staff, order_id)
    await eventually(lambda: are_watching(aino, meal, NEWCOMERS))


async def are_watching(person: Person, meal: Meal, newcomers: int) -> bool:
    """Whether everybody who comes now may watch at once: whatever sockets are kept behind the front, all of them do."""
    for _ in range(newcomers):
        try:
            async with person.watch(UPDATES, id=meal.riding) as watch:
                await watch.item()
        except StreamFailed:
            return False
    return True


async def reloaded(mortal: Deployment, person: Person) -> None:
    """The supergraph has one more sentence, and clients read it."""
    sentence = f"Told anew {secrets.token_hex(4)}."
    replaced(mortal.supergraph, told_anew(mortal.supergraph.read_text(), sentence))

    async def is_told() -> bool:
        found = await person.result('{ __type(name: "Quote") { description } }')
        return sentence in str(found.get("data"))

    await eventually(is_told)


def told_anew(supergraph: str, sentence: str) -> str:
    """The same supergraph with that description of a quote."""
    return re.sub(
        r'(?:"""(?:(?!""").)*"""\n)?type Quote @', f'"""{sentence}"""\ntype Quote @', supergraph, flags=re.DOTALL
    )


async def test_a_supergraph_that_makes_no_sense_changes_nothing(mortal: Deployment, aino: Person, meal: Meal) -> None:
    good = mortal.supergraph.read_text()
    try:
        for nonsense in ("", "type Query {"):
            replaced(mortal.supergraph, nonsense)
            for _ in range(20):
                assert (await aino.ask(PLACE, id=meal.restaurant.id))["restaurant"]["name"]
                await asyncio.sleep(0.15)  # longer in all than a router takes to look again
    finally:
        replaced(mortal.supergraph, good)
    await reloaded(mortal, aino)
