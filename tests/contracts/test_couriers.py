"""Searching for couriers: the index and the table give one answer, and the search falls back and comes back."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest
from prometheus_client import REGISTRY

from kernel.places import Position, Vehicle, distance_m
from kernel.ports import Outage
from runtime.adapters.couriers import BREAKER, MOST, NearbyCouriers, Vicinity, of_the_free
from runtime.adapters.postgres.pool import open_database, url_of_role
from runtime.adapters.postgres.positions import PostgresCourierPositions
from runtime.adapters.postgres.shapes import TableSql
from runtime.adapters.postgres.views import PostgresViews
from runtime.adapters.streets import StreetTravelTimes
from runtime.adapters.valkey.positions import ValkeyPositionStream, open_positions
from runtime.engines.running import running
from runtime.engines.valkey import ValkeyServer
from subgraphs.dispatch.effects import Candidate
from subgraphs.dispatch.views import COURIER_PROJECTION, CourierView
from subgraphs.tracking.positions import Point
from tests.clocks import SettableClock
from tests.conftest import free_port, runtime_url
from tests.contracts.riders import STATION, north_of, seen
from tests.contracts.shop import NOON
from tests.patience import eventually

pytestmark = pytest.mark.anyio

NOWHERE = Path("there is no such city")
CROW = StreetTravelTimes(NOWHERE)
"""Rides that are guessed from the distance."""


@dataclass
class Town:
    """Where couriers are put and looked for."""

    name: str
    stream: ValkeyPositionStream
    table: PostgresCourierPositions

    @property
    def vicinity(self) -> Vicinity:
        return self.stream if self.name == "index" else self.table

    async def put(self, *points: Point) -> None:
        for point in points:
            if self.name == "index":
                await self.stream.append(point.courier_id, [point])
        if self.name == "table":
            await self.table.save(points, wake=[])

    async def names(self, around: Position, radius_m: float, second: float = 0, limit: int = 100) -> list[str]:
        since = NOON + timedelta(seconds=second)
        found = await self.vicinity.near(around, radius_m, since, limit)
        return [point.courier_id.removeprefix("courier_") for point in found]


@pytest.fixture(params=["index", "table"])
async def town(request: pytest.FixtureRequest, table: PostgresCourierPositions, valkey_url: str) -> AsyncIterator[Town]:
    """Couriers who are known to the index only, or to the table only while the index is away."""
    url = valkey_url if request.param == "index" else f"redis://127.0.0.1:{free_port()}/0"
    async with open_positions(url, table) as stream:
        yield Town(request.param, stream, table)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOON)


@pytest.fixture
def couriers(town: Town, clock: SettableClock) -> NearbyCouriers:
    return NearbyCouriers(town.stream, town.table, CROW, clock)


async def test_the_nearest_come_first_and_whole(town: Town) -> None:
    far = seen("far", north_of(STATION, 900), second=3, sequence=8, late_s=0.5)
    await town.put(far, seen("near", north_of(STATION, 20)), seen("middle", north_of(STATION, -300)))
    await town.put(seen("beyond", north_of(STATION, 1100)))
    assert await town.names(STATION, 1000) == ["near", "middle", "far"]
    assert (await town.vicinity.near(STATION, 1000, NOON, 100))[-1] == far


async def test_the_circle_is_the_one_of_great_circles(town: Town) -> None:
    chance = Random(7)
    points = [
        seen(
            str(number),
            Position(latitude=60.17 + chance.uniform(-0.1, 0.1), longitude=24.94 + chance.uniform(-0.2, 0.2)),
        )
        for number in range(300)
    ]
    await town.put(*points)
    within = sorted((distance_m(STATION, point.position), point.courier_id) for point in points)
    expected = [courier.removeprefix("courier_") for metres, courier in within if metres <= 5000]
    assert 30 < len(expected) < 270
    assert sorted(await town.names(STATION, 5000, limit=300)) == sorted(expected)
    assert await town.names(STATION, 5000, limit=5) == expected[:5]


async def test_the_circle_ends_where_it_ends(town: Town) -> None:
    await town.put(*(seen(str(metres), north_of(STATION, metres)) for metres in (4990, 4999, 5001, 5003, 5010)))
    assert await town.names(STATION, 5000) == ["4990", "4999"]


@pytest.mark.parametrize("longitude", [180.0, -180.0, 179.9999])
async def test_the_earth_is_round(town: Town, longitude: float) -> None:
    await town.put(
        seen("east", Position(latitude=-16.8, longitude=-179.999)),
        seen("west", Position(latitude=-16.8, longitude=179.999)),
        seen("afar", Position(latitude=-16.8, longitude=0.0)),
    )
    assert sorted(await town.names(Position(latitude=-16.8, longitude=longitude), 500)) == ["east", "west"]


async def test_who_is_silent_is_not_found_and_takes_nobodys_place(town: Town) -> None:
    await town.put(*(seen(f"silent_{n}", north_of(STATION, n)) for n in range(60)))
    await town.put(seen("heard", north_of(STATION, 500), second=30), seen("on_time", north_of(STATION, 600), second=10))
    assert await town.names(STATION, 1000, second=10, limit=3) == ["heard", "on_time"]


async def test_the_last_position_counts_and_nobody_is_found_twice(town: Town) -> None:
    await town.put(seen("otso", north_of(STATION, 10)))
    await town.put(seen("otso", north_of(STATION, 700), second=1))
    await town.put(seen("otso", north_of(STATION, 5), second=0.5))
    assert await town.names(STATION, 600) == []
    assert await town.names(STATION, 800) == ["otso"]


async def test_candidates_are_ordered_by_their_rides(town: Town, clock: SettableClock) -> None:
    async def vehicles(courier_ids: Sequence[str]) -> dict[str, Vehicle]:
        known = {"courier_bicycle": Vehicle.BICYCLE, "courier_car": Vehicle.CAR}
        return {courier: known[courier] for courier in courier_ids if courier in known}

    car, bicycle = seen("car", north_of(STATION, 1200), late_s=0.5), seen("bicycle", north_of(STATION, 1000))
    await town.put(bicycle, car, seen("at_home", north_of(STATION, 5)))
    search = NearbyCouriers(town.stream, town.table, CROW, clock, vehicles)
    found = await search.candidates(STATION, 2000, [])
    rides = {
        each.courier_id: (await CROW.seconds([each.position], STATION, vehicle))[0]
        for each, vehicle in ((car, Vehicle.CAR), (bicycle, Vehicle.BICYCLE))
    }
    assert found == [
        Candidate(
            courier_id=point.courier_id,
            position=point.position,
            seen_at=point.received_at,
            ride_seconds=rides[point.courier_id],
        )
        for point in (car, bicycle)
    ]


async def test_a_courier_is_available_for_a_minute_of_silence(
    town: Town, couriers: NearbyCouriers, clock: SettableClock
) -> None:
    await town.put(seen("otso", late_s=5))
    clock.advance(timedelta(seconds=65))
    assert [each.courier_id for each in await couriers.candidates(STATION, 500, [])] == ["courier_otso"]
    clock.advance(timedelta(milliseconds=1))
    assert await couriers.candidates(STATION, 500, []) == []


async def test_at_most_fifty_are_named_and_nobody_who_is_excluded(town: Town, couriers: NearbyCouriers) -> None:
    await town.put(*(seen(f"{n:03}", north_of(STATION, n)) for n in range(400)))
    excluded = [f"courier_{n:03}" for n in range(300)]
    found = await couriers.candidates(STATION, 1000, excluded)
    assert [each.courier_id for each in found] == [f"courier_{n}" for n in range(300, 300 + MOST)]


async def test_a_crowd_of_busy_couriers_hides_nobody_who_is_free(town: Town, clock: SettableClock) -> None:
    async def vehicles(courier_ids: Sequence[str]) -> dict[str, Vehicle]:
        return {courier: Vehicle.BICYCLE for courier in courier_ids if courier == "courier_free"}

    await town.put(*(seen(f"busy_{n}", north_of(STATION, n)) for n in range(300)), seen("free", north_of(STATION, 400)))
    search = NearbyCouriers(town.stream, town.table, CROW, clock, vehicles)
    assert [each.courier_id for each in await search.candidates(STATION, 1000, ["courier_x"])] == ["courier_free"]
    assert await search.candidates(STATION, 1000, ["courier_free"]) == []


async def test_nobody_near_is_no_candidate(couriers: NearbyCouriers) -> None:
    assert await couriers.candidates(STATION, 1000, []) == []


def answered(by: str) -> float:
    return REGISTRY.get_sample_value("courier_searches_total", {"answered": by}) or 0


def state() -> float | None:
    return REGISTRY.get_sample_value("breaker_state", {"breaker": BREAKER})


async def test_an_index_that_was_emptied_lets_the_table_tell(
    valkey_url: str, table: PostgresCourierPositions, clock: SettableClock
) -> None:
    await table.save([seen("otso")], wake=[])
    async with open_positions(valkey_url, table) as stream:
        search, before = NearbyCouriers(stream, table, CROW, clock), answered("table")
        assert len(await search.candidates(STATION, 500, [])) == 1
        assert answered("table") == before + 1


async def test_a_killed_index_is_left_alone_and_found_again(
    tmp_path: Path, table: PostgresCourierPositions, clock: SettableClock
) -> None:
    server = ValkeyServer(folder=tmp_path / "valkey", port=free_port(), durable=False)
    async with open_positions(server.url(), table) as stream:
        search = NearbyCouriers(stream, table, CROW, clock)
        await table.save([seen("slow"), seen("otso")], wake=[])

        async def names() -> list[str]:
            return sorted(each.courier_id for each in await search.candidates(STATION, 500, []))

        with running(server) as process:
            await stream.append("courier_otso", [seen("otso")])
            assert await names() == ["courier_otso"]
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait, 20)
            for _ in range(5):
                assert await names() == ["courier_otso", "courier_slow"]
            assert state() == 2
        with running(server):
            assert await names() == ["courier_otso", "courier_slow"]
            await stream.append("courier_otso", [seen("otso", second=1)])

            async def found_again() -> bool:
                return await names() == ["courier_otso"]

            await eventually(found_again)
            assert state() == 0


async def test_only_those_on_a_shift_and_free_come_with_what_they_ride(migrated_url: str) -> None:
    def courier(name: str, vehicle: Vehicle, *, online: bool = True, offer: str | None = None) -> CourierView:
        return CourierView(
            id=f"courier_{name}",
            version=1,
            subject=name,
            display_name=name,
            vehicle=vehicle,
            online=online,
            shift_started_at=NOON,
            offer_id=offer,
        )

    rows = [
        courier("otso", Vehicle.BICYCLE),
        courier("venla", Vehicle.CAR),
        courier("home", Vehicle.CAR, online=False),
        courier("busy", Vehicle.SCOOTER, offer="offer_1"),
        courier("far", Vehicle.SCOOTER),
    ]
    view = COURIER_PROJECTION.view
    async with open_database(url_of_role(runtime_url(migrated_url), "dispatch"), "dispatch") as database:
        upsert = TableSql("dispatch", view.name, view.row, view.key).upsert
        await database.fetch(upsert, msgspec.json.encode(rows).decode())
        asked = [row.id for row in rows if row.id != "courier_far"]
        riding = await of_the_free(PostgresViews("dispatch", database))([*asked, "courier_unknown"])
    assert riding == {"courier_otso": Vehicle.BICYCLE, "courier_venla": Vehicle.CAR}


class Away:
    """Knows nobody, since it is away."""

    async def near(self, around: Position, radius_m: float, since: datetime, limit: int) -> Sequence[Point]:
        raise Outage(f"away from {around} and its {radius_m} m since {since}, {limit} times")


async def test_nobody_can_tell_when_the_table_is_away_too(clock: SettableClock) -> None:
    with pytest.raises(Outage):
        await NearbyCouriers(Away(), Away(), CROW, clock).candidates(STATION, 500, [])
