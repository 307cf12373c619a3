"""Given, when, then: a domain's behaviour as facts.

Scenario(ORDERS).given(placed).when(CancelOrder(…)).then(OrderCancelled(…))
Scenario(ORDERS).given(delivered).when(CancelOrder(…)).then_refused(OrderAlreadyDelivered)
"""

from collections.abc import Sequence
from typing import Any

from kernel.deciding import Claim, Decider, Decision, Later, Release
from kernel.messages import Command, Event, Refusal


class Scenario:
    """A decider, what has happened to it, and what it is asked."""

    def __init__(self, decider: Decider[Any, Any, Any], past: Sequence[Event] = ()) -> None:
        self._decider, self._past = decider, tuple(past)
        self._decision: Decision | None = None

    def given(self, *events: Event) -> "Scenario":
        """These events have happened before."""
        return Scenario(self._decider, (*self._past, *events))

    def when(self, command: Command) -> "Scenario":
        """The command is decided on what has happened."""
        asked = Scenario(self._decider, self._past)
        asked._decision = self._decider.decide(command, self._decider.fold(self._past))
        return asked

    @property
    def state(self) -> Any:
        """The state after what has happened."""
        return self._decider.fold(self._past)

    @property
    def items(self) -> Sequence[Event | Claim | Release | Later]:
        """All that was decided; fails when it was refused."""
        assert self._decision is not None, "ask with when() first"
        assert not isinstance(self._decision, Refusal), f"refused: {self._decision!r}"
        return self._decision

    @property
    def events(self) -> list[Event]:
        """The events that were decided."""
        return [item for item in self.items if isinstance(item, Event)]

    @property
    def timers(self) -> list[Later]:
        """The timers that were asked for."""
        return [item for item in self.items if isinstance(item, Later)]

    def then(self, *events: Event) -> "Scenario":
        """Exactly these events follow; the scenario goes on after them."""
        assert self.events == list(events)
        return Scenario(self._decider, (*self._past, *events))

    def then_nothing(self) -> None:
        """Nothing changes."""
        assert list(self.items) == []

    def then_refused(self, *kinds: type[Refusal]) -> Refusal:
        """It is refused in one of these ways; the refusal, for a closer look."""
        assert isinstance(self._decision, kinds), f"not refused so: {self._decision!r}"
        return self._decision
