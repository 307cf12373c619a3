"""A domain's "no" becomes the type of its name; what is missing from the table is found out."""

from typing import ClassVar

import pytest
import strawberry

from kernel.calling import IdempotencyKeyReused as KeyReused
from kernel.graph.refusals import SHARED, IdempotencyKeyReused, Refusals, UserError, built
from kernel.messages import Refusal


class TooLate(Refusal):
    minutes: int
    steps: tuple[str, ...] = ()


class Elsewhere(Refusal):
    place: str


class Nameless(Refusal):
    pass


@strawberry.type
class TooLateType(UserError):
    sentence: ClassVar[str] = "You are {minutes} minutes late."
    minutes: int
    steps: list[str]


TooLateType.__name__ = "TooLate"


@strawberry.type
class GoElsewhere(UserError):
    sentence: ClassVar[str] = "Go to {place}."
    place: str


REFUSALS = Refusals(
    plain=(*SHARED, TooLateType), built=(built(Elsewhere, lambda refusal: GoElsewhere(place=refusal.place.upper())),)
)


def test_a_plain_refusal_is_filled_by_name() -> None:
    answer = REFUSALS.to_graph(TooLate(minutes=5, steps=("a", "b")))
    assert isinstance(answer, TooLateType)
    assert (answer.minutes, answer.steps, answer.code(), answer.message()) == (
        5,
        ["a", "b"],
        "TOO_LATE",
        "You are 5 minutes late.",
    )


def test_a_built_refusal_is_made_by_its_function() -> None:
    answer = REFUSALS.to_graph(Elsewhere(place="Kallio"))
    assert (answer.message(), answer.code()) == ("Go to KALLIO.", "GO_ELSEWHERE")


def test_the_kernels_own_refusals_are_shared() -> None:
    assert isinstance(REFUSALS.to_graph(KeyReused()), IdempotencyKeyReused)


def test_a_refusal_without_a_type_is_a_bug() -> None:
    with pytest.raises(LookupError, match="Nameless"):
        REFUSALS.to_graph(Nameless())
