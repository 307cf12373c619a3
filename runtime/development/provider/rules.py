"""What may happen to an authorisation: authorised ≥ captured ≥ refunded, captured once, voided only before that."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Minor = Annotated[int, Meta(ge=1, le=99_999_999)]
Status = Literal["authorised", "declined", "captured", "voided"]


class Authorisation(Struct, frozen=True, kw_only=True):
    """Money held on a card; amounts are in minor units of `currency`, times in seconds since 1970."""

    id: str
    status: Status
    amount_minor: int
    currency: str
    reference: str
    card: str
    captured_minor: int = 0
    refunded_minor: int = 0
    decline_code: str | None = None
    created_at: float
    expires_at: float


class Authorise(Struct, frozen=True, forbid_unknown_fields=True, tag="authorise"):
    token: Annotated[str, Meta(pattern=r"^tok_[A-Za-z0-9_]{1,60}\Z")]
    amount_minor: Minor
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    reference: Annotated[str, Meta(min_length=1, max_length=200)]


class Capture(Struct, frozen=True, forbid_unknown_fields=True, tag="capture"):
    amount_minor: Minor


class Void(Struct, frozen=True, forbid_unknown_fields=True, tag="void"):
    pass


class Refund(Struct, frozen=True, forbid_unknown_fields=True, tag="refund"):
    amount_minor: Minor


Change = Capture | Void | Refund


class Problem(Struct, frozen=True):
    """Why not: a code for programs and a sentence for people."""

    code: str
    message: str


def changed(held: Authorisation, change: Change, now: float) -> Authorisation | Problem:
    """The authorisation after the change, or why it cannot be."""
    match change:
        case Capture(amount_minor=amount):
            return captured(held, amount, now)
        case Void():
            return voided(held)
        case Refund(amount_minor=amount):
            return refunded(held, amount)


def captured(held: Authorisation, amount: int, now: float) -> Authorisation | Problem:
    if held.status != "authorised":
        return Problem(f"authorisation_{held.status}", f"This authorisation is {held.status}; it cannot be captured.")
    if amount > held.amount_minor:
        return Problem("amount_exceeds_authorisation", f"At most {held.amount_minor} can be captured.")
    if now >= held.expires_at:
        return Problem("authorisation_expired", "This authorisation has expired.")
    return msgspec.structs.replace(held, status="captured", captured_minor=amount)


def voided(held: Authorisation) -> Authorisation | Problem:
    if held.status != "authorised":
        return Problem(f"authorisation_{held.status}", f"This authorisation is {held.status}; it cannot be voided.")
    return msgspec.structs.replace(held, status="voided")


def refunded(held: Authorisation, amount: int) -> Authorisation | Problem:
    if held.status != "captured":
        return Problem(f"authorisation_{held.status}", f"This authorisation is {held.status}; nothing to give back.")
    if amount > held.captured_minor - held.refunded_minor:
        return Problem(
            "amount_exceeds_captured", f"At most {held.captured_minor - held.refunded_minor} can be refunded."
        )
    return msgspec.structs.replace(held, refunded_minor=held.refunded_minor + amount)
