"""A domain as small as can be, to try the kernel on: tallies that count up to a hundred, told apart by their id."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import msgspec
import strawberry

from kernel.calling import Call
from kernel.clock import Clock
from kernel.codec import Codec
from kernel.committing import RequestKey
from kernel.deciding import Claim, Decider, Decision, Later
from kernel.equipment import Equipment
from kernel.graph.federation import subgraph_schema
from kernel.handling import Handler
from kernel.ids import derive_id
from kernel.log import Recorded
from kernel.messages import Command, Event, Refusal, Row, Value
from kernel.ports import EventLog, Signals, Views
from kernel.projecting import Feed, Key, Projection, View
from kernel.subgraph import Reaction, Remedy, Subgraph
from runtime.adapters.background import background
from runtime.adapters.ids import RandomIds
from runtime.adapters.kafka.log import open_kafka_log
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.postgres.log import PostgresEventLog
from runtime.adapters.postgres.migrating import migrate
from runtime.adapters.postgres.pool import Database, open_database
from runtime.adapters.postgres.schemas import domain_schemas
from runtime.adapters.valkey.signals import open_signals
from tests.clocks import SettableClock
from tests.conftest import runtime_url, test_settings
from tests.contracts.publishing import make_topics, open_publisher

MOST = 100
TOPICS = ("tally.commands", "tally.events")


class Count(Command):
    tally: str
    by: int
    surplus: int = 0
    """Put in by facts: how much more than asked for is counted."""


class CountLater(Command):
    tally: str
    by: int
    after_s: int


class Name(Command):
    tally: str
    name: str


class Forgive(Command):
    """The remedy of a refusal: another tally takes what was too much."""

    tally: str


class Counted(Event):
    tally: str
    by: int


class Named(Event):
    tally: str
    name: str


class TooMuch(Refusal):
    left: int
    elsewhere: str | None = None


class NameTaken(Refusal):
    pass


class Negative(Refusal):
    pass


class Tally(Value):
    total: int = 0


def decide(command: Count | CountLater | Name | Forgive, tally: Tally) -> Decision:
    match command:
        case Count(by=0) | Forgive():
            return [] if isinstance(command, Count) else [Counted(at=command.at, tally=command.tally, by=1)]
        case Count():
            by = command.by + command.surplus
            if tally.total + by > MOST:
                return TooMuch(left=MOST - tally.total)
            return [Counted(at=command.at, tally=command.tally, by=by)]
        case CountLater():
            return [
                Counted(at=command.at, tally=command.tally, by=0),
                Later(
                    at=command.at + timedelta(seconds=command.after_s),
                    command=Count(tally=command.tally, by=command.by),
                ),
            ]
        case Name():
            return [
                Named(at=command.at, tally=command.tally, name=command.name),
                Claim(scope="names", key=command.name, refusal=NameTaken()),
            ]


def evolve(tally: Tally, event: Counted | Named) -> Tally:
    return Tally(total=tally.total + event.by) if isinstance(event, Counted) else tally


async def surplus(command: Count, views: Views) -> Command | Refusal:
    if command.by < 0:
        return Negative()
    rows = await views.fetch(TallyView, "select * from tally_view where id = 'surplus'")
    return msgspec.structs.replace(command, surplus=rows[0].total) if rows else command


class TallyView(Row):
    id: str
    total: int
    events: int


def fold(row: TallyView | None, record: Recorded, key: Key) -> TallyView | None:
    event = record.message
    before = row or TallyView(id=record.stream, total=0, events=0)
    if isinstance(event, Named) and event.name == "poison":
        raise ArithmeticError("nobody can count that")
    by = event.by if isinstance(event, Counted) else 0
    return TallyView(id=record.stream, total=before.total + by, events=before.events + 1)


TALLY_VIEW = Projection(
    domain="tally",
    view=View(name="tally_view", row=TallyView, key=("id",)),
    topics=("tally.events",),
    keys=lambda record: [(record.stream,)],
    fold=fold,
    sharing="stream",
)
EVERYTHING = Feed(domain="tally", name="everything", topics=("tally.events",), owner=lambda record: "all")


def echo(record: Recorded) -> Sequence[Command]:
    """Every count is echoed by the tally of the same name with an e."""
    event = record.message
    if isinstance(event, Counted) and not event.tally.startswith("e"):
        return [Count(tally=f"e{event.tally}", by=event.by)]
    return []


@strawberry.type
class Query:
    nothing: str | None = None


TALLIES = Decider(
    commands=(Count, CountLater, Name, Forgive),
    events=(Counted, Named),
    stream=lambda command: command.tally,
    initial=Tally(),
    decide=decide,
    evolve=evolve,
)
TALLY = Subgraph(
    name="tally",
    schema=subgraph_schema(Query),
    aggregates=(TALLIES,),
    refusals=(TooMuch, NameTaken, Negative),
    facts={Count: surplus},
    remedies={
        TooMuch: Remedy(
            command=lambda command, refusal, seed: Forgive(tally=derive_id("tally", seed, "elsewhere")),
            amend=lambda refusal, stream: msgspec.structs.replace(refusal, elsewhere=stream),
        )
    },
    reactions=(Reaction(name="tally.echo", topics=("tally.events",), react=echo, from_start=True),),
    projections=(TALLY_VIEW,),
)


@dataclass(frozen=True)
class Bench:
    """The tally domain over real engines."""

    equipment: Equipment
    handler: Handler
    log: EventLog
    clock: SettableClock
    database: Database

    async def execute(self, sql: str) -> None:
        """By hand, as the domain's own role."""
        await self.database.fetch(sql)

    async def count(self, tally: str, by: int = 1) -> None:
        await self.handler.handle(Count(tally=tally, by=by), Call(correlation="tests"))

    async def total(self, tally: str) -> int | None:
        rows = await self.equipment.views.fetch(TallyView, "select * from tally_view where id = $1", tally)
        return rows[0].total if rows else None

    async def stored(self, tally: str) -> int:
        """The sum in the journal."""
        events = [self.equipment.codec.open(sealed).message for sealed in await self.equipment.journal.read(tally)]
        return sum(event.by for event in events if isinstance(event, Counted))

    def with_signals(self, signals: Signals) -> "Bench":
        equipment = replace(self.equipment, signals=signals)
        return replace(self, equipment=equipment, handler=Handler(TALLY, equipment))


