"""Typed, prefixed, time-ordered ids (TypeID over UUIDv7) and ids derived from others."""

from hashlib import sha256
from typing import Protocol
from uuid import UUID

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base32, as the TypeID specification asks
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_SUFFIX_LENGTH = 26


class Ids(Protocol):
    """A source of new ids."""

    def new(self, prefix: str) -> str:
        """A fresh id `<prefix>_<26 letters>`; later ids sort after earlier ones to the millisecond. Never blocks."""
        ...


def typed_id(prefix: str, uuid: UUID) -> str:
    """The id of `uuid` under `prefix`."""
    number = uuid.int
    return f"{prefix}_" + "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def parse_id(prefix: str, text: str) -> UUID | None:
    """The UUID inside `text`, or None when `text` is malformed or carries another prefix."""
    head, separator, suffix = text.rpartition("_")
    if not separator or head != prefix or len(suffix) != _SUFFIX_LENGTH or suffix[0] > "7":
        return None
    number = 0
    for letter in suffix:
        value = _VALUES.get(letter)
        if value is None:
            return None
        number = number << 5 | value
    return UUID(int=number)


def sibling_id(prefix: str, other_prefix: str, text: str) -> str | None:
    """The id under `prefix` that shares the UUID of `text`, an id under `other_prefix`; None when malformed."""
    uuid = parse_id(other_prefix, text)
    return None if uuid is None else typed_id(prefix, uuid)


def derive_id(prefix: str, source_id: str, label: str) -> str:
    """The one id that `source_id` and `label` always give.

    A repeated event thereby repeats its commands under the same ids. The source's own time is kept in the first
    48 bits, when it is a typed id, so that derived ids sort by time too.
    """
    digest = int.from_bytes(sha256(f"{source_id}\n{label}".encode()).digest()[:16], "big")
    source = parse_id(source_id.rpartition("_")[0], source_id)
    if source is not None:
        digest = (source.int >> 80 << 80) | (digest & (1 << 80) - 1)
    versioned = digest & ~(0xF000 << 64) | 0x7000 << 64
    return typed_id(prefix, UUID(int=versioned & ~(0b11 << 62) | 0b10 << 62))


def person_id(prefix: str, subject: str) -> str:
    """The id under `prefix` of the person whom tokens call `subject`: always the same, and it does not tell who."""
    return derive_id(prefix, subject, prefix)


def spoken(text: str) -> str:
    """What people call the thing with this id, as `FGY-HBB`: its last six letters, of which every one is chance."""
    tail = text[-6:].upper()
    return f"{tail[:3]}-{tail[3:]}"
