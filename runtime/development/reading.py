"""Reads what clients send within bounds, so that nothing they send fills memory or raises further in."""

import asyncio
import re
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

GREATEST_BODY_BYTES = 16_384
GREATEST_WAIT_S = 10
GREATEST_FIELDS = 30
GREATEST_VALUE_CHARACTERS = 4_096

FREE_TEXT = frozenset({"state", "client_secret", "token"})
"""Parameters that OAuth lets hold any printable ASCII; elsewhere a quote or a backslash is never meant."""


class Unreadable(Exception):
    """The request is refused with `status` before anybody looks at its meaning; the text is for the client."""

    def __init__(self, status: int, says: str) -> None:
        super().__init__(says)
        self.status = status


async def read_body(request: Request) -> bytes:
    """The whole body, at most 16 KiB and within 10 s. Raises `Unreadable`."""
    body = b""
    try:
        async with asyncio.timeout(GREATEST_WAIT_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > GREATEST_BODY_BYTES:
                    raise Unreadable(413, "The body is larger than 16 KiB.")
    except TimeoutError as error:
        raise Unreadable(408, "The body did not arrive within 10 s.") from error
    except ClientDisconnect as error:
        raise Unreadable(400, "The client went away.") from error
    return body


async def read_form(request: Request) -> dict[str, str]:
    """The fields of an urlencoded body. Raises `Unreadable`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Unreadable(400, "The body must be application/x-www-form-urlencoded.")
    return read_fields(await read_body(request))


def read_query(request: Request) -> dict[str, str]:
    """The fields of the query string. Raises `Unreadable`."""
    return read_fields(request.scope["query_string"])


def read_fields(encoded: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=GREATEST_FIELDS
        )
    except ValueError as error:
        raise Unreadable(400, "The parameters are not well formed, or too many.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Unreadable(400, "A parameter was given twice.")
    for name, value in pairs:
        allowed = r"[\x20-\x7e]*" if name in FREE_TEXT else r"[\x20-\x21\x23-\x5b\x5d-\x7e]*"
        if len(value) > GREATEST_VALUE_CHARACTERS or not re.fullmatch(allowed, value):
            raise Unreadable(400, "A parameter is too long or holds a character that no parameter may hold.")
    return {name: value for name, value in fields.items() if value}
