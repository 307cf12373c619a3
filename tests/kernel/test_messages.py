"""Messages are frozen, keyword-only, tagged by name, and come back from JSON as they were."""

from typing import Any, cast

import msgspec
import pytest

from kernel.codec import Codec, Undecodable
from kernel.log import ConsistencyToken
from kernel.messages import Event, Value
from kernel.planning import changed_rows
from tests.kernel.tally import Counted, Named, TallyView
from tests.spelling import AT


class Pair(Value):
    left: int
    right: int


def test_nothing_is_built_by_position() -> None:
    for kind, arguments in ((Pair, (1, 2)), (Counted, (AT, "a", 1))):
        with pytest.raises(TypeError, match="positional"):
            cast("Any", kind)(*arguments)


def test_nothing_is_changed_once_built() -> None:
    event = Counted(at=AT, tally="a", by=1)
    with pytest.raises(AttributeError, match="immutable"):
        cast("Any", event).by = 2


def test_a_message_carries_its_name() -> None:
    data = msgspec.json.encode(Counted(at=AT, tally="a", by=1))
    assert msgspec.json.decode(data) == {"type": "Counted", "at": "2026-11-20T17:00:00Z", "tally": "a", "by": 1}
    assert msgspec.json.decode(data, type=Counted | Named) == Counted(at=AT, tally="a", by=1)


def test_a_codec_reads_what_it_wrote() -> None:
    codec = Codec([Counted, Named])
    event = Named(at=AT, tally="a", name="Ä\u2028\U0001f355")
    assert codec.message("Named", codec.seal(event)) == event


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Unheard", b"{}"),
        ("Counted", b"{}"),
        ("Counted", b"nonsense"),
        ("Counted", b'{"type":"Named","at":"2026-11-20T17:00:00Z","tally":"a","by":1}'),
        ("Counted", b'{"type":"Counted","at":"2026-11-20T17:00:00Z","tally":"a","by":"much"}'),
    ],
)
def test_what_does_not_fit_is_undecodable(name: str, data: bytes) -> None:
    with pytest.raises(Undecodable):
        Codec([Counted, Named]).message(name, data)


def test_an_upcaster_brings_an_old_message_to_its_new_shape() -> None:
    def in_ones(old: dict[str, Any]) -> dict[str, Any]:
        return {"type": "Counted", "at": old["at"], "tally": old["tally"], "by": old["tens"] * 10}

    codec = Codec([Counted], {"CountedInTens": in_ones})
    old = b'{"type":"CountedInTens","at":"2026-11-20T17:00:00Z","tally":"a","tens":4}'
    assert codec.message("CountedInTens", old) == Counted(at=AT, tally="a", by=40)


def test_two_types_of_one_name_are_refused() -> None:
    twin = cast("type[Event]", cast("Any", type(Event))("Counted", (Event,), {}))
    with pytest.raises(ValueError, match="share a name"):
        Codec([Counted, twin])


def test_a_consistency_token_survives_its_travel() -> None:
    token = ConsistencyToken(journal="orders", partition=3, txid=2**63, position=17)
    assert ConsistencyToken.parse(token.text()) == token


@pytest.mark.parametrize("text", ["", "x", "AAAA", "é", "W10", "WyJvcmRlcnMiLDEsMl0", "\x00", "W251bGxd" * 100])
def test_what_is_no_token_is_none(text: str) -> None:
    assert ConsistencyToken.parse(text) is None


def test_only_rows_that_differ_are_written() -> None:
    one, two = TallyView(id="a", total=1, events=1), TallyView(id="b", total=2, events=1)
    assert changed_rows([one, two], [one, msgspec.structs.replace(two, total=3)]) == (
        TallyView(id="b", total=3, events=1),
    )