def request(key: str, fingerprint: str = "a") -> RequestKey:
    return RequestKey(actor="aino", mutation="count", key=key, fingerprint=fingerprint)


async def make_database(url: str) -> str:
    """A migrated database; the URL of its runtime role."""
    settings = test_settings(OWNER_DATABASE_URL=url, DATABASE_URL=runtime_url(url))
    await migrate(settings, domain_schemas([TALLY], TALLY.projections))
    return runtime_url(url)


@asynccontextmanager
async def open_bench(
    url: str, valkey_url: str, clock: Clock | None = None, kafka: str | None = None
) -> AsyncGenerator[Bench]:
    """Over the journal's own log, or over the Kafka with these servers, to which it is published."""
    codec = Codec([*TALLY.commands, *TALLY.events])
    settable = clock if isinstance(clock, SettableClock) else SettableClock()
    async with (
        open_signals(valkey_url) as signals,
        open_database(url, "", connections=3) as readers,
        open_domain(url, "tally", codec) as store,
    ):
        equipment = store.equipment(signals, settable, RandomIds())
        async with _open_log(PostgresEventLog(readers, signals), kafka) as log:
            yield Bench(equipment, Handler(TALLY, equipment), log, settable, store.database)


@asynccontextmanager
async def _open_log(journals: PostgresEventLog, kafka: str | None) -> AsyncGenerator[EventLog]:
    if kafka is None:
        yield journals
        return
    await make_topics(kafka, TOPICS)
    async with (
        open_publisher(kafka, journals, TOPICS) as publisher,
        background(publisher.run(), "publisher"),
        open_kafka_log(kafka, journals) as log,
    ):
        yield log
