"""Days and hours by the clocks of any place: whole, in order, without a gap, and bounded."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.insights.analytics import QUARTER
from subgraphs.insights.domain import ImpossiblePeriod, check_days, day_of, days, hours, quarter, quarters

HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
HELSINKI = "Europe/Helsinki"
ZONES = sorted(available_timezones())
CHANGED_ABOUT_MIDNIGHT = ("America/Havana", "Atlantic/Azores", "America/Santiago", "Africa/Cairo", "Asia/Beirut")

zones = st.sampled_from(ZONES) | st.sampled_from([HELSINKI, *CHANGED_ABOUT_MIDNIGHT, "Australia/Lord_Howe"])
first_days = st.dates(date(2019, 1, 1), date(2045, 1, 1))
moments = st.timedeltas(timedelta(), 72_000 * DAY).map(lambda since: datetime(2001, 1, 1, tzinfo=UTC) + since)


def local(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


@given(zones, first_days, st.integers(0, 365))
def test_a_day_lasts_from_its_first_moment_on_the_wall_to_its_last(zone: str, first: date, more: int) -> None:
    edges = days(first, first + more * DAY, zone)
    assert len(edges) == more + 2
    for number, (begin, end) in enumerate(pairwise(edges)):
        day = day_of(first, number)
        assert local(begin, zone) == local(end - INSTANT, zone) == day
        assert local(begin - INSTANT, zone) < day < local(end, zone)
        assert begin == quarter(begin)


@given(zones, first_days, st.integers(0, 366), st.integers(0, 366))
def test_two_periods_that_follow_each_other_are_one(zone: str, first: date, some: int, more: int) -> None:
    between = first + some * DAY
    both = days(first, between + more * DAY, zone)
    assert (*days(first, between, zone), *days(between + DAY, between + more * DAY, zone)[1:]) == both


@given(zones, first_days, st.integers(0, 6))
def test_hours_are_whole_and_begin_with_their_day(zone: str, first: date, more: int) -> None:
    edges = days(first, first + more * DAY, zone)
    parts = hours(edges)
    assert {*edges} <= {*parts}
    assert all(timedelta() < end - begin <= HOUR for begin, end in pairwise(parts))
    assert all(end - begin == HOUR or end in edges for begin, end in pairwise(parts))
    assert all(part == quarter(part) for part in parts)


@pytest.mark.parametrize(
    ("day", "lasts", "zone"),
    [
        (date(2026, 3, 29), 23, HELSINKI),
        (date(2026, 10, 25), 25, HELSINKI),
        (date(2026, 11, 22), 24, HELSINKI),
        (date(2026, 10, 25), 24, "Asia/Kathmandu"),
        (date(2026, 10, 4), 23.5, "Australia/Lord_Howe"),
        (date(2026, 4, 5), 24.5, "Australia/Lord_Howe"),
        (date(2011, 12, 30), 0, "Pacific/Apia"),
    ],
)
def test_a_day_is_as_long_as_its_clocks_say(day: date, lasts: float, zone: str) -> None:
    begin, end = days(day, day, zone)
    assert end - begin == lasts * HOUR


def test_hours_stay_with_the_clock_after_it_was_changed_by_half_of_one() -> None:
    zone = "Australia/Lord_Howe"
    parts = hours(days(date(2026, 10, 4), date(2026, 10, 5), zone))
    assert len(parts) == 24 + 24 + 1
    assert all(part.astimezone(ZoneInfo(zone)).minute == 0 for part in parts[24:])


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 11, 22), date(2026, 11, 21)),
        (date(2026, 1, 1), date(2027, 1, 2)),
        (date(2016, 11, 22), date(2026, 11, 22)),
        (date(1999, 12, 31), date(2000, 1, 1)),
        (date(2199, 12, 31), date(2200, 1, 1)),
        (date.min, date.max),
    ],
)
def test_days_that_nobody_can_be_told_of(first: date, last: date) -> None:
    with pytest.raises(ImpossiblePeriod):
        check_days(first, last)


@pytest.mark.parametrize("day", [date(2000, 1, 1), date(2199, 12, 31), date(2026, 11, 22)])
@pytest.mark.parametrize("zone", [HELSINKI, "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_one_day_may_be_any(day: date, zone: str) -> None:
    check_days(day, day)
    begin, end = days(day, day, zone)
    assert end - begin == DAY


@given(moments, st.timedeltas(INSTANT, timedelta(days=31)))
def test_a_period_of_operations_grows_to_whole_quarters_and_by_less_than_one(at: datetime, lasts: timedelta) -> None:
    begin, end = quarters(at, at + lasts)
    assert begin <= at < begin + QUARTER
    assert end - QUARTER < at + lasts <= end
    assert (begin, end) == (quarter(begin), quarter(end))
