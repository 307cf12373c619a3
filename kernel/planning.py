"""Planning: what a command is decided on, and the decision as the one commit that writes it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from kernel.calling import Call
from kernel.committing import Commit, NewMessage, NewTimer, Write
from kernel.deciding import Claim, Decider, Keeper, Later, Release
from kernel.equipment import Equipment
from kernel.ids import derive_id
from kernel.log import Meta
from kernel.messages import UNSTAMPED, Command, Event, Refusal, Row
from kernel.remembering import Memory
from kernel.subgraph import Subgraph

PAGE = 500
"""Events of a stream read at once; an order has about ten."""

Page = Sequence[tuple[int | None, Event | Command]]
"""Events of a stream, each with its version."""
Reading = Callable[[str, int], Awaitable[Page]]
"""The first PAGE events of a stream after a version."""


class Planner:
    """Plans the commits of one domain: ids are derived from the command's, so that a repeat plans the same."""

    def __init__(self, subgraph: Subgraph, equipment: Equipment) -> None:
        self._domain, self._subgraph, self._codec = subgraph.name, subgraph, equipment.codec
        self._journal, self._streams, self._views = equipment.journal, equipment.streams, equipment.views
        self._clock = equipment.clock
        self._aggregates = {kind: aggregate for aggregate in subgraph.aggregates for kind in aggregate.commands}
        self.memory = Memory()

    def stream(self, command: Command) -> str:
        """The stream that the command concerns."""
        return self._aggregates[type(command)].stream(command)

    def keeps_rows(self, command: Command) -> bool:
        """Whether what it changes is stored as rows, and not as events."""
        return isinstance(self._aggregates[type(command)], Keeper)

    def stamped(self, command: Command, call: Call) -> Command:
        """The command with its time and viewer, which stay as they are once they are given."""
        if command.at != UNSTAMPED:
            return command
        return msgspec.structs.replace(command, at=self._clock.now(), viewer=call.viewer)

    async def inform(self, command: Command) -> Command | Refusal:
        """The command with the facts that deciding it needs."""
        recall = self._subgraph.recalls.get(type(command))
        if recall is not None:
            past = await self._journal.read(recall.stream(command))
            command = recall.fill(command, [self._codec.message(sealed.type, sealed.data) for sealed in past])
        facts = self._subgraph.facts.get(type(command))
        return command if facts is None else await facts(command, self._views)

    async def decide(self, command: Command, command_id: str, call: Call) -> Commit | Refusal:
        """Loads what is stored, decides, and plans the commit."""
        aggregate = self._aggregates[type(command)]
        if isinstance(aggregate, Keeper):
            return await self._decide_rows(aggregate, (command_id, command), call)
        return await self._decide_events(aggregate, (command_id, command), call, self._read)

    async def decide_among(self, command: Command, command_id: str, call: Call) -> Commit | Refusal:
        """The same where events are kept; who decide at the same moment read their streams by one query."""
        decider = self._aggregates[type(command)]
        assert isinstance(decider, Decider)
        return await self._decide_events(decider, (command_id, command), call, self._read_among)

    async def _decide_events(
        self, decider: Decider[Any, Any, Any], command: tuple[str, Command], call: Call, read: Reading
    ) -> Commit | Refusal:
        stream = decider.stream(command[1])
        version, state = self.memory.recall(stream) or (0, decider.initial)
        more = True
        while more:
            page = await read(stream, version)
            state = decider.fold([event for _, event in page], state)
            version = page[-1][0] or version if page else version
            more = len(page) == PAGE
        self.memory.remember(stream, version, state)
        decision = decider.decide(command[1], state)
        return decision if isinstance(decision, Refusal) else self.plan(stream, version, command, call, decision)

    async def _decide_rows(
        self, keeper: Keeper[Any, Any], command: tuple[str, Command], call: Call
    ) -> Commit | Refusal:
        stream = keeper.stream(command[1])
        decision = keeper.decide(command[1], keeper.gather(await self._journal.rows(keeper.tables, stream)))
        if isinstance(decision, Refusal):
            return decision
        tables = {table.row: table.name for table in keeper.tables}
        writes = tuple(Write(table=tables[type(row)], row=row) for row in decision)
        return self.plan(stream, 0, command, call, writes=writes)

    async def _read(self, stream: str, after: int) -> Page:
        page = await self._journal.read(stream, after=after, limit=PAGE)
        return [(sealed.version, self._codec.message(sealed.type, sealed.data)) for sealed in page]

    async def _read_among(self, stream: str, after: int) -> Page:
        return [(record.version, record.message) for record in await self._streams.read(stream, after, PAGE)]

    def plan(
        self,
        stream: str,
        version: int,
        command: tuple[str, Command],
        call: Call,
        decision: Sequence[Event | Claim | Release | Later] = (),
        writes: tuple[Write, ...] = (),
    ) -> Commit:
        """The commit of `decision` or `writes` on `stream`, which stands at `version`; `command` comes with its id."""
        command_id, order = command
        events = [item for item in decision if isinstance(item, Event)]
        later = [item for item in decision if isinstance(item, Later)]
        return Commit(
            stream=stream,
            expected_version=version,
            command=self._message(order, command_id, "commands"),
            meta=Meta(
                actor=call.viewer.subject,
                correlation=call.correlation,
                causation=call.causation,
                traceparent=call.traceparent,
            ),
            events=tuple(
                self._message(event, derive_id("evt", command_id, str(n)), "events") for n, event in enumerate(events)
            ),
            writes=writes,
            claims=tuple(item for item in decision if isinstance(item, Claim)),
            releases=tuple(item for item in decision if isinstance(item, Release)),
            timers=tuple(self._timer(item, derive_id("timer", command_id, str(n))) for n, item in enumerate(later)),
            request=call.request,
            advance=call.advance,
            timer_done=call.timer_done,
        )

    def _message(self, message: Event | Command, message_id: str, topic: str) -> NewMessage:
        return NewMessage(
            id=message_id, topic=f"{self._domain}.{topic}", type=type(message).__name__, data=self._codec.seal(message)
        )

    def _timer(self, later: Later, timer_id: str) -> NewTimer:
        command = later.command
        return NewTimer(id=timer_id, at=later.at, type=type(command).__name__, data=self._codec.seal(command))


def changed_rows(before: Sequence[Row], after: Sequence[Row]) -> tuple[Row, ...]:
    """The rows of `after` that are not in `before` as they are: what a state-stored decision has to write."""
    unchanged = set(map(msgspec.json.encode, before))
    return tuple(row for row in after if msgspec.json.encode(row) not in unchanged)
