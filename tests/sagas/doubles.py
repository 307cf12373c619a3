"""The outside of the sagas: a payment provider, who is near, and what dispatch shows, each at the mercy of chance."""

from collections import defaultdict
from collections.abc import Collection, Coroutine, Sequence
from typing import Any, TypeVar, cast

import msgspec

from kernel.messages import Row
from kernel.places import Position
from kernel.ports import Outage
from kernel.projecting import Feed, FeedItem, Key, View
from subgraphs.dispatch.effects import Candidate
from subgraphs.dispatch.views.asking import CourierId
from subgraphs.dispatch.views.couriers import COURIER_VIEW, CourierView
from subgraphs.payments.effects import Approved, Declined, Operation
from tests.sagas.choices import Choices
from tests.spelling import AT

ResultT = TypeVar("ResultT")
RowT = TypeVar("RowT", bound=Row)
DECLINED_TOKEN = "tok_declined"


def done(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """What a coroutine returns that never has to wait."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return cast("ResultT", stopped.value)
    raise AssertionError("nothing here waits")


class Bank:
    """A payment provider that keeps the promise of its keys, and sometimes does not answer, before or after."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._answers: dict[str, Approved | Declined] = {}
        self.book: dict[str, list[str]] = defaultdict(list)
        """What was done with each order's money: authorise, then capture or void."""
        self._order_of: dict[str, str] = {}

    async def find(self, key: str) -> Approved | Declined | None:
        self._answer_or_not()
        return self._answers.get(key)

    async def execute(self, operation: Operation) -> Approved | Declined:
        self._answer_or_not()
        if operation.key not in self._answers:
            self._answers[operation.key] = self._settled(operation)
        self._answer_or_not()
        return self._answers[operation.key]

    def _settled(self, operation: Operation) -> Approved | Declined:
        if operation.path == "/v1/authorisations":
            if operation.body["token"] == DECLINED_TOKEN:
                return Declined(reason="insufficient_funds")
            order_id = str(operation.body["reference"])
            authorisation_id = f"auth_{order_id}"
            self._order_of[authorisation_id] = order_id
            self.book[order_id].append("authorise")
            return Approved(operation_id=authorisation_id)
        _, _, authorisation_id, what = operation.path.removeprefix("/").split("/")
        self.book[self._order_of[authorisation_id]].append(what)
        return Approved(operation_id=operation.key)

    def _answer_or_not(self) -> None:
        if self._choices.left and self._choices.number() % 16 == 15:
            raise Outage("the provider does not answer")


class Streets:
    """Who is near: whom chance picks, however busy they are and wherever dispatch believes them."""

    def __init__(self, choices: Choices, couriers: Sequence[str]) -> None:
        self._choices, self._couriers = choices, tuple(couriers)
        self.afterwards: frozenset[str] = frozenset()
        """Who is near once chance has nothing to say any more."""

    async def candidates(self, pickup: Position, radius_m: int, excluded: Collection[str]) -> Sequence[Candidate]:
        near = self._couriers if not self._choices.left else self._picked()
        if not self._choices.left:
            near = tuple(each for each in near if each in self.afterwards)
        return [
            Candidate(courier_id=each, position=pickup, seen_at=AT, ride_seconds=60.0 * (number + 1))
            for number, each in enumerate(near)
            if each not in excluded
        ]

    def _picked(self) -> Sequence[str]:
        drawn = self._choices.number()
        if drawn % 16 == 15:
            raise Outage("nobody can tell who is near")
        picked = [each for number, each in enumerate(self._couriers) if not drawn >> number & 1]
        return picked[::-1] if drawn & 8 else picked


class Shown:
    """The read models, each row as old as its projection has fallen behind; what facts of dispatch ask is answered."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Row]] = defaultdict(dict)

    def all(self, view: View[RowT]) -> Sequence[RowT]:
        """Every row of the view."""
        return cast("Sequence[RowT]", [*self.rows[view.name].values()])

    def one(self, view: View[RowT], *key: str) -> RowT | None:
        """The row of that key, if there is one."""
        return cast("RowT | None", self.rows[view.name].get(key))

    async def fetch(self, row: type[RowT], sql: str, *arguments: object) -> Sequence[RowT]:
        found: Sequence[Row]
        if row is CourierView:
            found = [view for each in _texts(arguments[0]) if (view := self.one(COURIER_VIEW, each)) is not None]
        else:
            assert row is CourierId, f"nobody answers {sql}"
            found = [CourierId(id=each) for each in _texts(arguments[0]) if self._is_free(each)]
        return cast("Sequence[RowT]", found)

    async def feed(self, feed: Feed, owner: str, after: int, limit: int) -> Sequence[FeedItem]:
        raise NotImplementedError

    async def feed_head(self, feed: Feed, owner: str) -> int:
        raise NotImplementedError

    async def reached(self, consumer: str, topics: Sequence[str], token: object, wait_s: float = 0.5) -> bool:
        raise NotImplementedError

    async def behind_s(self, consumer: str, topics: Sequence[str]) -> float:
        raise NotImplementedError

    def _is_free(self, courier_id: str) -> bool:
        view = self.one(COURIER_VIEW, courier_id)
        return view is not None and view.online and view.offer_id is None


def _texts(argument: object) -> Sequence[str]:
    return msgspec.convert(argument, type=list[str])
