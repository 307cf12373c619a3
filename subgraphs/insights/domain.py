"""Who may see which figures, and which periods may be asked for."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import pairwise
from zoneinfo import ZoneInfo

from kernel.ids import person_id
from kernel.messages import Viewer
from kernel.ownership import Action, Parties
from subgraphs.insights.analytics import QUARTER

STAFF, HIMSELF = "staff", "himself"

SEE_RESTAURANT = Action(name="seeInsightsOfRestaurant", relations=frozenset({STAFF}))
SEE_OPERATIONS = Action(name="seeOperations", roles=frozenset({"dispatcher", "support", "admin"}))
SEE_EARNINGS = Action(name="seeEarnings", relations=frozenset({HIMSELF}), roles=frozenset({"finance"}))

MOST_DAYS, MOST_HOURLY_DAYS = 366, 7
LONGEST_OPERATIONS = timedelta(days=31)
EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


class Grain(Enum):
    """How long the parts of a series are."""

    HOUR = "HOUR"
    DAY = "DAY"


class ImpossiblePeriod(Exception):
    """A period that nobody can be told about; the text says why."""


def parties(viewer: Viewer, courier_id: str) -> Parties:
    """Whose earnings a courier's are, as far as `viewer` is concerned."""
    is_himself = courier_id == person_id("courier", viewer.subject)
    return {HIMSELF: frozenset({viewer.subject}) if is_himself else frozenset()}


def check_days(first: date, last: date, most: int = MOST_DAYS) -> None:
    """Raises ImpossiblePeriod unless it is 1 to `most` days within the years that are kept."""
    if not EARLIEST <= first <= last <= LATEST or (last - first).days >= most:
        raise ImpossiblePeriod(f"A period has 1 to {most} days, between {EARLIEST} and {LATEST}.")


def days(first: date, last: date, time_zone: str) -> tuple[datetime, ...]:
    """When each day of the period begins in that time zone, and when the last one ends: in UTC. Never descending; a day
    that a zone left out begins with the next one."""
    count = (last - first).days + 2
    return tuple(_begin(first + timedelta(days=number), time_zone) for number in range(count))


def day_of(first: date, number: int) -> date:
    """The day of that number, from 0, of a period."""
    return first + timedelta(days=number)


def hours(edges: Sequence[datetime]) -> tuple[datetime, ...]:
    """The beginning of every hour of these days, and the end of the last: a day has 23 or 25 when the clocks are
    changed, and another one half of one where they are changed by so much."""
    return (*(hour for begin, end in pairwise(edges) for hour in _hours(begin, end)), edges[-1])


def _hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += timedelta(hours=1)


def _begin(day: date, time_zone: str) -> datetime:
    """The day's first moment, on a whole quarter: midnight, or what is later where the clocks skip it."""
    return quarter(datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC))


def quarter(at: datetime) -> datetime:
    """The quarter of an hour in which a moment lies."""
    return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER


def quarters(begin: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The period widened to whole quarters of an hour.

    Raises:
        ImpossiblePeriod: it is empty, longer than 31 days or out of all bounds.
    """
    if not (begin.date() >= EARLIEST and end.date() <= LATEST and timedelta() < end - begin <= LONGEST_OPERATIONS):
        raise ImpossiblePeriod(f"A period has more than nothing and at most {LONGEST_OPERATIONS.days} days.")
    return quarter(begin), quarter(end + QUARTER - timedelta(microseconds=1))
