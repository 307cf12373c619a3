"""The diary holds all that a town has to know to go on, and is never found half written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import DecodeError

from simulator.living import Courier, Diary, EtaAsked, Heard, Kitchen, Mishap, Ordered, Watched, read_diary
from simulator.living.diary import MOST_MISHAPS, count

FIVE = datetime(2026, 11, 27, 15, tzinfo=UTC)


def ordered(number: int, **known: str) -> Ordered:
    entry = Ordered(number=number, person=f"customer-{number}", hungry_at=FIVE)
    for name, said in known.items():
        setattr(entry, name, said)
    return entry


def a_diary() -> Diary:
    diary = Diary(seed="1", began=FIVE)
    diary.orders = {
        1: ordered(1, order_id="order_1", status="DELIVERED"),
        2: ordered(2, order_id="order_2", status="PREPARING"),
        3: ordered(3, gave_up="RestaurantClosed"),
        4: ordered(4),
    }
    diary.kitchens["restaurant_1"] = Kitchen(owner="kitchen", name="Roasberg", prep_minutes=9, did={"acceptOrder": 2})
    diary.couriers["courier-1"] = Courier(latitude=60.1, longitude=24.9, vehicle="CAR", dropped={"LATE": 1})
    heard = [Heard(1, "SNAPSHOT", "order_1"), Heard(2, "CONFIRMED", "order_1")]
    diary.watched["orderUpdates"] = Watched(
        stream="orderUpdates", of="order_1", person="customer-1", heard=heard, cursor="c", connections=[None, "b"]
    )
    diary.etas.append(EtaAsked(order_id="order_1", asked_at=FIVE, status="ACCEPTED", delivery_at=FIVE))
    return diary


def test_it_is_read_as_it_was_written(tmp_path: Path):
    file = tmp_path / "below" / "diary.json"
    diary = a_diary()
    diary.write(file)
    assert read_diary(file) == diary
    assert [path.name for path in file.parent.iterdir()] == ["diary.json"]


def test_no_file_is_no_diary_and_another_file_is_no_diary_either(tmp_path: Path):
    assert read_diary(None) is None
    assert read_diary(tmp_path / "absent.json") is None
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"orders": 7}')
    with pytest.raises(DecodeError):
        read_diary(wrong)


def test_it_knows_what_was_acknowledged_and_what_has_not_ended():
    diary = a_diary()
    assert [entry.number for entry in diary.acknowledged] == [1, 2]
    assert [entry.number for entry in diary.unended] == [2]
    assert diary.statuses == {"DELIVERED": 1, "PREPARING": 1}
    assert diary.order_of("order_2") is diary.orders[2]
    assert diary.order_of("order_9") is None


def test_two_evenings_share_no_idempotency_keys():
    assert Diary().run != Diary().run


def test_only_the_first_mishaps_are_kept():
    diary = Diary()
    for number in range(MOST_MISHAPS + 5):
        diary.note(Mishap(real_time=FIVE, person="customer-1", doing="order", says=str(number)))
    assert len(diary.mishaps) == MOST_MISHAPS
    assert diary.mishaps[-1].says == str(MOST_MISHAPS - 1)


def test_counting_begins_at_nothing():
    tally: dict[str, int] = {}
    count(tally, "LATE")
    count(tally, "LATE", 2)
    assert tally == {"LATE": 3}


def watched(stream: str, *heard: int) -> Watched:
    events = [Heard(sequence, "SOMETHING", "order_1") for sequence in heard]
    return Watched(stream=stream, of="order_1", person="", heard=events)


def test_a_kitchen_that_lags_behind_its_customer_is_known():
    diary = a_diary()
    diary.watched = {"customer": watched("orderUpdates", 1, 2)}
    assert diary.untold == []  # Nobody asks a kitchen about an order that was not paid for.
    diary.watched["customer"] = watched("orderUpdates", 1, 2, 3)
    assert diary.untold == ["order_1"]
    diary.watched["kitchen"] = watched("restaurantOrderUpdates", 2)
    assert diary.untold == ["order_1"]
    diary.watched["kitchen"] = watched("restaurantOrderUpdates", 2, 3)
    assert diary.untold == []
