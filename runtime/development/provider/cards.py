"""The test cards: each decides, by itself and every time alike, what happens to the payments made with it."""

from enum import Enum
from typing import Literal

from msgspec import Struct

Operation = Literal["authorise", "capture", "void", "refund"]


class Moment(Enum):
    BEFORE = "before"
    """Nothing has been recorded and no money has moved."""
    AFTER = "after"
    """The operation is done and kept; only its answer suffers."""


class Trouble(Enum):
    HANG = "hang"
    """No answer for `stall_s`, then 504."""
    LATE = "late"
    """The right answer, `late_s` later."""
    ERROR = "error"
    """500 at once."""


class Mishap(Struct, frozen=True):
    operation: Operation
    moment: Moment
    trouble: Trouble
    every_call: bool = False
    """Otherwise only the first call with a key suffers: a repeat of it is answered as it should be."""


class Card(Struct, frozen=True, kw_only=True):
    name: str
    last4: str
    says: str
    brand: str = "visa"
    decline: str | None = None
    declined_once: bool = False
    mishap: Mishap | None = None

    @property
    def token(self) -> str:
        """A token that is always there, so that tests need no token page."""
        return f"tok_{self.name}"

    def suffers(self, operation: Operation, attempt: int) -> Mishap | None:
        """The mishap that the `attempt`-th call (from 1) with one key meets."""
        mishap = self.mishap if self.mishap and self.mishap.operation == operation else None
        return mishap if mishap and (mishap.every_call or attempt == 1) else None


BEFORE, AFTER = Moment.BEFORE, Moment.AFTER
HANG, LATE, ERROR = Trouble.HANG, Trouble.LATE, Trouble.ERROR

CARDS = (
    Card(name="visa", last4="4242", says="Approved."),
    Card(name="mastercard", brand="mastercard", last4="4444", says="Approved."),
    Card(name="insufficient_funds", last4="9995", decline="insufficient_funds", says="Declined: not enough money."),
    Card(name="card_expired", last4="0069", decline="card_expired", says="Declined: the card has expired."),
    Card(name="card_declined", last4="0002", decline="card_declined", says="Declined without a reason."),
    Card(name="card_lost", last4="9987", decline="card_lost", says="Declined: reported lost."),
    Card(name="token_revoked", last4="0101", decline="token_revoked", says="Declined: the token was withdrawn."),
    Card(
        name="declined_once",
        last4="0119",
        decline="try_again_later",
        declined_once=True,
        says="Declined once for each reference, approved at the next try with a new key.",
    ),
    Card(
        name="timeout_before",
        last4="1001",
        mishap=Mishap("authorise", BEFORE, HANG),
        says="Authorising hangs, nothing charged.",
    ),
    Card(
        name="timeout_after",
        last4="1002",
        mishap=Mishap("authorise", AFTER, HANG),
        says="Authorising hangs, though charged.",
    ),
    Card(
        name="late",
        last4="1003",
        mishap=Mishap("authorise", AFTER, LATE),
        says="Authorised at once, answered late.",
    ),
    Card(
        name="pending",
        last4="1004",
        mishap=Mishap("authorise", BEFORE, LATE),
        says="In progress for a while when asked, then authorised and answered.",
    ),
    Card(
        name="error_before",
        last4="1005",
        mishap=Mishap("authorise", BEFORE, ERROR),
        says="Authorising answers 500 first, nothing charged; works when repeated.",
    ),
    Card(
        name="error_after",
        last4="1006",
        mishap=Mishap("authorise", AFTER, ERROR),
        says="Authorising answers 500, though charged.",
    ),
    Card(
        name="unreachable",
        last4="1007",
        mishap=Mishap("authorise", BEFORE, HANG, every_call=True),
        says="Authorising hangs at every call, never charged.",
    ),
    Card(
        name="broken",
        last4="1008",
        mishap=Mishap("authorise", BEFORE, ERROR, every_call=True),
        says="Authorising answers 500 at every call, never charged.",
    ),
    Card(
        name="capture_timeout_before",
        last4="2001",
        mishap=Mishap("capture", BEFORE, HANG),
        says="Capturing hangs, nothing captured.",
    ),
    Card(
        name="capture_timeout_after",
        last4="2002",
        mishap=Mishap("capture", AFTER, HANG),
        says="Capturing hangs, though captured.",
    ),
    Card(
        name="capture_error_before",
        last4="2003",
        mishap=Mishap("capture", BEFORE, ERROR),
        says="Capturing answers 500 first, nothing captured; works when repeated.",
    ),
    Card(
        name="capture_error_after",
        last4="2004",
        mishap=Mishap("capture", AFTER, ERROR),
        says="Capturing answers 500, though captured.",
    ),
    Card(
        name="void_timeout_after",
        last4="3001",
        mishap=Mishap("void", AFTER, HANG),
        says="Voiding hangs, though voided.",
    ),
    Card(
        name="void_error_before",
        last4="3002",
        mishap=Mishap("void", BEFORE, ERROR),
        says="Voiding answers 500 first, nothing voided; works when repeated.",
    ),
)
BY_NAME = {card.name: card for card in CARDS}


def cards_table() -> str:
    """The cards as a Markdown table, for the documentation."""
    lines = [f"| `{card.name}` | `{card.token}` | {card.says} |" for card in CARDS]
    return "\n".join(["| Card | Token | What happens |", "|---|---|---|", *lines])
