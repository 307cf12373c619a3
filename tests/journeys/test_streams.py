"""What every stream of the graph promises besides its items: where it resumes, when it ends, what it refuses."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.graph.cursors import seal_cursor
from runtime.settings import Settings
from tests.journeys.conftest import SignIn
from tests.journeys.dining import Restaurant, confirmed, cook, hand_over, kept_restaurant, placed, reaches, story
from tests.journeys.person import Json, Person, StreamEnded, StreamFailed, Watch
from tests.journeys.streams import KITCHEN_UPDATES, UPDATES
from tests.patience import AT_MOST_S
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def restaurant(sign_in: SignIn, kept: dict[str, str]) -> Restaurant:
    return await kept_restaurant(sign_in, kept)


async def test_a_watcher_resumes_after_any_event(aino: Person, restaurant: Restaurant) -> None:
    order_id = await confirmed(aino, restaurant)
    await cook(restaurant.staff, order_id)
    await hand_over(aino, restaurant.staff, order_id)
    told = await story(aino, order_id)
    for place, event in enumerate(told, 1):
        async with aino.watch(UPDATES, id=order_id, after=event["cursor"]) as watch:
            rest = [item async for item in watch]
        assert [item["sequence"] for item in rest] == [event["sequence"] for event in told[place:]]


async def test_the_pull_fallback_continues_from_a_streams_cursor(aino: Person, restaurant: Restaurant) -> None:
    order_id = await confirmed(aino, restaurant)
    async with aino.watch(UPDATES, id=order_id) as watch:
        first = await watch.item()
    await cook(restaurant.staff, order_id)
    document = (
        "query Rest($id: ID!, $after: String) { orderEvents(orderId: $id, first: 9, after: $after) { nodes { type } } }"
    )
    rest = (await aino.ask(document, id=order_id, after=first["cursor"]))["orderEvents"]["nodes"]
    assert [event["type"] for event in rest] == ["ACCEPTED", "PREPARATION_STARTED", "READY"]


async def test_a_cursor_that_is_no_good_starts_over_and_says_why(
    aino: Person, restaurant: Restaurant, platform: RunningPlatform
) -> None:
    mine, other = await confirmed(aino, restaurant), await confirmed(aino, restaurant)
    foreign, staff = (await story(aino, other))[0]["cursor"], restaurant.staff
    secret = Settings.from_environment({"DATA_DIR": str(platform.data_dir)}).cursor_secret.encode()
    watched = {
        f"orderUpdates:{mine}": (aino, UPDATES, mine, "OrderSnapshot"),
        f"restaurantOrderUpdates:{restaurant.id}": (staff, KITCHEN_UPDATES, restaurant.id, "OpenOrders"),
    }
    for scope, (person, document, id, first) in watched.items():
        ahead = seal_cursor(secret, scope, (999_999,))
        for cursor, reason in (("nonsense", "UNKNOWN"), (foreign, "FOREIGN"), (ahead, "AHEAD")):
            async with person.watch(document, id=id, after=cursor) as watch:
                assert await watch.item() == {"__typename": "ResyncRequired", "reason": reason}
                assert (await watch.item())["__typename"] == first


async def test_an_order_that_has_ended_completes_its_streams(aino: Person, restaurant: Restaurant) -> None:
    order_id = (await placed(aino, restaurant, card="tok_card_lost"))["order"]["id"]
    await reaches(aino, order_id, "FAILED")
    last = (await story(aino, order_id))[-1]["cursor"]
    async with aino.watch(UPDATES, id=order_id) as watch:
        assert [item["order"]["status"] async for item in watch] == ["FAILED"]
    async with aino.watch(UPDATES, id=order_id, after=last) as watch:
        assert [item async for item in watch] == []


async def test_a_malformed_id_is_one_error_and_then_the_end(aino: Person) -> None:
    async with aino.watch(UPDATES, id="nonsense") as watch:
        with pytest.raises(StreamFailed) as refused:
            await watch.item()
    assert refused.value.codes == ["NOT_FOUND"]


async def test_who_is_let_go_loses_the_kitchens_stream(aino: Person, eero: Person, restaurant: Restaurant) -> None:
    staff = {"restaurantId": restaurant.id, "subject": "eero"}
    await restaurant.staff.does("addStaffMember", {**staff, "role": "STAFF"})

    async def first(watch: Watch) -> Json | None:
        try:
            return await watch.item()
        except StreamFailed:
            return None

    async def until_let_in() -> None:
        found = None
        while found is None:
            async with eero.watch(KITCHEN_UPDATES, id=restaurant.id) as watch:
                found = await first(watch)

    async with asyncio.timeout(AT_MOST_S):
        await until_let_in()
    async with eero.watch(KITCHEN_UPDATES, id=restaurant.id) as watch:
        await watch.item()
        await restaurant.staff.does("removeStaffMember", staff)
        with pytest.raises(StreamFailed) as lost:
            await until_over(watch)
    assert lost.value.codes == ["FORBIDDEN"]


async def until_over(watch: Watch) -> None:
    async with asyncio.timeout(AT_MOST_S):
        while True:
            await watch.item()


async def test_a_stream_ends_when_its_token_does(
    aino: Person, restaurant: Restaurant, platform: RunningPlatform
) -> None:
    order_id = await confirmed(aino, restaurant)
    brief = Person(aino.http, aino.graph, "aino", token_for_seconds(platform, "aino", 3))
    events = asyncio.create_task(until_expired(brief, order_id))
    async with brief.watch(UPDATES, id=order_id) as watch:
        assert (await watch.item())["__typename"] == "OrderSnapshot"
        with pytest.raises((StreamFailed, StreamEnded)) as ended:
            await until_over(watch)
        assert isinstance(ended.value, StreamFailed)
        assert ended.value.codes == ["TOKEN_EXPIRED"]
        async with asyncio.timeout(AT_MOST_S):
            assert await watch.closed() == (4401, "Token expired")
    assert await events == ["TOKEN_EXPIRED"]


async def until_expired(person: Person, order_id: str) -> list[str | None]:
    """The codes that a stream of server-sent events ends with."""
    try:
        async with asyncio.timeout(AT_MOST_S):
            async for _ in person.events(UPDATES, id=order_id):
                pass
    except StreamFailed as ended:
        return ended.codes
    return []


def token_for_seconds(platform: RunningPlatform, person: str, seconds: int) -> str:
    environment = {**os.environ, **platform.environment, "DEVELOPMENT_TOKEN_SECONDS": str(seconds)}
    command = [sys.executable, "-m", "runtime", "token", person]
    return subprocess.check_output(command, cwd=ROOT, env=environment, text=True, timeout=30).strip()
