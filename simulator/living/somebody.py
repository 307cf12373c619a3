"""A person of the town: signed in, patient, and writing down what they do."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid5

from simulator.graph import Graph, GraphRefused, Operation, Outage, Outcome
from simulator.living.deeds import Deed
from simulator.living.diary import Mishap, count
from simulator.living.scene import IMPATIENT, PATIENT, Scene
from simulator.lots import Lots
from simulator.registration import NAMESPACE
from simulator.signing_in import SignedIn, SignInRefused

T = TypeVar("T")
OutcomeT = TypeVar("OutcomeT", bound=Outcome)
NAME = re.compile(r"(?:query|mutation|subscription) (\w+)")
LONGEST_REST_S = 8.0


class Somebody:
    def __init__(self, scene: Scene, name: str) -> None:
        self.scene = scene
        self.name = name
        self.lots = Lots(f"{scene.plan.seed}/{name}")
        credentials = SignedIn(name, scene.plan.issuer, scene.http, PATIENT)
        self.graph = scene.graph.signed_in_as(credentials)
        self._refused = dict[str, int]()
        self.impatient = Graph(scene.plan.graph, credentials=credentials, patience=IMPATIENT, http=scene.http)

    def key(self, intent: str) -> UUID:
        """The idempotency key of an intent: the same for all attempts at it, also after the town was stopped."""
        return uuid5(NAMESPACE, f"{self.scene.diary.run}/{self.name}/{intent}")

    async def ask(self, operation: Operation[T], variables: Mapping[str, object]) -> T:
        """Raises as `Graph.ask` does."""
        began = time.perf_counter()
        answer = await self.graph.ask(operation, variables)
        found = NAME.match(operation.document)
        _took(self.scene.diary.queries, found[1] if found else "", began)
        return answer

    async def act(self, deed: Deed[OutcomeT], order: object, *, patiently: bool = True) -> OutcomeT:
        """`order` is the mutation's input. Raises as `Graph.act` does."""
        began = time.perf_counter()
        outcome = await (self.graph if patiently else self.impatient).act(deed.operation, order)
        _took(self.scene.diary.mutations, deed.name, began)
        if outcome.refusal:
            count(self.scene.diary.refusals, f"{deed.name} {outcome.typename}")
        return outcome

    async def carry_out(self, deed: Deed[OutcomeT], of: str, **given: object) -> OutcomeT:
        """What somebody does once to something. After a refusal the next attempt is another intent, with another key.

        Raises as `act` does.
        """
        intent = f"{deed.name} {of}"
        key = self.key(f"{intent} {self._refused.get(intent, 0)}")
        outcome = await self.act(deed, {"idempotencyKey": key, **given})
        if outcome.refusal:
            count(self._refused, intent)
        return outcome

    def met(self, doing: str, says: object) -> None:
        """Write a mishap down."""
        real_time = datetime.now(UTC)
        self.scene.diary.note(Mishap(real_time=real_time, person=self.name, doing=doing, says=str(says)[:300]))

    async def persist(self, doing: str, live: Callable[[], Awaitable[None]]) -> None:
        """Do it until it is done: what goes wrong is written down and begun anew after a rest."""
        rest_s = 0.5
        while True:
            try:
                return await live()
            except (Outage, GraphRefused, SignInRefused) as mishap:
                self.met(doing, mishap)
            await asyncio.sleep(rest_s)
            rest_s = min(rest_s * 2, LONGEST_REST_S)


def _took(latencies: dict[str, list[float]], name: str, began: float) -> None:
    latencies.setdefault(name, []).append(round((time.perf_counter() - began) * 1000, 1))
