"""Spelling: words without accents, and the keys by which a word is found although it is misspelt or unfinished.

Symmetric deletion: two words are one slip of the finger apart (a letter more, less, wrong or swapped with the next)
if and only if they share a form with at most one letter taken out. So each word is stored under all its forms, and a
misspelt one is found by equality, which an index answers. Source: W. Garbe, SymSpell.
"""

import unicodedata
from functools import lru_cache

MAX_WORD = 24
MIN_MISSPELT = 4
"""Shorter words have too many neighbours."""
MIN_PREFIX = 2
MAX_WORDS = 6
"""How many words of a search count."""

_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "’": "", "'": ""}
)

EXACT, PREFIX, FORM = "=", "<", "~"


def folded(text: str) -> str:
    """The text in small letters without accents, its words divided by single spaces."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS))
    letters = (letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    return " ".join("".join(letters).split())


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The words of the text, each once."""
    return tuple(dict.fromkeys(word[:MAX_WORD] for word in folded(text).split()))


def forms(word: str) -> frozenset[str]:
    """The word, and the word with each of its letters taken out; none for a word too short to be misspelt."""
    if len(word) < MIN_MISSPELT:
        return frozenset()
    return frozenset({word, *(word[:place] + word[place + 1 :] for place in range(len(word)))})


@lru_cache(maxsize=20_000)
def keys(word: str) -> tuple[str, ...]:
    """The keys under which a word is kept."""
    prefixes = (PREFIX + word[:length] for length in range(MIN_PREFIX, len(word)))
    return (EXACT + word, *prefixes, *(FORM + form for form in sorted(forms(word))))


@lru_cache(maxsize=20_000)
def keys_sought(word: str) -> tuple[str, ...]:
    """The keys by which a word is found that may be misspelt or unfinished."""
    return (EXACT + word, PREFIX + word, *(FORM + form for form in sorted(forms(word))))
