"""Refusals in the graph: how a domain's "no" becomes a typed member of a mutation's result.

A domain declares one GraphQL type per refusal, of the same name as its struct, and one table:

    @strawberry.type(description="The restaurant takes no orders now.")
    class RestaurantClosed(UserError):
        sentence: ClassVar[str] = "The restaurant is closed."
        opens_at: datetime | None

    REFUSALS = Refusals(plain=(*SHARED, RestaurantClosed), built=(built(domain.QuoteExpired, quote_expired),))

    @strawberry.mutation(graphql_type=PlaceOrderResult)
    async def place_order(self, info: Info, input: PlaceOrderInput) -> PlaceOrderSuccess | UserError:
        ...
        return REFUSALS.to_graph(refusal)

`plain` types are filled from the struct's fields of the same name; `built` ones by a function, for refusals that carry
an entity. A refusal missing from the table raises, and a member missing from the union fails to resolve: both are bugs.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, Generic, Protocol, TypeVar, cast

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.base import StrawberryOptional
from strawberry.types.union import StrawberryUnion

from kernel.calling import Accepted, AlreadyConsumed, Outcome, Refused
from kernel.messages import Refusal

_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@strawberry.interface(description="Why a mutation changed nothing.")
class UserError:
    sentence: ClassVar[str] = "The request was refused."
    """The message for people; may name the type's fields in braces."""

    path: list[str] | None = strawberry.field(
        default=None, description="The part of the input that the refusal is about, when it is about one."
    )

    @strawberry.field(description="The type's name in capitals, for clients that do not branch on types.")
    def code(self) -> str:
        return _WORD_STARTS.sub("_", type(self).__name__).upper()

    @strawberry.field(description="A sentence for people; branch on the type or the code instead.")
    def message(self) -> str:
        return self.sentence.format_map(vars(self))


@strawberry.federation.type(shareable=True, description="There is no such thing, or the viewer may not know of it.")
class NotFound(UserError):
    sentence: ClassVar[str] = "There is no such thing."


@strawberry.federation.type(shareable=True, description="The viewer may see this but not do that to it.")
class NotAllowed(UserError):
    sentence: ClassVar[str] = "You may not do this."


@strawberry.federation.type(shareable=True, description="An id of the input is malformed or of another kind of thing.")
class MalformedId(UserError):
    sentence: ClassVar[str] = "The id is malformed or of another kind of thing."


@strawberry.federation.type(shareable=True, description="The idempotency key was used before with another input.")
class IdempotencyKeyReused(UserError):
    sentence: ClassVar[str] = "This idempotency key was used before with another input."


@strawberry.federation.type(shareable=True, description="The first request with this key still runs: ask again soon.")
class RequestInProgress(UserError):
    sentence: ClassVar[str] = "The first request with this idempotency key is still running."


@strawberry.federation.type(shareable=True, description="The input is readable but makes no sense; nothing was stored.")
class InvalidInput(UserError):
    sentence: ClassVar[str] = "{reason}"
    reason: str = strawberry.field(description="What is wrong with it: the message again.")


SHARED: tuple[type[UserError], ...] = (
    NotFound,
    NotAllowed,
    MalformedId,
    IdempotencyKeyReused,
    RequestInProgress,
    InvalidInput,
)
"""The refusals every domain may answer with; spread them into `Refusals(plain=…)`."""

RefusalT = TypeVar("RefusalT", bound=Refusal)


class Rendering(Protocol):
    """Gives one kind of refusal its GraphQL form."""

    def answers(self, refusal: Refusal) -> UserError | None:
        """The GraphQL form of `refusal`, or None when it is another kind of refusal."""
        ...


@dataclass(frozen=True)
class Built(Generic[RefusalT]):
    """A refusal whose GraphQL type is made by a function."""

    struct: type[RefusalT]
    build: Callable[[RefusalT], UserError]

    def answers(self, refusal: Refusal) -> UserError | None:
        """As `Rendering` says."""
        return self.build(refusal) if isinstance(refusal, self.struct) else None


def built(struct: type[RefusalT], build: Callable[[RefusalT], UserError]) -> Rendering:
    """An entry of `Refusals(built=…)`."""
    return Built(struct, build)


class Refusals:
    """A domain's refusals and the GraphQL type of each."""

    def __init__(self, plain: Iterable[type[UserError]], built: Iterable[Rendering] = ()) -> None:
        self._plain = {kind.__name__: kind for kind in plain}
        self._built = tuple(built)

    def accepted(self, outcome: Outcome) -> Accepted | UserError:
        """The outcome of a client's command when it was accepted, else its refusal in the form of the graph."""
        match outcome:
            case Accepted():
                return outcome
            case Refused(refusal=refusal):
                return self.to_graph(refusal)
            case AlreadyConsumed():
                raise RuntimeError("a client's request has no checkpoint to lose")

    def to_graph(self, refusal: Refusal) -> UserError:
        """The GraphQL form of `refusal`. Raises `LookupError` for one that is not in the table."""
        for entry in self._built:
            answer = entry.answers(refusal)
            if answer is not None:
                return answer
        kind = self._plain.get(type(refusal).__name__)
        if kind is None:
            raise LookupError(f"the refusal {type(refusal).__name__} has no type in the graph")
        return cast("Callable[..., UserError]", kind)(**_filled(kind, refusal))


def _filled(kind: type[UserError], refusal: Refusal) -> dict[str, object]:
    values: dict[str, object] = {}
    for field in fields(kind):
        if not field.init:
            continue
        if hasattr(refusal, field.name):
            value: object = getattr(refusal, field.name)
            values[field.name] = [*value] if isinstance(value, (tuple, frozenset)) else value
        elif field.default is MISSING and field.default_factory is MISSING:
            raise LookupError(f"{type(refusal).__name__} has no {field.name} for its type in the graph")
    return values


def result(success: type[object], refused: Sequence[type[UserError]]) -> StrawberryOptional:
    """The result of the mutation that `success` is named after: null only beside an error, so that an outage of one
    mutation of a document does not take the outcomes of the others away."""
    name = success.__name__.removesuffix("Success")
    union = StrawberryUnion(
        name=f"{name}Result",
        description=f"What came of it: `{success.__name__}`, or why nothing was changed.",
        type_annotations=tuple(StrawberryAnnotation(member) for member in (success, *refused)),
    )
    return StrawberryOptional(union)
