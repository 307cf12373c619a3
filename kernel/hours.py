"""Opening hours of a place: OpenStreetMap syntax, read by the clock on the place's own wall."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opening_hours import OpeningHours, validate

MAX_LENGTH = 500
HORIZON = timedelta(days=400)
"""How far ahead an opening is looked for: hours of one season come round within it."""
_STRIDE = timedelta(days=14)
"""Shorter than the time between two changes of clocks in any zone, so that none of them is stepped over."""
_MINUTE = timedelta(minutes=1)


def readable(hours: str) -> bool:
    """Whether `hours` can be read at all."""
    return 0 < len(hours) <= MAX_LENGTH and _parsed(hours) is not None


def is_open(hours: str, zone: str, at: datetime) -> bool:
    """Whether the place is certainly open at `at` (aware), as the wall clock of the IANA `zone` shows it.

    An hour that a change of clocks skips is skipped, one that it repeats counts twice. Hours or zones that cannot be
    read are never open. Public holidays (`PH`) never hold, and the sun rises at 7 and sets at 19: a zone has neither.
    """
    parsed, wall = _parsed(hours), _zone(zone)
    return parsed is not None and wall is not None and _shows_open(parsed, wall, at)


def next_opening(hours: str, zone: str, at: datetime) -> datetime | None:
    """The first moment from `at` on (UTC, to the minute unless it is `at`) when the place is open; None for never."""
    return _first(hours, zone, at, wanted=True)


def next_closing(hours: str, zone: str, at: datetime) -> datetime | None:
    """The first moment from `at` on when the place is not open; None when it never closes."""
    return _first(hours, zone, at, wanted=False)


def _first(hours: str, zone: str, at: datetime, *, wanted: bool) -> datetime | None:
    parsed, wall = _parsed(hours), _zone(zone)
    if parsed is None or wall is None:
        return None if wanted else at.astimezone(UTC)
    moment, end = at.astimezone(UTC), at + HORIZON
    while moment < end:
        if _shows_open(parsed, wall, moment) is wanted:
            return moment
        moment = _following(parsed, wall, moment)
    return None


def _following(parsed: OpeningHours, wall: ZoneInfo, moment: datetime) -> datetime:
    """A later moment before which the state cannot change: by the hours, by a change of clocks, or a stride away."""
    local = moment.astimezone(wall)
    shown = local.replace(tzinfo=None, fold=0)
    change = parsed.next_change(shown)
    reached = moment + (_STRIDE if change is None else min(change - shown, _STRIDE))
    # Wall time passes like real time unless the clocks are changed on the way; then that moment comes first.
    if reached.astimezone(wall).utcoffset() == local.utcoffset():
        return reached
    return _clocks_changed(wall, moment, reached)


def _clocks_changed(wall: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The minute at which the zone's offset stops being what it is at `before`; it is another one at `after`."""
    offset = before.astimezone(wall).utcoffset()
    start = before.replace(second=0, microsecond=0)
    same, changed = 0, -((start - after) // _MINUTE)
    while changed - same > 1:
        middle = (same + changed) // 2
        still = (start + middle * _MINUTE).astimezone(wall).utcoffset() == offset
        same, changed = (middle, changed) if still else (same, middle)
    return start + changed * _MINUTE


def _shows_open(parsed: OpeningHours, wall: ZoneInfo, at: datetime) -> bool:
    return parsed.is_open(at.astimezone(wall).replace(tzinfo=None, fold=0))


@lru_cache(maxsize=4096)
def _parsed(hours: str) -> OpeningHours | None:
    # Without the bound, hours that never change are followed to the year 9999, which takes seconds.
    return OpeningHours(hours, max_interval_days=_STRIDE.days + 1) if validate(hours) else None


@lru_cache(maxsize=512)
def _zone(zone: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
