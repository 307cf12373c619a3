"""Reporting positions: who may, what is refused, what comes of them, with the stream's engine and without."""

import pytest

from kernel.messages import ANONYMOUS, Viewer
from subgraphs.tracking.positions import Point
from tests.conftest import free_port
from tests.tracking.bench import Bench, open_bench
from tests.tracking.riding import (
    AINO,
    COURIER,
    DOOR,
    KITCHEN,
    OTSO,
    a_point,
    after,
    assigned,
    north_of,
    picked_up,
    placed,
    requested,
)

pytestmark = pytest.mark.anyio

PARTNER = Viewer(subject="otso", roles=frozenset({"partner", "courier"}), scopes=frozenset({"order:create"}))


async def test_what_is_news_is_accepted_and_the_rest_counted(bench: Bench) -> None:
    batch = [
        a_point(KITCHEN, -0.5, sequence=1),
        a_point(KITCHEN, 0, sequence=3),
        a_point(KITCHEN, 0, sequence=3),
        a_point(KITCHEN, -0.1, sequence=4),
        a_point(KITCHEN, 5, sequence=5),
        a_point(KITCHEN, 0.5, sequence=6, accuracy_m=500),
    ]
    assert await bench.report(OTSO, *batch) == {
        "__typename": "ReportPositionsSuccess",
        "accepted": 2,
        "dropped": [
            {"reason": "FUTURE", "count": 1},
            {"reason": "INACCURATE", "count": 1},
            {"reason": "LATE", "count": 1},
            {"reason": "REPEATED", "count": 1},
        ],
    }
    assert bench.tally.accepted == 2
    assert bench.tally.dropped == {"FUTURE": 1, "INACCURATE": 1, "LATE": 1, "REPEATED": 1}
    again = await bench.report(OTSO, *batch)
    assert again["accepted"] == 0
    await bench.taker.take_next()
    row = await bench.point()
    assert row is not None
    assert (row.sequence, row.recorded_at, row.received_at) == (3, after(0), after(0))


@pytest.mark.parametrize("viewer", [AINO, ANONYMOUS, PARTNER], ids=lambda viewer: "-".join(sorted(viewer.roles)))
async def test_only_couriers_report(bench: Bench, viewer: Viewer) -> None:
    answer = await bench.report(viewer, a_point())
    assert (answer["__typename"], answer["code"]) == ("NotAllowed", "NOT_ALLOWED")
    assert await bench.stream.last(COURIER) is None


def many(number: int) -> list[Point]:
    return [a_point(KITCHEN, n / 1000, sequence=n) for n in range(number)]


@pytest.mark.parametrize(
    ("points", "path"),
    [
        ([], ["positions"]),
        (many(101), ["positions"]),
        ([a_point(), a_point(north_of(KITCHEN, 4_000_000))], ["positions", "1"]),
        ([a_point(accuracy_m=-1)], ["positions", "0"]),
        ([a_point(sequence=-1)], ["positions", "0"]),
    ],
    ids=["none", "too many", "beyond the pole", "accuracy", "sequence"],
)
async def test_what_makes_no_sense_is_refused_whole(bench: Bench, points: list[Point], path: list[str]) -> None:
    answer = await bench.report(OTSO, *points)
    assert (answer["__typename"], answer["path"]) == ("InvalidInput", path)
    assert await bench.stream.last(COURIER) is None


async def test_a_hundred_points_are_taken_at_once(bench: Bench) -> None:
    assert (await bench.report(OTSO, *many(100)))["accepted"] == 100


async def test_arrivals_are_told_once_however_often_points_come(bench: Bench) -> None:
    await bench.tell(placed, requested, assigned(0))
    for minutes in (1.0, 1.1, 1.2):
        await bench.ride(OTSO, KITCHEN, minutes)
    await bench.tell(picked_up)
    for minutes in (22.0, 22.1):
        await bench.ride(OTSO, DOOR, minutes)
    told = await bench.trip_events()
    assert [type(event).__name__ for event in told] == ["CourierArrivedAtRestaurant", "CourierNearedDoor"]
    assert [event.at for event in told] == [after(1), after(22)]


async def test_an_older_point_replaces_no_newer_one(bench: Bench) -> None:
    newer, older = a_point(KITCHEN, 2, sequence=2), a_point(DOOR, 1, sequence=1)
    for point in (newer, older):
        await bench.stream.save([point], [])
    row = await bench.point()
    assert row is not None
    assert row.sequence == 2


async def test_without_the_streams_engine_positions_are_taken_at_once(tracking_url: str) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    async with open_bench(tracking_url, nowhere) as bench:
        await bench.tell(placed, requested, assigned(-1))
        assert (await bench.report(OTSO, a_point(KITCHEN, 0)))["accepted"] == 1
        row = await bench.point()
        assert row is not None
        assert [type(event).__name__ for event in await bench.trip_events()] == ["CourierArrivedAtRestaurant"]
        again = await bench.report(OTSO, a_point(KITCHEN, 0))
        assert again["dropped"] == [{"reason": "REPEATED", "count": 1}]
