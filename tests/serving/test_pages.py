"""Pages over keysets: complete in both directions, with cursors nobody can make up or carry elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.graph.connections import Connection, Page
from kernel.graph.cursors import BadCursor, Keyset, open_cursor, seal_cursor
from kernel.graph.errors import BadUserInput

SECRET = b"secret of pages"
ROWS = [(score, f"id_{number}") for number, score in enumerate([3, 1, 3, 2, 3, 1, 2])]


def page(
    first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> Page:
    return Page.read(SECRET, "rows", first=first, after=after, last=last, before=before)


def asked(wanted: Page) -> Connection[str]:
    """The way a query asks: ordered by score and id, strictly beyond the keyset."""
    ordered = sorted(ROWS, reverse=wanted.backwards)
    beyond = [row for row in ordered if wanted.keyset is None or (row > wanted.keyset) is not wanted.backwards]
    beyond = [row for row in beyond if row != wanted.keyset]
    return wanted.connection(beyond[: wanted.fetch], node=lambda row: row[1], keyset=lambda row: row)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 100])
def test_going_on_from_each_end_cursor_reads_everything_once(size: int) -> None:
    seen: list[str] = []
    found = asked(page(first=size))
    while True:
        seen += found.nodes()
        assert len(found.nodes()) <= size
        if not found.page_info.has_next_page:
            break
        found = asked(page(first=size, after=found.page_info.end_cursor))
    assert seen == [row[1] for row in sorted(ROWS)]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
def test_going_backwards_reads_everything_once_in_the_same_order(size: int) -> None:
    seen: list[str] = []
    found = asked(page(last=size))
    while True:
        seen = [*found.nodes(), *seen]
        if not found.page_info.has_previous_page:
            break
        found = asked(page(last=size, before=found.page_info.start_cursor))
    assert seen == [row[1] for row in sorted(ROWS)]


def test_an_empty_page_has_no_cursors() -> None:
    nothing: list[str] = []
    found = page(first=5).connection(nothing, node=str, keyset=lambda row: (row,))
    assert (found.page_info.start_cursor, found.page_info.end_cursor, found.page_info.has_next_page) == (
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"first": 1, "last": 1},
        {"first": 0},
        {"first": -1},
        {"first": 101},
        {"last": 0},
        {"last": 2**31 - 1},
        {"first": 1, "before": "x"},
        {"last": 1, "after": "x"},
        {"first": 1, "after": ""},
        {"first": 1, "after": "x"},
        {"first": 1, "after": "é"},
        {"first": 1, "after": "x" * 5_000},
        {"first": 1, "after": "===="},
        {"first": 1, "after": seal_cursor(SECRET, "other rows", (1, "id_1"))},
        {"first": 1, "after": seal_cursor(b"another", "rows", (1, "id_1"))},
    ],
)
def test_a_page_that_cannot_be_read_is_bad_input(arguments: dict[str, object]) -> None:
    with pytest.raises(BadUserInput):
        Page.read(SECRET, "rows", **arguments)  # pyright: ignore[reportArgumentType]  # each case names its own


keysets = st.lists(st.one_of(st.none(), st.text(max_size=20), st.integers(-(2**53), 2**53)), min_size=1, max_size=4)


@given(keyset=keysets.map(tuple), scope=st.text(max_size=20))
def test_a_cursor_opens_to_what_was_sealed(keyset: Keyset, scope: str) -> None:
    assert open_cursor(SECRET, scope, seal_cursor(SECRET, scope, keyset)) == keyset
    assert open_cursor(SECRET, scope + "'", seal_cursor(SECRET, scope, keyset)) is BadCursor.FOREIGN


@given(position=st.integers(0, 50), letter=st.sampled_from("abcXYZ019-_"))
def test_a_cursor_with_one_letter_changed_is_unknown(position: int, letter: str) -> None:
    cursor = seal_cursor(SECRET, "rows", (1, "id_1"))
    at = position % (len(cursor) - 1)
    changed = cursor[:at] + letter + cursor[at + 1 :]
    assert changed == cursor or open_cursor(SECRET, "rows", changed) is BadCursor.UNKNOWN


@given(st.text())
def test_no_text_opens_by_chance(text: str) -> None:
    assert open_cursor(SECRET, "rows", text) is BadCursor.UNKNOWN
