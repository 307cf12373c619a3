"""Handling: the way of one command from its caller into the journal."""

import asyncio
from typing import Any

import msgspec

from kernel.calling import Accepted, AlreadyConsumed, Call, IdempotencyKeyReused, Outcome, Refused, RequestInProgress
from kernel.committing import (
    CheckpointMoved,
    ClaimTaken,
    CommandKnown,
    Commit,
    CommitResult,
    Committed,
    RequestBusy,
    RequestKey,
    RequestKnown,
    StoredOutcome,
    VersionMoved,
    Write,
)
from kernel.deciding import Decider, Keeper
from kernel.equipment import Equipment
from kernel.ids import derive_id
from kernel.messages import UNSTAMPED, Command, Refusal
from kernel.planning import Planner
from kernel.ports import Outage
from kernel.remembering import Memory
from kernel.subgraph import Subgraph

PAGE = 500
"""Events of a stream read at once; an order has about ten."""
ATTEMPTS = 10
"""How often a command is decided anew when others keep writing its stream first."""


class Contended(Outage):
    """The stream moved on every attempt: try again."""


class Handler:
    """Handles the commands of one domain."""

    def __init__(self, subgraph: Subgraph, equipment: Equipment) -> None:
        self.name = subgraph.name
        self._subgraph = subgraph
        self._journal, self._views = equipment.journal, equipment.views
        self._clock, self._ids = equipment.clock, equipment.ids
        self._signals, self._codec = equipment.signals, equipment.codec
        self._planner, self._memory = Planner(subgraph.name, equipment.codec), Memory()
        self._aggregates = {kind: aggregate for aggregate in subgraph.aggregates for kind in aggregate.commands}
        self._refusals = {kind.__name__: kind for kind in subgraph.refusals}

    async def handle(self, command: Command, call: Call) -> Outcome:
        """Stamps, gathers facts, loads, decides and commits; repeats of a request get its first outcome.

        Raises:
            Contended: others kept writing the stream first.
        """
        if call.request is not None:
            known = await self._journal.outcome(call.request)
            if known is not None:
                return self._replay(known, call.request)
        if command.at == UNSTAMPED:
            command = msgspec.structs.replace(command, at=self._clock.now(), viewer=call.viewer)
        informed = await self._inform(command)
        outcome = Refused(refusal=informed) if isinstance(informed, Refusal) else await self._settle(informed, call)
        if isinstance(outcome, Refused) and call.request is not None:
            return await self._store_refusal(command, outcome.refusal, call.request, call)
        if isinstance(outcome, Refused) and call.command_id is not None:
            return await self._repeated(command, call, call.command_id) or outcome
        return outcome

    async def _inform(self, command: Command) -> Command | Refusal:
        recall = self._subgraph.recalls.get(type(command))
        if recall is not None:
            past = await self._journal.read(recall.stream(command))
            command = recall.fill(command, [self._codec.message(sealed.type, sealed.data) for sealed in past])
        facts = self._subgraph.facts.get(type(command))
        return command if facts is None else await facts(command, self._views)

    async def _settle(self, command: Command, call: Call) -> Outcome:
        aggregate = self._aggregates[type(command)]
        command_id = call.command_id or self._ids.new("cmd")
        for attempt in range(ATTEMPTS):
            if isinstance(aggregate, Keeper):
                planned = await self._plan_rows(aggregate, command, command_id, call)
            else:
                planned = await self._plan_events(aggregate, command, command_id, call)
            if isinstance(planned, Refusal):
                return Refused(refusal=planned)
            with self._memory.doubting(planned.stream):
                outcome = await self._commit(planned, call)
            if outcome is not None:
                return outcome
            self._memory.forget(planned.stream)
            await asyncio.sleep(0.002 * attempt)
        raise Contended(command.__class__.__name__)

    async def _repeated(self, command: Command, call: Call, command_id: str) -> Outcome | None:
        """A repeat may be refused because of what it did itself the first time, which is no refusal."""
        known = await self._journal.known(command_id)
        if known is None:
            return None
        stream = self._aggregates[type(command)].stream(command)
        rest = await self._commit(self._planner.plan(stream, 0, (command_id, command), call), call)
        if isinstance(rest, AlreadyConsumed):
            return rest
        return Accepted(stream=stream, version=known.version, token=known.token, fresh=False)

    async def _plan_events(
        self, decider: Decider[Any, Any, Any], command: Command, command_id: str, call: Call
    ) -> Commit | Refusal:
        stream = decider.stream(command)
        version, state = self._memory.recall(stream) or (0, decider.initial)
        more = True
        while more:
            page = await self._journal.read(stream, after=version, limit=PAGE)
            state = decider.fold([self._codec.message(sealed.type, sealed.data) for sealed in page], state)
            version = page[-1].version or version if page else version
            more = len(page) == PAGE
        self._memory.remember(stream, version, state)
        decision = decider.decide(command, state)
        if isinstance(decision, Refusal):
            return decision
        return self._planner.plan(stream, version, (command_id, command), call, decision)

    async def _plan_rows(
        self, keeper: Keeper[Any, Any], command: Command, command_id: str, call: Call
    ) -> Commit | Refusal:
        stream = keeper.stream(command)
        decision = keeper.decide(command, keeper.gather(await self._journal.rows(keeper.tables, stream)))
        if isinstance(decision, Refusal):
            return decision
        tables = {table.row: table.name for table in keeper.tables}
        writes = tuple(Write(table=tables[type(row)], row=row) for row in decision)
        return self._planner.plan(stream, 0, (command_id, command), call, writes=writes)

    async def _commit(self, commit: Commit, call: Call) -> Outcome | None:
        """The outcome, or None when it must be decided again."""
        result: CommitResult = await self._journal.commit(commit)
        match result:
            case Committed() | CommandKnown():
                if commit.events or commit.writes:
                    await self._signals.publish((commit.stream, f"log:{self.name}"))
                fresh = isinstance(result, Committed)
                return Accepted(stream=commit.stream, version=result.version, token=result.token, fresh=fresh)
            case VersionMoved():
                return None
            case ClaimTaken(claim=claim):
                return Refused(refusal=claim.refusal)
            case RequestKnown(outcome=outcome):
                assert call.request is not None
                return self._replay(outcome, call.request)
            case RequestBusy():
                return Refused(refusal=RequestInProgress())
            case CheckpointMoved():
                return AlreadyConsumed()

    def _replay(self, outcome: StoredOutcome, request: RequestKey) -> Outcome:
        if outcome.fingerprint != request.fingerprint:
            return Refused(refusal=IdempotencyKeyReused())
        if outcome.refusal is not None:
            return Refused(
                refusal=msgspec.json.decode(outcome.refusal, type=self._refusals[outcome.refusal_type or ""])
            )
        return Accepted(stream=outcome.stream or "", version=outcome.version, token=outcome.token, fresh=False)

    async def _store_refusal(self, command: Command, refusal: Refusal, request: RequestKey, call: Call) -> Outcome:
        if type(refusal).__name__ not in self._refusals:  # key reuse and requests in progress are not outcomes
            return Refused(refusal=refusal)
        refusal = await self._remedied(command, refusal, request, call)
        stored = StoredOutcome(
            fingerprint=request.fingerprint,
            refusal_type=type(refusal).__name__,
            refusal=msgspec.json.encode(refusal),
        )
        earlier = await self._journal.refuse(request, stored)
        match earlier:
            case None:
                return Refused(refusal=refusal)
            case RequestBusy():
                return Refused(refusal=RequestInProgress())
            case RequestKnown(outcome=outcome):
                return self._replay(outcome, request)

    async def _remedied(self, command: Command, refusal: Refusal, request: RequestKey, call: Call) -> Refusal:
        remedy = self._subgraph.remedies.get(type(refusal))
        if remedy is None:
            return refusal
        seed = f"{request.actor}/{request.mutation}/{request.key}"
        stamped = msgspec.structs.replace(remedy.command(command, refusal, seed), at=command.at, viewer=command.viewer)
        outcome = await self.handle(
            stamped, msgspec.structs.replace(call, request=None, command_id=derive_id("cmd", seed, "remedy"))
        )
        return remedy.amend(refusal, outcome.stream) if isinstance(outcome, Accepted) else refusal
