"""Planning: a decision as the one commit that writes it."""

from collections.abc import Sequence

import msgspec

from kernel.calling import Call
from kernel.codec import Codec
from kernel.committing import Commit, NewMessage, NewTimer, Write
from kernel.deciding import Claim, Later, Release
from kernel.ids import derive_id
from kernel.log import Meta
from kernel.messages import Command, Event, Row


class Planner:
    """Plans the commits of one domain: ids are derived from the command's, so that a repeat plans the same."""

    def __init__(self, domain: str, codec: Codec) -> None:
        self._domain, self._codec = domain, codec

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
