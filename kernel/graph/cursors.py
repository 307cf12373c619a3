"""Cursors: opaque places in a list or a stream, signed, so that no client can make one up or carry it elsewhere."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import Enum

import msgspec

from kernel.messages import Value

MAX_CURSOR_LENGTH = 1000
_SIGNATURE_BYTES = 12

Keyset = tuple[str | int | float | None, ...]
"""The values a page continues from, in the order of the ordering; the last one is the id."""


class BadCursor(Enum):
    """Why a cursor cannot be used."""

    UNKNOWN = "unknown"
    """It was not sealed here."""
    FOREIGN = "foreign"
    """It belongs to another list or stream."""


class _Sealed(Value, array_like=True):
    scope: str
    keyset: list[str | int | float | None]


def seal_cursor(secret: bytes, scope: str, keyset: Keyset) -> str:
    """`keyset` as a cursor that only `scope` accepts."""
    body = msgspec.json.encode(_Sealed(scope=scope, keyset=[*keyset]))
    return urlsafe_b64encode(_signature(secret, body) + body).decode().rstrip("=")


def open_cursor(secret: bytes, scope: str, cursor: str) -> Keyset | BadCursor:
    """The keyset inside `cursor`, when it was sealed for `scope`."""
    if len(cursor) > MAX_CURSOR_LENGTH or not cursor.isascii():
        return BadCursor.UNKNOWN
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _signature(secret, body)):
            return BadCursor.UNKNOWN
        sealed = msgspec.json.decode(body, type=_Sealed)
    except (ValueError, msgspec.MsgspecError):
        return BadCursor.UNKNOWN
    return tuple(sealed.keyset) if sealed.scope == scope else BadCursor.FOREIGN


def _signature(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, body, hashlib.sha256)[:_SIGNATURE_BYTES]
