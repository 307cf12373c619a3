"""Opening hours: several intervals, past midnight, and both changes of clocks, against a plain reading of the wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.hours import is_open, next_closing, next_opening, readable

HELSINKI = "Europe/Helsinki"
LUNCH_AND_DINNER = "Mo-Fr 11:00-14:30,17:00-22:30; Sa 13:00-23:00"
NIGHT = "Mo-Su 20:00-03:30"

ZONES = st.sampled_from(
    [
        HELSINKI,
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/Santiago",
        "Africa/Casablanca",
        "UTC",
    ]
)
MOMENTS = st.integers(min_value=0, max_value=8 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
QUARTERS = st.integers(min_value=0, max_value=95)
SPANS = st.tuples(QUARTERS, st.integers(min_value=1, max_value=95))


def at(text: str, zone: str = HELSINKI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T10:59", False),
        ("2026-11-23T11:00", True),
        ("2026-11-23T14:29", True),
        ("2026-11-23T14:30", False),
        ("2026-11-23T22:29", True),
        ("2026-11-28T12:59", False),
        ("2026-11-28T13:00", True),
        ("2026-11-29T14:00", False),
    ],
)
def test_a_day_may_have_several_intervals(moment: str, expected: bool) -> None:
    assert is_open(LUNCH_AND_DINNER, HELSINKI, at(moment)) is expected


def test_hours_go_on_past_midnight() -> None:
    assert is_open(NIGHT, HELSINKI, at("2026-11-23T03:29"))
    assert not is_open(NIGHT, HELSINKI, at("2026-11-23T03:30"))


def test_hours_are_read_in_the_zone_of_the_place() -> None:
    moment = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert is_open("Mo 11:00-14:00", HELSINKI, moment)
    assert not is_open("Mo 11:00-14:00", "Europe/London", moment)


def test_the_next_opening_of_an_open_place_is_now() -> None:
    moment = datetime(2026, 11, 23, 9, 30, 12, tzinfo=UTC)
    assert next_opening(LUNCH_AND_DINNER, HELSINKI, moment) == moment


def test_the_next_opening_is_found_over_the_weekend() -> None:
    assert next_opening(LUNCH_AND_DINNER, HELSINKI, at("2026-11-28T23:30")) == at("2026-11-30T11:00")


def test_the_next_closing_is_the_end_of_the_interval() -> None:
    assert next_closing(NIGHT, HELSINKI, at("2026-11-23T21:00")) == at("2026-11-24T03:30")


def test_day_and_night_never_closes_and_off_never_opens() -> None:
    now = at("2026-11-23T21:00")
    assert is_open("24/7", HELSINKI, now)
    assert next_closing("24/7", HELSINKI, now) is None
    assert next_opening("24/7 off", HELSINKI, now) is None


def test_an_opening_next_season_is_found() -> None:
    assert next_opening("Jun-Aug 10:00-18:00", HELSINKI, at("2026-09-01T12:00")) == at("2027-06-01T10:00")


def test_an_opening_inside_the_skipped_hour_is_skipped() -> None:
    # On 29 March 2026 the clocks in Helsinki go from 03:00 to 04:00.
    assert next_opening("Mo-Su 03:15-03:45", HELSINKI, at("2026-03-29T02:00")) == at("2026-03-30T03:15")


def test_an_interval_that_begins_in_the_skipped_hour_begins_after_it() -> None:
    assert next_opening("Mo-Su 03:15-05:00", HELSINKI, at("2026-03-29T02:00")) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_the_repeated_hour_counts_twice() -> None:
    # On 25 October 2026 the clocks in Helsinki go from 04:00 back to 03:00, at 01:00 UTC.
    assert [is_open(NIGHT, HELSINKI, datetime(2026, 10, 25, 0, minute, tzinfo=UTC)) for minute in (15, 45)] == [
        True,
        False,
    ]
    assert next_opening(NIGHT, HELSINKI, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == datetime(
        2026, 10, 25, 1, tzinfo=UTC
    )
    assert next_closing(NIGHT, HELSINKI, datetime(2026, 10, 25, 1, tzinfo=UTC)) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("hours", ["", "on request please", "Mo-Fr 25:00-99:00", "x" * 501, "24/7 " + " " * 500])
def test_what_cannot_be_read_says_so(hours: str) -> None:
    assert not readable(hours)


def test_unreadable_hours_and_zones_are_never_open() -> None:
    now = at("2026-11-23T12:00")
    assert not is_open("nonsense", HELSINKI, now)
    assert not is_open("24/7", "Nowhere/City", now)
    assert next_opening("nonsense", HELSINKI, now) is None
    assert next_closing("24/7", "../etc", now) == now


def clock(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


def wall_says_open(spans: list[tuple[int, int]], moment: datetime, zone: str) -> bool:
    local = moment.astimezone(ZoneInfo(zone))
    shown = datetime.combine(local.date(), time(local.hour, local.minute))
    for day in (shown.date() - timedelta(days=1), shown.date()):
        for start, length in spans:
            opens = datetime.combine(day, time()) + start * timedelta(minutes=15)
            if opens <= shown < opens + length * timedelta(minutes=15):
                return True
    return False


def daily(spans: list[tuple[int, int]]) -> str:
    intervals = ",".join(f"{clock(start)}-{clock((start + length) % 96)}" for start, length in spans)
    return f"Mo-Su {intervals}"


@given(spans=st.lists(SPANS, min_size=1, max_size=3), moment=MOMENTS, zone=ZONES)
@settings(max_examples=100)
def test_open_is_what_the_clock_on_the_wall_says(spans: list[tuple[int, int]], moment: datetime, zone: str) -> None:
    assert is_open(daily(spans), zone, moment) is wall_says_open(spans, moment, zone)


@given(
    spans=st.lists(SPANS, min_size=1, max_size=2),
    near=st.sampled_from(
        [
            (HELSINKI, datetime(2026, 3, 29, 1, tzinfo=UTC)),
            (HELSINKI, datetime(2026, 10, 25, 1, tzinfo=UTC)),
            ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
            ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
            ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ]
    ),
    minutes=st.integers(min_value=-300, max_value=180),
)
@settings(max_examples=60)
def test_the_next_opening_is_the_first_open_minute_also_across_changes_of_clocks(
    spans: list[tuple[int, int]], near: tuple[str, datetime], minutes: int
) -> None:
    zone, change = near
    start = change + timedelta(minutes=minutes)
    found = next_opening(daily(spans), zone, start)
    assert found is not None
    minute = start
    while not wall_says_open(spans, minute, zone):
        minute += timedelta(minutes=1)
    assert found == minute


@given(spans=st.lists(SPANS, min_size=1, max_size=2), moment=MOMENTS, zone=ZONES)
@settings(max_examples=60)
def test_a_place_is_open_from_its_opening_to_its_closing(
    spans: list[tuple[int, int]], moment: datetime, zone: str
) -> None:
    opens = next_opening(daily(spans), zone, moment)
    assert opens is not None
    closes = next_closing(daily(spans), zone, opens)
    assert is_open(daily(spans), zone, opens)
    if closes is not None:
        assert opens < closes
        assert not is_open(daily(spans), zone, closes)
        assert is_open(daily(spans), zone, closes - timedelta(seconds=1))
