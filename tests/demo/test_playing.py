"""A small evening on a real platform: stopped, gone on with, passed; then its books are spoiled one by one."""

import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from runtime.engines.programs import tethered
from runtime.engines.running import free_port
from runtime.settings import Settings
from simulator.demo.auditing import audit
from simulator.demo.findings import Verdict
from simulator.demo.folder import Folder
from simulator.demo.gathering import Gatherer
from simulator.living import Diary, read_diary
from tests.running_platform import ROOT, RunningPlatform, platform_in

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(400)]
ORDERS, RATE, RESTAURANTS, COURIERS = 6, 30, 6, 6
ENDS_WITHIN_S = 240.0
GATHERS_WITHIN_S = 5.0


class Evening:
    """The command line of a demo in a folder and on ports of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = Folder(folder)
        self.port = port
        self.said: list[str] = []

    def play(self, *options: str, until: str | None = None) -> int:
        """Its exit code; stopped as by Ctrl-C as soon as a line has `until`."""
        numbers = {
            "--orders": ORDERS, "--rate": RATE, "--restaurants": RESTAURANTS, "--couriers": COURIERS,
            "--port": self.port, "--data-dir": self.folder.path,
        }  # fmt: skip
        given = [str(word) for option in numbers.items() for word in option]
        with subprocess.Popen(
            tethered([sys.executable, "-m", "simulator.demo", *given, *options]),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self.said.append(line.rstrip())
                if until and re.search(until, line):
                    process.send_signal(signal.SIGINT)
                    until = None
            return process.wait(timeout=ENDS_WITHIN_S)

    @property
    def told(self) -> str:
        return "\n".join(self.said)

    @property
    def diary(self) -> Diary:
        diary = read_diary(self.folder.diary)
        assert diary is not None
        return diary


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    """An evening that was stopped once and went on to its end."""
    evening = Evening(tmp_path_factory.mktemp("demo") / "kept", free_port(block=9))
    stopped = evening.play(until=r"\d (CONFIRMED|ACCEPTED|PREPARING)")
    assert stopped == 130, evening.told
    before = evening.folder.kept().at
    assert evening.diary.unended, "it was stopped with people waiting"
    assert evening.play("--resume") == 0, evening.told
    assert evening.folder.kept().at > before
    return evening


@pytest.fixture(scope="module")
def reopened(played: Evening) -> Iterator[RunningPlatform]:
    """Its platform, once more, at the time it was when it was closed."""
    clock = {"CLOCK_ORIGIN": played.folder.kept().at.isoformat(), "CITY_RESTAURANTS": str(RESTAURANTS)}
    with platform_in(played.folder.path, played.port, clock) as platform:
        yield platform


def test_a_stopped_evening_goes_on_and_passes(played: Evening) -> None:
    assert any("lost 0 · gap 0 · repeat 0 · inversion 0 · unbalanced 0 · double 0" in line for line in played.said), (
        played.told
    )
    assert len(played.diary.acknowledged) == ORDERS
    assert any(line.startswith("The evening passes.") for line in played.said)


async def test_spoiled_books_of_a_real_platform_turn_the_audit_red(played: Evening, reopened: RunningPlatform) -> None:
    delivered = [order.order_id for order in played.diary.acknowledged if order.status == "DELIVERED"]
    assert (await judged(played, reopened)).exit_code == 0

    await charge_again(reopened, delivered[0])
    assert (await judged(played, reopened)).count("unbalanced") >= 1

    async with owner_of(reopened) as database:
        await lose_an_event(database, delivered[1])
        assert (await judged(played, reopened)).count("gap") >= 2

        assert (await judged(played, reopened)).count("double") == 0
        await reserve_again(database)
        assert (await judged(played, reopened)).count("double") >= 1

        await lose(database, delivered[2])
        assert (await judged(played, reopened)).count("lost") == 1
    assert (await judged(played, reopened)).exit_code == 1


async def judged(played: Evening, platform: RunningPlatform) -> Verdict:
    """What the audit says of that platform now."""
    async with httpx.AsyncClient(timeout=20) as http:
        provider = platform.address(4, "")
        gatherer = Gatherer(platform.graph_url, platform.address(3, ""), provider, secret_of(platform), http)
        return audit(await gatherer.evening(played.diary, GATHERS_WITHIN_S))


def secret_of(platform: RunningPlatform) -> str:
    return Settings.from_environment({"DATA_DIR": str(platform.data_dir)}).provider_secret


async def charge_again(platform: RunningPlatform, order_id: str) -> None:
    """Somebody else takes money for the same order, past the platform."""
    headers = {"authorization": f"Bearer {secret_of(platform)}"}
    hold = {"token": "tok_visa", "amount_minor": 500, "currency": "EUR", "reference": order_id}
    async with httpx.AsyncClient(base_url=platform.address(4, "/v1"), headers=headers) as http:

        async def call(path: str, body: dict[str, str | int] | dict[str, int]) -> httpx.Response:
            return await http.post(path, json=body, headers={"idempotency-key": uuid4().hex})

        held = (await call("/authorisations", hold)).json()
        assert (await call(f"/authorisations/{held['id']}/capture", {"amount_minor": 500})).status_code == 200


@asynccontextmanager
async def owner_of(platform: RunningPlatform) -> AsyncGenerator[asyncpg.Connection]:
    """The database as nobody of the platform may touch it."""
    settings = Settings.from_environment({"DATA_DIR": str(platform.data_dir), "PORT": str(platform.port)})
    connection = await asyncpg.connect(settings.owner_database_url)
    try:
        yield connection
    finally:
        await connection.close()


async def lose_an_event(database: asyncpg.Connection, order_id: str) -> None:
    statement = "delete from orders.journal where stream = $1 and type = 'CourierAssigned'"
    assert await database.execute(statement, order_id) != "DELETE 0"


async def reserve_again(database: asyncpg.Connection) -> None:
    """A courier who is engaged is engaged for something else, behind the fence's back."""
    statement = """
        with one as (select * from dispatch.journal where type = 'CourierReserved' limit 1),
             moved as (select * from dispatch.journal where stream = (select stream from one) and version is not null)
        insert into dispatch.journal (partition, topic, stream, version, id, type, data, meta)
        select partition, topic, stream, (select max(version) + number from moved), id || number, type,
               (data::jsonb || jsonb_build_object('offer_id', 'offer_planted_' || number))::json, meta
        from one, generate_series(1, 2) as number
        returning id
    """
    assert len(await database.fetch(statement)) == 2


async def lose(database: asyncpg.Connection, order_id: str) -> None:
    """An order that was acknowledged is gone without a trace."""
    for table, column in (("orders.journal", "stream"), ("orders.order_view", "id")):
        await database.execute(f"delete from {table} where {column} = $1", order_id)
