"""Deciding: a domain is pure functions over its own past, collected in a decider."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from kernel.messages import Command, Event, Refusal, Row, Value


class Claim(Value):
    """Takes one of `limit` places of `key` within `scope`, in the commit of the decision, for the deciding stream.

    Holding a place already is no error. When none is free nothing is committed and `refusal` is the outcome.
    """

    scope: str
    key: str
    limit: int = 1
    refusal: Refusal


class Release(Value):
    """Gives the deciding stream's place of `key` within `scope` back; giving back what is not held changes nothing."""

    scope: str
    key: str


class Later(Value):
    """Asks for `command` to be handled at `at` (platform time), once, by a durable timer.

    The command names the cycle it belongs to, so that it is stale when the stream has moved on.
    """

    at: datetime
    command: Command


Decision = Sequence[Event | Claim | Release | Later] | Refusal

CommandT = TypeVar("CommandT", bound=Command)
EventT = TypeVar("EventT", bound=Event)
StateT = TypeVar("StateT")
RowT_co = TypeVar("RowT_co", bound=Row, covariant=True)


@dataclass(frozen=True)
class Decider(Generic[CommandT, StateT, EventT]):
    """An event-sourced aggregate. `evolve` never refuses: the past is not negotiable."""

    commands: tuple[type[CommandT], ...]
    events: tuple[type[EventT], ...]
    stream: Callable[[CommandT], str]
    """The stream a command concerns: the aggregate's typed id."""
    initial: StateT
    decide: Callable[[CommandT, StateT], Decision]
    evolve: Callable[[StateT, EventT], StateT]

    def fold(self, events: Sequence[EventT], state: StateT | None = None) -> StateT:
        """The state after `events`, from `state` or from the beginning."""
        folded = self.initial if state is None else state
        for event in events:
            folded = self.evolve(folded, event)
        return folded


@dataclass(frozen=True)
class Keeper(Generic[CommandT, StateT]):
    """A state-stored aggregate: `decide` answers with the rows that change; triggers capture them as changes.

    `gather` builds the state from the rows of `tables` whose `owner` column equals the stream.
    """

    commands: tuple[type[CommandT], ...]
    stream: Callable[[CommandT], str]
    tables: tuple["Table[Row]", ...]
    gather: Callable[[Sequence[Row]], StateT]
    decide: Callable[[CommandT, StateT], Sequence[Row] | Refusal]


@dataclass(frozen=True)
class Table(Generic[RowT_co]):
    """A captured table; the row has `revision: int` (0 for a new row), counted up by the capturing trigger.

    Rows are retired (`retired: bool`), never deleted. `owner` is the column with the aggregate's id, which is also
    the stream its changes are journaled under. `change` is the event type `{before, after, revision}`.
    """

    name: str
    row: type[RowT_co]
    key: tuple[str, ...]
    owner: str
    change: type[Event]
    indexes: tuple[str, ...] = ()
