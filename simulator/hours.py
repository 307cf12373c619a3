"""When a place is open: as the map says, else as places of its kind are."""

import re
from itertools import chain

from opening_hours import OpeningHours, validate

from simulator.city import Place
from simulator.lots import Lots

USUAL_HOURS = {
    "cafe": (
        "Mo-Fr 07:30-18:00; Sa 09:00-17:00; Su 10:00-16:00",
        "Mo-Fr 08:00-19:00; Sa-Su 10:00-18:00",
        "Mo-Fr 07:00-16:00; Sa 09:00-15:00",
        "Mo-Sa 09:00-20:00; Su 11:00-18:00",
    ),
    "restaurant": (
        "Mo-Fr 11:00-14:30,17:00-22:30; Sa 13:00-23:00",
        "Tu-Fr 11:30-14:00,17:00-23:00; Sa 16:00-23:30",
        "Mo-Th 11:00-22:00; Fr 11:00-23:00; Sa 12:00-23:00; Su 12:00-21:00",
        "Mo-Fr 10:30-21:30; Sa-Su 12:00-21:30",
        "Mo-Sa 16:00-24:00",
    ),
    "fast_food": (
        "Mo-Th 10:30-21:00, Fr-Sa 10:30-05:00, Su 11:00-21:00",
        "Mo-Fr 10:00-20:00; Sa 11:00-19:00; Su 12:00-18:00",
        "Mo-Th 10:00-23:00, Fr-Sa 10:00-04:30, Su 11:00-23:00",
    ),
    "pub": (
        "Mo-Th 14:00-01:00, Fr-Sa 12:00-03:00, Su 14:00-24:00",
        "Mo-Th 15:00-02:00, Fr 14:00-04:00, Sa 12:00-04:00, Su 15:00-01:00",
        "Mo-Su 12:00-02:00",
    ),
    "bar": (
        "Tu-Th 16:00-01:00, Fr-Sa 16:00-03:00",
        "Mo-Th 15:00-01:00, Fr-Sa 15:00-04:00, Su 16:00-24:00",
        "We-Th 17:00-01:00, Fr-Sa 17:00-03:30",
    ),
    "food_court": ("Mo-Fr 10:00-21:00; Sa 10:00-19:00; Su 11:00-18:00",),
}

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAYS_AND_TIMES = re.compile(r"((?:Mo|Tu|We|Th|Fr|Sa|Su)[A-Za-z,-]*) [0-9:,-]+")
BETWEEN_RULES = re.compile(r"; |, (?=[A-Z][A-Za-z,-]* [0-9])")
SPAN = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")


def hours_on_the_map(place: Place) -> str | None:
    """The tag in the one spelling of OpenStreetMap's syntax, or None if it is absent, unreadable or names no hours."""
    tag = place.opening_hours
    if not any(sign.isdigit() for sign in tag) or not validate(tag):
        return None  # A tag without a digit is "closed" or "on request": it says nothing that one could order by.
    return let_nights_run_on(str(OpeningHours(tag)))


def hours_of(place: Place) -> str:
    """Opening hours in OpenStreetMap's syntax."""
    usual = USUAL_HOURS.get(place.amenity, USUAL_HOURS["restaurant"])
    return hours_on_the_map(place) or Lots(str(place.osm_id)).one("hours", usual)


def let_nights_run_on(hours: str) -> str:
    """Join rules about different weekdays by commas if one of them runs past midnight.

    By the syntax a rule after a semicolon replaces whatever earlier rules say of its days, and the first hours of
    Saturday are Saturday's: `Fr 17:00-03:00; Sa 12:00-03:00` closes on Friday at midnight. Hardly a mapper means that.
    """
    weekly, holidays, rest = hours.partition("; PH ")
    rules = [DAYS_AND_TIMES.fullmatch(rule) for rule in BETWEEN_RULES.split(weekly)]
    days = list(chain.from_iterable(_weekdays(rule[1]) for rule in rules if rule))
    corrects = None in rules or len(set(days)) < len(days)
    if corrects or all(end > start or end == "00:00" for start, end in SPAN.findall(weekly)):
        return hours
    return ", ".join(rule[0] for rule in rules if rule) + holidays + rest


def _weekdays(selector: str) -> list[str]:
    """Each weekday that `Mo-We,Fr` names."""
    days = list[str]()
    for span in selector.split(","):
        first, _, last = span.partition("-")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days += WEEKDAYS[start : end + 1] if start <= end else (*WEEKDAYS[start:], *WEEKDAYS[: end + 1])
    return days
