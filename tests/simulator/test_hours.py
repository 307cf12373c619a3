"""Every place has hours that can be read, and sooner or later opens."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from opening_hours import OpeningHours, State, validate

from simulator.city import read_city
from simulator.hours import USUAL_HOURS, hours_of, hours_on_the_map, let_nights_run_on

CITY = read_city(Path(__file__).parents[2] / "simulator/cities/helsinki.json")
HELSINKI = ZoneInfo("Europe/Helsinki")
MONDAY = datetime(2026, 11, 23, tzinfo=HELSINKI)
WEEK = timedelta(days=7)


def open_for(hours: str) -> timedelta:
    """How long in one week."""
    intervals = OpeningHours(hours, timezone=HELSINKI).intervals(MONDAY, MONDAY + WEEK)
    return sum((end - start for start, end, state, _ in intervals if state == State.OPEN), timedelta())


def test_every_place_opens_sometime_in_the_week():
    for place in CITY.restaurants:
        hours = hours_of(place)
        assert validate(hours), place
        assert timedelta(hours=5) <= open_for(hours) <= WEEK, place


def test_hours_are_the_maps_where_it_has_them_and_they_can_be_read():
    tagged = [place for place in CITY.restaurants if place.opening_hours]
    unread = sorted(place.opening_hours for place in tagged if hours_on_the_map(place) is None)
    assert len(tagged) == 213
    assert unread == [
        '"for request only"',
        "Mo-Fr 08:00-19:00 Sa 09:00-19:00 Su 12:00-18:00",
        "Mo-Fr 09:30 - 15:00. Lunch Mo-Fr 11:00 - 13:30",
        "Mo-Fr 16:00-, Sa 14:00-",
        "Mo-Th 11:00-23:00; Fr11:00-24:00; Sa 12:00-24:00; Su 12:00-21:00",
        "Mon - Fri 11am - 11pm, Sat 12am - 11pm, Sun 2pm - 10pm",
        "Su-Th 15-00; Fr-Sa 15-02",
        "closed",
    ]


def test_hours_are_written_in_one_way():
    place = replace(CITY.restaurants[0], opening_hours="Mo-su 9:00-19:00;PH off")
    assert hours_of(place) == "Mo-Su 09:00-19:00; PH closed"


def test_a_night_runs_on_into_the_next_day():
    written = "Mo-Th 11:00-24:00; Fr 11:00-03:00; Sa 11:00-02:00; Su 12:00-24:00; PH closed"
    joined = let_nights_run_on(written)
    assert joined == "Mo-Th 11:00-24:00, Fr 11:00-03:00, Sa 11:00-02:00, Su 12:00-24:00; PH closed"
    half_past_two_on_saturday = MONDAY + timedelta(days=5, hours=2, minutes=30)
    assert not OpeningHours(written, timezone=HELSINKI).is_open(half_past_two_on_saturday)
    assert OpeningHours(joined, timezone=HELSINKI).is_open(half_past_two_on_saturday)


def test_a_rule_that_corrects_another_stays_one():
    for hours in (
        "Mo-Sa 09:00-21:00; Sa 09:00-19:00",
        "24/7",
        "Mo-Su 11:00-24:00; Sa-Su 00:00-02:00",
        "Fr-Mo 18:00-02:00",
    ):
        assert let_nights_run_on(hours) == hours


def test_usual_hours_fit_the_kind_of_place():
    def is_open(hours: str, weekday: int, hour: int) -> bool:
        moment = MONDAY + timedelta(days=weekday, hours=hour, minutes=30)
        return OpeningHours(hours, timezone=HELSINKI).is_open(moment)

    assert all(is_open(hours, 1, 8) or is_open(hours, 1, 9) for hours in USUAL_HOURS["cafe"])
    assert all(is_open(hours, 5, 1) for hours in (*USUAL_HOURS["pub"], *USUAL_HOURS["bar"]))
    assert any(is_open(hours, 1, 13) and not is_open(hours, 1, 15) for hours in USUAL_HOURS["restaurant"])


def test_usual_hours_are_readable():
    assert all(validate(hours) for usual in USUAL_HOURS.values() for hours in usual)
