"""Collection codes: six digits, the same for the same order, and nobody's guess."""

import pytest

from kernel.codes import COLLECTION, could_be_code, handover_code, is_right_code
from tests.orders.ordering import CODE, ORDER, SECRET


def test_a_code_is_six_digits_and_always_the_same() -> None:
    assert len(CODE) == 6
    assert CODE.isdigit()
    assert handover_code(SECRET, ORDER, COLLECTION) == CODE


def test_a_code_depends_on_order_purpose_and_secret() -> None:
    codes = {
        CODE,
        handover_code(SECRET, ORDER[:-1] + "z", COLLECTION),
        handover_code(SECRET, ORDER, "dropoff"),
        handover_code(b"another", ORDER, COLLECTION),
    }
    assert len(codes) == 4


def test_people_may_leave_spaces() -> None:
    assert is_right_code(SECRET, ORDER, COLLECTION, f" {CODE[:3]} {CODE[3:]}")


@pytest.mark.parametrize("entered", ["", CODE[:5], CODE + "0", "abcdef", "\ud800", "١٢٣٤٥٦"])
def test_a_slip_of_the_finger_is_no_guess(entered: str) -> None:
    assert not could_be_code(entered)
    assert could_be_code(f" {CODE[:3]} {CODE[3:]}")


@pytest.mark.parametrize("entered", ["", CODE[:5], CODE + "0", "abcdef", "\ud800", "١٢٣٤٥٦", "000000"])
def test_anything_else_is_wrong(entered: str) -> None:
    assert not is_right_code(SECRET, ORDER, COLLECTION, entered)
