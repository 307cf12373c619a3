"""Codes: six digits that prove who stands at the door, made from an id and a purpose, and never stored."""

import hmac

COLLECTION = "collection"
PICKUP = "pickup"
DROPOFF = "dropoff"
_DIGITS = 6


def handover_code(secret: bytes, subject: str, purpose: str) -> str:
    """The code of that thing for that purpose: a shortened HMAC, the same whenever it is asked for."""
    digest = hmac.digest(secret, f"{purpose}:{subject}".encode(), "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}d}"


def could_be_code(entered: str) -> bool:
    """Whether `entered` has the form of a code, spaces aside: a slip of the finger is no guess."""
    digits = entered.replace(" ", "")
    return len(digits) == _DIGITS and digits.isascii() and digits.isdigit()


def is_right_code(secret: bytes, subject: str, purpose: str, entered: str) -> bool:
    """Whether `entered` is that code, spaces aside; takes the same time for every wrong one."""
    digits = entered.replace(" ", "").encode(errors="replace")
    return hmac.compare_digest(digits, handover_code(secret, subject, purpose).encode())
