"""What is asked of the graph and what it may answer."""

from typing import Generic, Protocol, TypeVar

from msgspec import Struct, ValidationError, field, json

T = TypeVar("T")

FINAL_CODES = frozenset(
    {
        "BAD_USER_INPUT",
        "FORBIDDEN",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "LIMIT_EXCEEDED",
        "NOT_FOUND",
        "UNAUTHENTICATED",
    }
)
"""Top-level errors that another try would meet again. Every other code is an outage of something."""

EXPIRED_CODE = "TOKEN_EXPIRED"
REFUSED_TOKEN_CODES = frozenset({EXPIRED_CODE, "UNAUTHENTICATED"})


class Credentials(Protocol):
    """Who asks."""

    async def token(self) -> str:
        """An access token that is believed to be good. May sign in and wait for it; raises Outage if that fails."""
        ...

    def forget(self) -> None:
        """The last token was refused: the next call of `token` must bring another one."""
        ...


class Extensions(Struct, frozen=True):
    code: str = ""


class GraphError(Struct, frozen=True):
    message: str = ""
    extensions: Extensions = Extensions()

    @property
    def is_final(self) -> bool:
        return self.extensions.code in FINAL_CODES

    def __str__(self) -> str:
        return f"{self.message} ({self.extensions.code})" if self.extensions.code else self.message


class Outage(Exception):
    """Something was not there or not well; the same request, with the same idempotency key, may succeed later."""

    def __init__(self, says: str, retry_after_s: float = 0.0) -> None:
        super().__init__(says)
        self.retry_after_s = retry_after_s


class GraphRefused(Exception):
    """The graph will not answer this request, however often it is sent."""

    def __init__(self, errors: tuple[GraphError, ...]) -> None:
        super().__init__("; ".join(map(str, errors)) or "The graph answered neither data nor errors.")
        self.errors = errors

    @property
    def is_stale_token(self) -> bool:
        return any(error.extensions.code in REFUSED_TOKEN_CODES for error in self.errors)

    @property
    def is_expired_token(self) -> bool:
        return any(error.extensions.code == EXPIRED_CODE for error in self.errors)


class Answer(Struct, Generic[T], frozen=True):
    data: T | None = None
    errors: tuple[GraphError, ...] = ()


class Operation(Generic[T]):
    """One static document and the type of its `data`.

    A mutation that is not `repeatable`, because its input has no idempotency key, is tried once only.
    """

    def __init__(self, document: str, answer: type[T], *, repeatable: bool = True) -> None:
        self.document = document
        self.repeatable = repeatable
        self._decoder = json.Decoder(Answer[answer])

    def read(self, answer: bytes) -> T:
        """The `data` of one execution result.

        Raises:
            Outage: an error that may pass, or no execution result at all.
            GraphRefused: an error that will not pass.
        """
        try:
            result = self._decoder.decode(answer)
        except ValidationError as surprise:
            raise _explained(answer, surprise) from surprise
        except (ValueError, UnicodeDecodeError) as noise:
            raise Outage("The graph answered something that is not JSON.") from noise
        if result.errors or result.data is None:
            raise failure(result.errors)
        return result.data


class Outcome(Struct, frozen=True):
    """A member of any mutation's result: select `__typename` and `... on UserError { code message path }`.

    A subclass adds optional fields for what the success carries; members that a client does not know are refusals too.
    """

    typename: str = field(name="__typename")
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] | None = None

    @property
    def refusal(self) -> str | None:
        """What was refused and why, or None for a success."""
        if self.typename.endswith("Success"):
            return None
        return f"{self.message or 'Refused.'} ({self.code or self.typename})"


class Result(Struct, Generic[T], frozen=True):
    """The data of a document with one mutation, called `result` in it."""

    result: T


class _OnlyErrors(Struct, frozen=True):
    errors: tuple[GraphError, ...]


def failure(errors: tuple[GraphError, ...]) -> Outage | GraphRefused:
    """The exception for an answer without data."""
    refused = GraphRefused(errors)
    passes = errors and not any(error.is_final for error in errors) and not refused.is_stale_token
    return Outage(str(refused)) if passes else refused


def _explained(answer: bytes, surprise: ValidationError) -> Exception:
    """Data of another shape, such as half an answer with nulls, often comes with the errors that made it so."""
    try:
        errors = json.decode(answer, type=_OnlyErrors).errors
    except ValidationError:
        return GraphRefused((GraphError(f"The answer is not of the shape that was asked for: {surprise}"),))
    return failure(errors)
