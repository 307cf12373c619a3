"""Ids say what they name, sort by time, and are derived alike from alike."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import ALPHABET, derive_id, parse_id, sibling_id, spoken, typed_id
from runtime.adapters.ids import RandomIds
from tests.spelling import uuid_of

uuids = st.uuids()


def test_the_examples_of_the_specification() -> None:
    assert typed_id("prefix", UUID("01890a5d-ac96-774b-bcce-b302099a8057")) == "prefix_01h455vb4pex5vsknk084sn02q"
    assert parse_id("prefix", "prefix_01h455vb4pex5vsknk084sn02q") == UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    assert typed_id("nil", UUID(int=0)) == "nil_00000000000000000000000000"
    assert typed_id("max", UUID(int=2**128 - 1)) == "max_7zzzzzzzzzzzzzzzzzzzzzzzzz"


@given(uuids)
def test_an_id_gives_its_uuid_back(uuid: UUID) -> None:
    assert parse_id("order", typed_id("order", uuid)) == uuid


@given(uuids, uuids)
def test_ids_sort_as_their_uuids(one: UUID, other: UUID) -> None:
    assert (typed_id("order", one) < typed_id("order", other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "_",
        "order",
        "order_",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "quote_01h455vb4pex5vsknk084sn02q",
        "order_01h455vb4pex5vsknk084sn02",
        "order_01h455vb4pex5vsknk084sn02qq",
        "order_81h455vb4pex5vsknk084sn02q",
        "order_01H455VB4PEX5VSKNK084SN02Q",
        "order_01h455vb4pex5vsknk084sn0lo",
        "order_01h455vb4pex5vsknk084sn02é",
        "order_01h455vb4pex5vsknk084sn02\x00",
        "order__01h455vb4pex5vsknk084sn02q",
    ],
)
def test_what_is_not_an_id_of_that_kind_is_none(text: str) -> None:
    assert parse_id("order", text) is None


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    assert parse_id("order", text) is None
    assert parse_id("order", f"order_{text}") is None or len(text) == 26


def test_siblings_share_their_uuid() -> None:
    quote = typed_id("quote", uuid_of(7))
    assert sibling_id("order", "quote", quote) == typed_id("order", uuid_of(7))
    assert sibling_id("order", "quote", typed_id("payment", uuid_of(7))) is None


def test_derived_ids_repeat_and_differ_by_source_and_label() -> None:
    source = typed_id("evt", uuid_of(7))
    derived = derive_id("cmd", source, "payments:0")
    assert derived == derive_id("cmd", source, "payments:0")
    assert derived != derive_id("cmd", source, "payments:1")
    assert derived != derive_id("cmd", typed_id("evt", uuid_of(8)), "payments:0")


def test_a_derived_id_is_a_uuid7_of_its_sources_time() -> None:
    derived = parse_id("cmd", derive_id("cmd", typed_id("evt", uuid_of(7)), "x"))
    assert derived is not None
    assert (derived.version, derived.int >> 80) == (7, uuid_of(7).int >> 80)
    assert parse_id("cmd", derive_id("cmd", "anything at all", "x")) is not None


def test_new_ids_are_uuid7_and_sort_in_the_order_they_were_made() -> None:
    ids = RandomIds()
    made = [ids.new("order") for _ in range(1000)]
    assert made == sorted(set(made))
    first = parse_id("order", made[0])
    assert first is not None
    assert first.version == 7
    assert set(made[0].removeprefix("order_")) <= set(ALPHABET)


def test_siblings_are_called_the_same() -> None:
    order = "order_01m8240ypmfkwsmfccymfgyhbb"
    assert spoken(order) == "FGY-HBB"
    assert spoken(sibling_id("delivery", "order", order) or "") == "FGY-HBB"
