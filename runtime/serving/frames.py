"""Frames: the messages of graphql-transport-ws a client may send, read strictly."""

from typing import cast

from kernel.graph.errors import BadUserInput
from kernel.messages import Value
from runtime.serving.requests import decode

MAX_ID = 200


class FrameInvalid(Exception):
    """The frame is none of the protocol's; the socket is closed with 4400 and this reason."""


class ConnectionInit(Value):
    payload: dict[str, object]


class Ping(Value):
    payload: dict[str, object] | None


class Pong(Value):
    pass


class Subscribe(Value):
    id: str
    payload: dict[str, object]
    extensions: dict[str, object]


class Complete(Value):
    id: str


Frame = ConnectionInit | Ping | Pong | Subscribe | Complete


def read_frame(text: str) -> Frame:
    """The message in `text`. A payload of null is as good as none, but a subscription needs an object.

    Raises:
        FrameInvalid: anything the protocol does not know.
    """
    try:
        message = decode(text)
    except BadUserInput:
        raise FrameInvalid("A message is JSON.") from None
    if not isinstance(message, dict):
        raise FrameInvalid("A message is a JSON object.")
    given = cast("dict[str, object]", message)
    match given.get("type"):
        case "connection_init":
            return ConnectionInit(payload=_object(given) or {})
        case "ping":
            return Ping(payload=_object(given))
        case "pong":
            _object(given)
            return Pong()
        case "subscribe":
            return _subscribe(given)
        case "complete":
            return Complete(id=_id(given))
        case _:
            raise FrameInvalid("The message has no type of the protocol's.")


def _subscribe(given: dict[str, object]) -> Subscribe:
    payload = _object(given)
    if payload is None:
        raise FrameInvalid("A subscription's payload is an object.")
    if not isinstance(payload.get("query"), str):
        raise FrameInvalid("A subscription's query is a string.")
    for member, kind in (("variables", dict), ("extensions", dict), ("operationName", str)):
        value = payload.get(member)
        if value is not None and not isinstance(value, kind):
            raise FrameInvalid(f"A subscription's {member} is of another kind.")
    extensions = cast("dict[str, object]", payload.get("extensions") or {})
    return Subscribe(id=_id(given), payload=payload, extensions=extensions)


def _object(given: dict[str, object]) -> dict[str, object] | None:
    payload = given.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise FrameInvalid("A payload is an object.")
    return cast("dict[str, object] | None", payload)


def _id(given: dict[str, object]) -> str:
    identifier = given.get("id")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= MAX_ID:
        raise FrameInvalid("An id is a string that is not empty.")
    return identifier
