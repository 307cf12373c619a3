"""Handling: the way of one command from its caller into the journal."""

import asyncio
from collections.abc import Sequence

import msgspec

from kernel.calling import Accepted, AlreadyConsumed, Call, IdempotencyKeyReused, Outcome, Refused, RequestInProgress
from kernel.committing import (
    Advance,
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
)
from kernel.equipment import Equipment
from kernel.ids import derive_id
from kernel.messages import Command, Refusal
from kernel.planning import Planner
from kernel.ports import Outage
from kernel.subgraph import Subgraph

ATTEMPTS = 10
"""How often a command is decided anew when others keep writing its stream first."""


class Contended(Outage):
    """The stream moved on every attempt: try again."""


class Handler:
    """Handles the commands of one domain."""

    def __init__(self, subgraph: Subgraph, equipment: Equipment) -> None:
        self.name = subgraph.name
        self._subgraph = subgraph
        self._journal, self._signals, self._ids = equipment.journal, equipment.signals, equipment.ids
        self._planner = Planner(subgraph, equipment)
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
        command = self._planner.stamped(command, call)
        informed = await self._planner.inform(command)
        outcome = Refused(refusal=informed) if isinstance(informed, Refusal) else await self._settle(informed, call)
        if isinstance(outcome, Refused) and call.request is not None:
            return await self._store_refusal(command, outcome.refusal, call.request, call)
        if isinstance(outcome, Refused) and call.command_id is not None:
            return await self._repeated(command, call, call.command_id) or outcome
        return outcome

    def stream(self, command: Command) -> str:
        """The stream that the command concerns."""
        return self._planner.stream(command)

    async def handle_all(
        self, orders: Sequence[tuple[Command, Call]], advance: Advance
    ) -> Sequence[Accepted] | AlreadyConsumed | None:
        """All of these commands, with `advance`, in one commit: each concerns another stream.

        None when anything stands in the way of one of them: nothing was written, and each is to be handled by itself.
        """
        if any(self._planner.keeps_rows(command) for command, _ in orders):
            return None
        plans = await asyncio.gather(*(self._plan_among(command, call) for command, call in orders))
        commits = [plan for plan in plans if isinstance(plan, Commit) and not (plan.claims or plan.releases)]
        if len(commits) < len(plans):
            return None
        streams = [commit.stream for commit in commits]
        with self._planner.memory.doubting(*streams):
            result = await self._journal.commit_all(commits, advance)
        if isinstance(result, VersionMoved):
            self._planner.memory.forget(*streams)
            return None
        if isinstance(result, CheckpointMoved):
            return AlreadyConsumed()
        await self._signals.publish((*(commit.stream for commit in commits if commit.events), f"log:{self.name}"))
        return [
            Accepted(stream=each.stream, version=each.expected_version + len(each.events), token=None)
            for each in commits
        ]

    async def _plan_among(self, command: Command, call: Call) -> Commit | Refusal:
        informed = await self._planner.inform(self._planner.stamped(command, call))
        if isinstance(informed, Refusal):
            return informed
        return await self._planner.decide_among(informed, call.command_id or self._ids.new("cmd"), call)

    async def _settle(self, command: Command, call: Call) -> Outcome:
        command_id = call.command_id or self._ids.new("cmd")
        for attempt in range(ATTEMPTS):
            planned = await self._planner.decide(command, command_id, call)
            if isinstance(planned, Refusal):
                return Refused(refusal=planned)
            with self._planner.memory.doubting(planned.stream):
                outcome = await self._commit(planned, call)
            if outcome is not None:
                return outcome
            self._planner.memory.forget(planned.stream)
            await asyncio.sleep(0.002 * attempt)
        raise Contended(command.__class__.__name__)

    async def _repeated(self, command: Command, call: Call, command_id: str) -> Outcome | None:
        """A repeat may be refused because of what it did itself the first time, which is no refusal."""
        known = await self._journal.known(command_id)
        if known is None:
            return None
        stream = self._planner.stream(command)
        rest = await self._commit(self._planner.plan(stream, 0, (command_id, command), call), call)
        if isinstance(rest, AlreadyConsumed):
            return rest
        return Accepted(stream=stream, version=known.version, token=known.token, fresh=False)

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
