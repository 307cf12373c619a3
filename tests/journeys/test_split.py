"""The platform with every subgraph and every worker in a process of its own: the same to its clients, and no weaker."""

import asyncio
import re
from collections.abc import Iterator

import asyncpg
import pytest

from runtime.engines.postgres import SETTINGS as POSTGRES_SETTINGS
from runtime.settings import Settings
from runtime.supervision.splitting import domains
from tests.journeys.carrying import codes, settle
from tests.journeys.conftest import SMALL_CITY, SignIn
from tests.journeys.dining import confirmed, cook, hand_over, has_reached, open_restaurant, story
from tests.journeys.person import Json, Person
from tests.journeys.streams import UPDATES, Follower
from tests.patience import eventually
from tests.running_platform import RunningPlatform, platform_in

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

PLACE = "query Place($id: ID!) { restaurant(id: $id) { id name rating { count } } }"
LIFE = ["PLACED", "CONFIRMED", "ACCEPTED", "PREPARATION_STARTED", "READY", "COMPLETED"]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    environment = {**SMALL_CITY, "SPLIT": "1"}
    with platform_in(tmp_path_factory.mktemp("split") / "kept", environment=environment) as opened:
        yield opened


def test_every_part_is_a_process_that_is_measured(platform: RunningPlatform) -> None:
    parts = {f"{role}-{domain}" for role in ("serve", "work") for domain in domains()}
    assert parts < platform.processes().keys()
    assert not {"serve", "work"} & platform.processes().keys()
    metrics = platform.get(7, "/metrics").decode()
    assert parts < set(re.findall(r'platform_process_memory_bytes\{process="([^"]+)"\}', metrics))
    for number, domain in enumerate(domains()):
        assert platform.status_code(20 + number, f"/{domain}/graphql") != 404
        others = [platform.status_code(20 + number, f"/{other}/graphql") for other in domains() if other != domain]
        assert set(others) == {404}
        assert f'timers_due{{domain="{domain}"}}' in platform.get(30 + number, "/metrics").decode()


async def test_an_order_is_collected_and_its_watcher_told_of_everything(aino: Person, sign_in: SignIn) -> None:
    restaurant = await open_restaurant(sign_in)
    order_id = await confirmed(aino, restaurant)
    watcher = Follower(aino, UPDATES, order_id)
    watching = asyncio.create_task(watcher.follow())
    await cook(restaurant.staff, order_id)
    await hand_over(aino, restaurant.staff, order_id)
    await watching
    told = await story(aino, order_id)
    assert [event["type"] for event in told] == LIFE
    assert watcher.events == told[watcher.items[0]["sequence"] :]


async def test_an_order_is_brought_though_workers_die_on_its_way(
    platform: RunningPlatform, aino: Person, sign_in: SignIn
) -> None:
    place = await settle(sign_in)
    courier = await place.courier(sign_in)
    await killed_and_back(platform, "work-orders")
    order_id = await place.cooked(aino)
    await killed_and_back(platform, "work-dispatch")
    delivery_id = await place.fetched(courier, order_id)
    await killed_and_back(platform, "work-tracking")
    await courier.ride(place.door)
    await courier.stays(lambda: has_reached(aino, order_id, "ARRIVING"))
    pin = (await codes(aino, order_id))["dropoffPin"]
    assert (await courier.does("confirmDropoff", delivery_id, pin=pin))["status"] == "DELIVERED"


async def killed_and_back(platform: RunningPlatform, name: str) -> None:
    await asyncio.to_thread(platform.wait_restarted, name, platform.kill(name))


async def test_a_dead_subgraph_takes_its_own_fields_along_and_nothing_else(
    platform: RunningPlatform, nobody: Person, sign_in: SignIn
) -> None:
    restaurant = await open_restaurant(sign_in, "Yksin")
    whole: Json = {"restaurant": {"id": restaurant.id, "name": "Yksin", "rating": {"count": 0}}}
    assert await nobody.result(PLACE, {"id": restaurant.id}) == {"data": whole}
    killed = platform.kill("serve-reviews")
    answer = await nobody.result(PLACE, {"id": restaurant.id})
    assert answer["data"] == {"restaurant": {**whole["restaurant"], "rating": None}}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAVAILABLE"}
    assert {error["path"][0] for error in answer["errors"]} == {"restaurant"}
    assert platform.status_code(0, "/health/ready") == 200
    await asyncio.to_thread(platform.wait_restarted, "serve-reviews", killed)

    async def is_whole() -> bool:
        return await nobody.result(PLACE, {"id": restaurant.id}) == {"data": whole}

    await eventually(is_whole)


async def test_all_processes_together_leave_connections_free(platform: RunningPlatform) -> None:
    settings = Settings.from_environment({"DATA_DIR": str(platform.data_dir), "PORT": str(platform.port)})
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        taken = await connection.fetchval("select count(*) from pg_stat_activity where datname = 'platform'")
    finally:
        await connection.close()
    assert len(domains()) * 2 < taken < int(POSTGRES_SETTINGS["max_connections"]) / 2
