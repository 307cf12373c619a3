"""What every resolver is given: who asks, within which request, and the ports of its own domain."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import TypeVar, cast
from uuid import UUID

import msgspec
import strawberry

from kernel.calling import Call, Outcome
from kernel.clock import Clock
from kernel.committing import RequestKey
from kernel.graph.errors import BadUserInput
from kernel.handling import Handler
from kernel.ids import Ids
from kernel.log import ConsistencyToken
from kernel.messages import Command
from kernel.ownership import Viewer
from kernel.ports import Signals, Streams, Views

PortT = TypeVar("PortT")
ValueT = TypeVar("ValueT")


@dataclass(frozen=True)
class GraphContext:
    """One request's context; a subscription keeps its own for as long as it runs."""

    viewer: Viewer
    request_id: str
    traceparent: str | None
    consistency_token: str | None
    """As the client sent it, in `x-consistency-token`."""
    clock: Clock
    ids: Ids
    handler: Handler
    views: Views
    streams: Streams
    signals: Signals
    cursor_secret: bytes
    """Signs cursors, so that no client can make one up."""
    code_secret: bytes
    """Makes the codes by which things are handed over; they are never stored."""
    remaining_s: Callable[[], float] = lambda: inf
    """How long the viewer's token still lasts, in real seconds; zero or less when it has ended."""
    ports: Mapping[type, object] = field(default_factory=dict[type, object])
    """The adapters of the domain's own ports, such as a search engine."""
    kept: dict[str, object] = field(default_factory=dict[str, object])
    """What `keep` has made during this request."""

    async def handle(
        self, command: Command, *, mutation: str | None = None, key: UUID | None = None, given: object = None
    ) -> Outcome:
        """Hands `command` to the domain, as the viewer's. With an idempotency `key` the first outcome is replayed.

            outcome = await info.context.handle(command, mutation="placeOrder", key=input.idempotency_key, given=input)

        `given` is the mutation's whole input object: the same key with another one is refused.
        """
        request = None
        if mutation is not None and key is not None:
            request = RequestKey(
                actor=self.viewer.subject, mutation=mutation, key=str(key), fingerprint=_fingerprint(given)
            )
        call = Call(correlation=self.request_id, viewer=self.viewer, traceparent=self.traceparent, request=request)
        return await self.handler.handle(command, call)

    async def reached(self, consumer: str, topics: tuple[str, ...]) -> bool:
        """Whether the view of `consumer` holds what the client's consistency token asks for; waits up to 500 ms.

        Ask before any verdict on ownership; when it is False, fold the log instead of reading the view.

        Raises:
            BadUserInput: the token is not one of ours.
        """
        if self.consistency_token is None:
            return True
        token = ConsistencyToken.parse(self.consistency_token)
        if token is None:
            raise BadUserInput("The consistency token cannot be read.")
        return await self.views.reached(consumer, topics, token)

    async def as_of(self, consumer: str, topics: tuple[str, ...]) -> datetime:
        """The platform time up to which the view of `consumer` shows everything that was acknowledged: now, when it is
        at the head. Ask before the rows are read, or it may promise what came after them.
        """
        now = self.clock.now()
        return now - timedelta(seconds=await self.views.behind_s(consumer, topics)) * self.clock.rate

    def port(self, kind: type[PortT]) -> PortT:
        """The adapter of a port of the domain's own, by its protocol."""
        return cast("PortT", self.ports[kind])

    def keep(self, name: str, make: Callable[[], ValueT]) -> ValueT:
        """The `name`d value of this request, made on first use: a data loader, most often.

        loader = info.context.keep("orders", lambda: DataLoader(load_fn=…))
        """
        if name not in self.kept:
            self.kept[name] = make()
        return cast("ValueT", self.kept[name])


Info = strawberry.Info[GraphContext, None]


def _fingerprint(given: object) -> str:
    def plain(value: object) -> object:
        return None if value is strawberry.UNSET else repr(value)

    if dataclasses.is_dataclass(given) and not isinstance(given, type):
        return hashlib.sha256(msgspec.json.encode(given, enc_hook=plain, order="deterministic")).hexdigest()
    return hashlib.sha256(repr(given).encode()).hexdigest()
