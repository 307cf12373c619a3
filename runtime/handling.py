"""Handling, watched: each command leaves one line in the log and counts, whoever handed it in."""

from collections.abc import Sequence

from prometheus_client import Counter

from kernel.calling import Accepted, AlreadyConsumed, Call, Outcome, Refused
from kernel.committing import Advance
from kernel.handling import Handler
from kernel.messages import Command
from kernel.ports import Outage
from runtime.logs import logger, trace_of

COMMANDS = Counter("commands_handled", "Commands by what came of them.", ["domain", "command", "outcome"])

_logger = logger("commands")


class WatchedHandler(Handler):
    """A handler that says what came of each command: its name, its stream and its request, never what is in it."""

    async def handle(self, command: Command, call: Call) -> Outcome:
        try:
            outcome = await super().handle(command, call)
        except Outage:
            self._count(command, "outage")
            raise
        except Exception:
            self._count(command, "error")
            raise
        self._tell(command, call, outcome)
        return outcome

    async def handle_all(
        self, orders: Sequence[tuple[Command, Call]], advance: Advance
    ) -> Sequence[Accepted] | AlreadyConsumed | None:
        outcomes = await super().handle_all(orders, advance)
        if outcomes is not None:
            of_each = [outcomes] * len(orders) if isinstance(outcomes, AlreadyConsumed) else outcomes
            for (command, call), outcome in zip(orders, of_each, strict=True):
                self._tell(command, call, outcome)
        return outcomes

    def _tell(self, command: Command, call: Call, outcome: Outcome) -> None:
        what, about = _said(outcome)
        self._count(command, what)
        ids = {"request_id": call.correlation, "trace_id": trace_of(call.traceparent), "causation": call.causation}
        given = {name: value for name, value in ids.items() if value is not None}
        say = _logger.debug if what == "repeated" else _logger.info
        say(what, domain=self.name, command=type(command).__name__, **about, **given)

    def _count(self, command: Command, outcome: str) -> None:
        COMMANDS.labels(self.name, type(command).__name__, outcome).inc()


def _said(outcome: Outcome) -> tuple[str, dict[str, str | int]]:
    match outcome:
        case Accepted(stream=stream, version=version, fresh=fresh):
            return "accepted" if fresh else "repeated", {"stream": stream, "version": version}
        case Refused(refusal=refusal):
            return "refused", {"refusal": type(refusal).__name__}
        case AlreadyConsumed():
            return "overtaken", {}
