"""A small town in memory: couriers and deliveries that hear of each other only through their reactions.

It keeps what the kernel promises: the events of a stream are reacted to in their order, at least once; a command that
has written something is known by its id; timers ring late or on time, never early.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from kernel.deciding import Later
from kernel.ids import derive_id, typed_id
from kernel.log import Recorded
from kernel.messages import Command, Event, Refusal, Viewer
from subgraphs.dispatch.commands import COURIER_COMMANDS, DELIVERY_COMMANDS, RecordCandidates, RequestDelivery
from subgraphs.dispatch.domain import COURIERS, DELIVERIES
from subgraphs.dispatch.domain.actions import ENDED
from subgraphs.dispatch.domain.couriers import Courier
from subgraphs.dispatch.domain.delivery import Delivery
from subgraphs.dispatch.events import Considered, CourierEvent, CourierSought, DeliveryEvent
from subgraphs.dispatch.reactions import react_to_itself
from tests.dispatch.courses import courier_of, request, viewer
from tests.spelling import AT, recorded, uuid_of

RIDERS = tuple(viewer(f"courier-{number}", "courier") for number in range(1, 4))
TICK = timedelta(milliseconds=10)


@dataclass
class Town:
    """Everything that has happened, and what is still to follow from it."""

    now: datetime = AT
    log: list[Recorded] = field(default_factory=list[Recorded])
    couriers: dict[str, Courier] = field(default_factory=dict[str, Courier])
    found: dict[str, Delivery | None] = field(default_factory=dict[str, Delivery | None])
    streams: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    recorded: dict[str, list[Recorded]] = field(default_factory=lambda: defaultdict(list))
    reacted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    searched: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    timers: list[tuple[str, Later]] = field(default_factory=list[tuple[str, Later]])
    known: set[str] = field(default_factory=set[str])
    orders: int = 0

    def courier(self, who: Viewer) -> Courier:
        return self.couriers.get(courier_of(who), COURIERS.initial)

    def delivery(self, delivery_id: str) -> Delivery | None:
        return self.found.get(delivery_id)

    @property
    def deliveries(self) -> list[str]:
        return [stream for stream in self.streams if stream.startswith("delivery_")]

    @property
    def under_way(self) -> list[Delivery]:
        """The deliveries that have not ended."""
        found = [self.delivery(each) for each in self.deliveries]
        return [each for each in found if each is not None and each.status not in ENDED]

    def handle(self, command: Command, command_id: str, viewer: Viewer | None = None) -> Refusal | None:
        """As the kernel does: once per id that has written something."""
        if command_id in self.known:
            return None
        stamped = msgspec.structs.replace(command, at=self.now)
        if viewer is not None:
            stamped = msgspec.structs.replace(stamped, viewer=viewer)
        if isinstance(stamped, COURIER_COMMANDS):
            stream = COURIERS.stream(stamped)
            decision = COURIERS.decide(stamped, self.couriers.get(stream, COURIERS.initial))
        else:
            assert isinstance(stamped, DELIVERY_COMMANDS)
            stream = DELIVERIES.stream(stamped)
            decision = DELIVERIES.decide(stamped, self.found.get(stream))
        if isinstance(decision, Refusal):
            return decision
        self.now += TICK
        self._write(stream, command_id, decision)
        return None

    def _write(self, stream: str, command_id: str, decision: Sequence[object]) -> None:
        for number, item in enumerate(decision):
            if isinstance(item, Event):
                self.known.add(command_id)
                self.streams[stream].append(item)
                if isinstance(item, CourierEvent):
                    self.couriers[stream] = COURIERS.evolve(self.couriers.get(stream, COURIERS.initial), item)
                else:
                    assert isinstance(item, DeliveryEvent)
                    self.found[stream] = DELIVERIES.evolve(self.found.get(stream), item)
                record = recorded(item, stream, len(self.streams[stream]), "dispatch.events")
                record = msgspec.structs.replace(record, id=derive_id("evt", command_id, f"{number}"))
                self.log.append(record)
                self.recorded[stream].append(record)
            if isinstance(item, Later):
                self.timers.append((derive_id("timer", command_id, f"{number}"), item))

    def records(self, stream: str) -> list[Recorded]:
        return self.recorded.get(stream, [])

    # What follows by itself.

    @property
    def unreacted(self) -> list[str]:
        """The streams with news that nobody has reacted to."""
        return [stream for stream, events in self.streams.items() if self.reacted[stream] < len(events)]

    def react(self, stream: str, *, again: int = 0) -> None:
        """Reacts to the stream's next event; `again` goes back so many that were reacted to before."""
        place = max(0, self.reacted[stream] - again)
        record = self.records(stream)[place]
        for number, command in enumerate(react_to_itself(record)):
            assert self.handle(command, derive_id("cmd", record.id, f"itself:{number}")) is None, "nothing is refused"
        self.reacted[stream] = max(self.reacted[stream], place + 1)

    @property
    def unsearched(self) -> list[str]:
        """The streams with a search that was not answered."""
        return [each for each in self.deliveries if self._sought(each) is not None]

    def search(self, stream: str, near: Sequence[Considered]) -> None:
        """Answers the stream's next search: with whoever is near, however busy."""
        record = self._sought(stream)
        if record is None:
            return
        sought = record.message
        assert isinstance(sought, CourierSought)
        candidates = tuple(each for each in near if each.courier_id not in sought.excluded)
        command = RecordCandidates(delivery_id=stream, round=sought.round, candidates=candidates)
        assert self.handle(command, derive_id("cmd", record.id, "search:0")) is None
        self.searched[stream] = record.version or 0

    def _sought(self, stream: str) -> Recorded | None:
        return next(
            (
                record
                for record in self.records(stream)[self.searched[stream] :]
                if isinstance(record.message, CourierSought)
            ),
            None,
        )

    def ring(self, number: int, *, late: timedelta = timedelta()) -> None:
        """Rings one of the timers: now if it is due, else time passes until it is."""
        timer_id, timer = self.timers.pop(number % len(self.timers))
        self.now = max(self.now, timer.at + late)
        assert self.handle(timer.command, derive_id("cmd", timer_id, "fired")) is None, "no timer is refused"

    def settle(self, near: Sequence[Considered] = ()) -> None:
        """Whatever follows by itself does, timers aside."""
        while self.unreacted or self.unsearched:
            for stream in self.unreacted:
                self.react(stream)
            for stream in self.unsearched:
                self.search(stream, near)

    def come_to_rest(self, near: Sequence[Considered] = (), at_most: int = 2_000) -> None:
        """Nobody does anything any more; time passes."""
        for _ in range(at_most):
            self.settle(near)
            if not self.timers:
                return
            self.timers.sort(key=lambda each: each[1].at)
            self.ring(0)
        raise AssertionError("it never comes to rest")

    def order(self) -> str:
        """A new delivery is requested."""
        self.orders += 1
        order_id, delivery_id = typed_id("order", uuid_of(self.orders)), typed_id("delivery", uuid_of(self.orders))
        command: RequestDelivery = msgspec.structs.replace(
            request,
            delivery_id=delivery_id,
            order_id=order_id,
            ready_by=self.now + timedelta(minutes=5 * self.orders),
        )
        assert self.handle(command, derive_id("cmd", order_id, "accepted")) is None
        return delivery_id
