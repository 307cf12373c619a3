"""A domain as one value: what it decides, consumes, emits and shows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kernel.deciding import Decider, Keeper
from kernel.graph.federation import SubgraphSchema
from kernel.log import Recorded
from kernel.messages import Command, Event, Refusal
from kernel.projecting import Feed, Projection, View

if TYPE_CHECKING:
    from kernel.ports import Views

PortT = TypeVar("PortT")

Facts = Callable[[Any, "Views"], Awaitable[Command | Refusal]]
"""Adds to a command what deciding needs beyond its own stream, so that the journaled command shows it."""


@dataclass(frozen=True)
class Reaction:
    """Turns foreign or own events into own commands; pure. A new reaction starts at the log's head unless told so."""

    name: str
    topics: tuple[str, ...]
    react: Callable[[Recorded], Sequence[Command]]
    from_start: bool = False


@dataclass(frozen=True)
class Effect(Generic[PortT]):
    """Talks to the outside about an event, at least once and outside any transaction, and reports back by commands.

    `port` is the protocol it needs; whoever wires the platform hands an adapter of it over.
    """

    name: str
    topics: tuple[str, ...]
    port: type[PortT]
    perform: Callable[[Recorded, PortT], Awaitable[Sequence[Command]]]
    from_start: bool = False
    """As of a reaction: a new effect starts at the log's head unless told so."""


@dataclass(frozen=True)
class Sink(Generic[PortT]):
    """Pours records into an engine that is not the domain's own store, batch after batch, at least once.

    The consumer's step follows once `pour` has returned, so what is poured must bear repetition: by ids that the
    engine replaces, or by versions that it compares. Raises `kernel.ports.Outage` while the engine is away.
    """

    name: str
    topics: tuple[str, ...]
    port: type[PortT]
    pour: Callable[[Sequence[Recorded], PortT], Awaitable[None]]
    """Records of one topic partition, in order; returns when the engine has acknowledged all of them."""
    from_start: bool = True
    """Unlike a reaction, a new sink begins with the log's first record: the fold of the whole log is its backfill."""
    gather_s: float = 0.0
    """How long news may gather before it is poured: most engines take many records almost as cheaply as one."""


@dataclass(frozen=True)
class Intake(Generic[PortT]):
    """Takes what comes from a lossy source that is no log, and may answer with commands of the domain's own.

    What a worker was doing when it died is not done again, and a command that is refused is dropped: newer news follow.
    """

    name: str
    port: type[PortT]
    """Has `next`, as `kernel.taking.Source` says, and whatever else taking needs."""
    take: Callable[[Sequence[Any], PortT, "Views", datetime], Awaitable[Sequence[Command]]]
    """(batch, port, the domain's views, platform time) → commands; may raise `kernel.ports.Outage`."""
    views: tuple[View[Any], ...] = ()
    """Tables it keeps through its port: no log rebuilds them, only what comes next."""


@dataclass(frozen=True)
class Recall:
    """Another, short stream of the same domain (its first 1,000 events) that a decision needs: read before the facts,
    from the journal itself, so that it is never stale."""

    stream: Callable[[Any], str]
    fill: Callable[[Any, Sequence[Event | Command]], Command]
    """(command, the stream's events) → the command that shows them."""


@dataclass(frozen=True)
class Remedy:
    """A command that is handled first when a refusal is about to be given, and what the refusal says of its outcome."""

    command: Callable[[Any, Any, str], Command]
    """(command, refusal, seed for derived ids) → the remedy's command."""
    amend: Callable[[Any, str], Refusal]
    """(refusal, stream of the accepted remedy) → the refusal as the client sees it."""


@dataclass(frozen=True)
class Subgraph:
    """One domain, assembled in its `subgraph.py`."""

    name: str
    schema: SubgraphSchema
    aggregates: tuple[Decider[Any, Any, Any] | Keeper[Any, Any], ...]
    refusals: tuple[type[Refusal], ...]
    """Every refusal a decision can give: they are stored with idempotent requests and read back by name."""
    facts: Mapping[type[Command], Facts] = field(default_factory=dict[type[Command], Facts])
    recalls: Mapping[type[Command], Recall] = field(default_factory=dict[type[Command], Recall])
    remedies: Mapping[type[Refusal], Remedy] = field(default_factory=dict[type[Refusal], Remedy])
    reactions: tuple[Reaction, ...] = ()
    effects: tuple[Effect[Any], ...] = ()
    sinks: tuple[Sink[Any], ...] = ()
    intakes: tuple[Intake[Any], ...] = ()
    projections: tuple[Projection[Any], ...] = ()
    """Of views keyed by this domain's own streams; folds over foreign events stand in `projections/`."""
    feeds: tuple[Feed, ...] = ()

    @property
    def commands(self) -> tuple[type[Command], ...]:
        return tuple(kind for aggregate in self.aggregates for kind in aggregate.commands)

    @property
    def events(self) -> tuple[type[Event], ...]:
        """The events of event-sourced aggregates and the changes of captured tables."""
        found: list[type[Event]] = []
        for aggregate in self.aggregates:
            if isinstance(aggregate, Keeper):
                found.extend(table.change for table in aggregate.tables)
            else:
                found.extend(aggregate.events)
        return tuple(found)
