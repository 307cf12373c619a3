"""Top-level errors: the few a client may meet, and the masking of everything else."""

from dataclasses import dataclass
from typing import ClassVar

from graphql import ArgumentNode, GraphQLError, GraphQLSyntaxError, ValueNode
from strawberry.exceptions import StrawberryInputCoercionError

from kernel.ports import Outage

INTERNAL = "INTERNAL"
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"


class GraphProblem(GraphQLError):
    """An error that a client may read as it stands; it carries its code in `extensions.code`."""

    code: ClassVar[str] = INTERNAL

    def __init__(self, message: str) -> None:
        super().__init__(message, extensions={"code": self.code})


class BadUserInput(GraphProblem):
    """A page size, cursor, scalar or variable that cannot be read. Business refusals are result members instead."""

    code = "BAD_USER_INPUT"


class LimitExceeded(GraphProblem):
    """The document is larger, deeper or costlier than anyone may ask for."""

    code = "LIMIT_EXCEEDED"


class Unauthenticated(GraphProblem):
    """No token, or one that does not verify."""

    code = "UNAUTHENTICATED"


class TokenExpired(GraphProblem):
    """The token ended while a stream ran: fetch a fresh one, connect again and resume with the last cursor."""

    code = "TOKEN_EXPIRED"


class Forbidden(GraphProblem):
    """A stream that this viewer may not watch, or may no longer watch."""

    code = "FORBIDDEN"


class NoSuchStream(GraphProblem):
    """A stream of an object that does not exist, or that this viewer may not know of."""

    code = "NOT_FOUND"


class Unavailable(GraphProblem):
    """An outage: the same request, with the same idempotency key, may be sent again."""

    code = "UNAVAILABLE"


PUBLIC_CODES = frozenset(
    {
        PARSE_FAILED,
        VALIDATION_FAILED,
        BadUserInput.code,
        LimitExceeded.code,
        Unauthenticated.code,
        TokenExpired.code,
        Forbidden.code,
        NoSuchStream.code,
        Unavailable.code,
    }
)
"""Every top-level code a correct subgraph answers with; `INTERNAL` is the one a bug answers with."""

OUTAGES = (TimeoutError, ConnectionError, Outage)


@dataclass(frozen=True)
class Presented:
    """One error as the client gets it, and the unexpected exception behind it, if any, to be logged once."""

    payload: dict[str, object]
    cause: BaseException | None = None


def present(error: GraphQLError, request_id: str) -> Presented:
    """What the client may know of `error`; anything unforeseen becomes "Internal error" with the request's id."""
    cause = error.original_error
    if isinstance(cause, OUTAGES):
        return Presented(
            _payload(error, "This does not answer now. Try again soon.", Unavailable.code, request_id), cause
        )
    code = code_of(error)
    if code == INTERNAL:
        return Presented(_payload(error, "Internal error", INTERNAL, request_id), cause or error)
    return Presented(_payload(error, error.message, code, request_id))


def code_of(error: GraphQLError) -> str:
    """The code of `error`: its own, that of the problem it wraps, or `INTERNAL` for anything unforeseen."""
    if isinstance(error, GraphQLSyntaxError):
        return PARSE_FAILED
    given = (error.extensions or {}).get("code")
    if isinstance(given, str) and given in PUBLIC_CODES:
        return given
    return BadUserInput.code if _misread(error) else INTERNAL


def _misread(error: GraphQLError) -> bool:
    """Whether the executor or Strawberry could not read an argument: their errors carry no code."""
    cause = error.original_error
    if isinstance(cause, StrawberryInputCoercionError):
        return True
    # A resolver's own GraphQLError points at its field, an argument's at the argument or its value.
    return type(cause) is GraphQLError and any(
        isinstance(node, (ArgumentNode, ValueNode)) for node in cause.nodes or ()
    )


def _payload(error: GraphQLError, message: str, code: str, request_id: str) -> dict[str, object]:
    payload: dict[str, object] = {"message": message}
    if error.locations:
        payload["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        payload["path"] = list(error.path)
    payload["extensions"] = {"code": code, "requestId": request_id}
    return payload
