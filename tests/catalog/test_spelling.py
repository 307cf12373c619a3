"""Words without accents, and keys that one slip of the finger does not lose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.catalog.views.spelling import EXACT, FORM, MAX_WORD, PREFIX, folded, forms, keys, words

LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Café Köket", "cafe koket"),
        ("Phở  Đông-Hà", "pho dong ha"),
        ("SMØRREBRØD & Æbleskiver", "smorrebrod aebleskiver"),
        ("Straße Nº 5", "strasse no 5"),
        ("Kıymalı Pide", "kiymali pide"),
        ("Mike's", "mikes"),
        ("Łódź ½", "lodz 1 2"),
        ("寿司", "寿司"),
        ("  ", ""),
    ],
)
def test_accents_and_case_do_not_matter(text: str, plain: str) -> None:
    assert folded(text) == plain


def test_words_come_once_and_not_too_long() -> None:
    assert words("Pizza, pizza! " + "x" * 40) == ("pizza", "x" * MAX_WORD)


def test_a_word_is_kept_whole_by_its_beginnings_and_its_forms() -> None:
    assert set(keys("pizza")) == {
        f"{EXACT}pizza",
        *(f"{PREFIX}{start}" for start in ("pi", "piz", "pizz")),
        *(f"{FORM}{form}" for form in ("pizza", "izza", "pzza", "piza", "pizz")),
    }


def test_short_words_forgive_nothing() -> None:
    assert forms("wok") == frozenset()
    assert keys("wok") == ("=wok", "<wo")


@given(word=LETTERS, place=st.integers(min_value=0, max_value=11), letter=st.sampled_from("abcxyz"))
def test_one_slip_shares_a_form(word: str, place: int, letter: str) -> None:
    at = place % len(word)
    slips = {
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1 :] if len(word) > 4 else word,
        word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :] if at else word,
    }
    for slip in slips:
        assert forms(slip) & forms(word), slip
