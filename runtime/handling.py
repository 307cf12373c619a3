"""Handling, watched: each command leaves one line in the log and counts, whoever handed it in."""

from prometheus_client import Counter

from kernel.calling import Accepted, AlreadyConsumed, Call, Outcome, Refused
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
        what, about = _said(outcome)
        self._count(command, what)
        ids = {"request_id": call.correlation, "trace_id": trace_of(call.traceparent), "causation": call.causation}
        given = {name: value for name, value in ids.items() if value is not None}
        say = _logger.debug if what == "repeated" else _logger.info
        say(what, domain=self.name, command=type(command).__name__, **about, **given)
        return outcome

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
