"""What people may write."""

import unicodedata

from subgraphs.reviews.domain.refusals import InvalidInput, Path

MAX_TEXT = 2000
MAX_REPLY = 1000

_UNPRINTABLE = frozenset({"Cc", "Cs"})
"""Not what is unassigned: next year's letters are not known here yet."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make the text around them read backwards."""


def written(text: str | None) -> str | None:
    """The text without what surrounds it; None when nothing is left."""
    return (text or "").replace("\r\n", "\n").strip() or None


def unfit(text: str | None, most: int, path: Path) -> InvalidInput | None:
    """Why a text, already `written`, cannot be taken."""
    if text is None:
        return None
    if len(text) > most:
        return InvalidInput(path=path, reason=f"At most {most} characters.")
    if any(_is_control(letter) for letter in text):
        return InvalidInput(path=path, reason="No control characters, but line breaks.")
    return None


def _is_control(letter: str) -> bool:
    return letter in _TURNING or (letter != "\n" and unicodedata.category(letter) in _UNPRINTABLE)
