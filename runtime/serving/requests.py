"""Requests: the one JSON object of a GraphQL request, read so that no body of any shape gets further than it should."""

from typing import cast

import orjson

from kernel.graph.errors import BadUserInput
from kernel.graph.variables import check_text, check_variables
from kernel.messages import Value

MAX_BODY_BYTES = 512 * 1024
"""More than the router takes from a client: it sends keys of its own finding along."""
MAX_NAME = 200


class GraphRequest(Value):
    """A request as a client means it."""

    query: str
    variables: dict[str, object]
    operation_name: str | None


def decode(raw: bytes | str) -> object:
    """The JSON in `raw`. Raises `BadUserInput` for anything else, lone surrogates and endless numbers included."""
    try:
        return orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError):
        raise BadUserInput("The request is not JSON.") from None


def read_request(payload: object) -> GraphRequest:
    """The request in decoded JSON; members it does not know are ignored, as GraphQL over HTTP asks.

    Raises:
        BadUserInput: not an object, a member of the wrong kind, or variables beyond their bounds.
        LimitExceeded: too many variables.
    """
    if isinstance(payload, list):
        raise BadUserInput("Send one request at a time: batches are not served.")
    if not isinstance(payload, dict):
        raise BadUserInput("The request is not a JSON object.")
    given = cast("dict[str, object]", payload)
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if not isinstance(query, str) or not query.strip():
        raise BadUserInput("`query` must hold a document.")
    if name is not None and not isinstance(name, str):
        raise BadUserInput("`operationName` must be a string.")
    for member, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise BadUserInput(f"`{member}` must be an object.")
    check_text(name or "", MAX_NAME)
    held = cast("dict[str, object]", variables or {})
    check_variables(held)
    return GraphRequest(query=query, variables=held, operation_name=name or None)
