"""The graph's scalars; each refuses what it cannot read with `BAD_USER_INPUT` and a sentence for the client."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NewType, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

import strawberry
from strawberry.types.scalar import ScalarDefinition

from kernel.graph.currencies import MINOR_DIGITS
from kernel.graph.errors import BadUserInput

MinorUnits = NewType("MinorUnits", int)
TimeZone = NewType("TimeZone", str)
Currency = NewType("Currency", str)
Locale = NewType("Locale", str)
# Python's own types stand for the others: `datetime` is DateTime, `date` is LocalDate, `time` is LocalTime, `timedelta`
# is Duration and `uuid.UUID` is UUID.

MAX_SAFE_INTEGER = 2**53
MAX_SCALAR_LENGTH = 64

_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_LOCAL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?", re.ASCII)

ParsedT = TypeVar("ParsedT")


def _text(value: object, wanted: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_SCALAR_LENGTH:
        raise BadUserInput(f"Expected {wanted}.")
    return value


def _matched(pattern: re.Pattern[str], value: object, wanted: str) -> re.Match[str]:
    match = pattern.fullmatch(_text(value, wanted))
    if match is None:
        raise BadUserInput(f"Expected {wanted}.")
    return match


def _read(wanted: str, read: Callable[[], ParsedT]) -> ParsedT:
    try:
        return read()
    except (ValueError, OverflowError):
        raise BadUserInput(f"Expected {wanted}.") from None


def parse_minor_units(value: object) -> int:
    """An integer whose size every JSON reader can hold."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_SAFE_INTEGER:
        raise BadUserInput("Expected an integer number of minor units of at most 2^53.")
    return value


def parse_date_time(value: object) -> datetime:
    """An RFC 3339 timestamp with its offset, as UTC."""
    wanted = "an RFC 3339 timestamp such as 2026-11-22T17:30:00Z"
    text = _matched(_DATE_TIME, value, wanted)[0]
    return _read(wanted, lambda: datetime.fromisoformat(text.upper()).astimezone(UTC))


def render_date_time(value: datetime) -> str:
    """The moment in UTC. Raises `ValueError` for a naive time, which is a bug of ours."""
    if value.tzinfo is None:
        raise ValueError("a time without its zone reached the graph")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_local_date(value: object) -> date:
    """A day of the calendar."""
    wanted = "a date such as 2026-11-22"
    text = _matched(_LOCAL_DATE, value, wanted)[0]
    return _read(wanted, lambda: date.fromisoformat(text))


def parse_local_time(value: object) -> time:
    """A wall-clock time, hours and minutes and perhaps seconds."""
    wanted = "a local time such as 17:30"
    text = _matched(_LOCAL_TIME, value, wanted)[0]
    return _read(wanted, lambda: time.fromisoformat(text))


def parse_duration(value: object) -> timedelta:
    """An ISO 8601 duration in days, hours, minutes and seconds; months and years have no fixed length."""
    parts = _matched(_DURATION, value, "an ISO 8601 duration such as PT15M").groupdict(default="0")
    return timedelta(**{unit: float(amount) for unit, amount in parts.items()})


def render_duration(value: timedelta) -> str:
    """`PT15M` and the like; a negative duration starts with a minus."""
    total = abs(value)
    hours, rest = divmod(total.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f".{total.microseconds:06d}".rstrip("0") if total.microseconds else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    text = "P" + (f"{total.days}D" if total.days else "") + (f"T{clock}" if clock else "")
    return ("-" if value < timedelta() else "") + (text if text != "P" else "PT0S")


def parse_uuid(value: object) -> UUID:
    """The hyphenated form only, so that one UUID has one spelling but for its case."""
    return UUID(_matched(_UUID, value, "a UUID such as 018f3f5e-8f0a-7c3e-9d59-3a1f2f7c1b2d")[0])


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def parse_time_zone(value: object) -> str:
    """A name of the IANA time zone database."""
    wanted = "an IANA time zone such as Europe/Helsinki"
    if (text := _text(value, wanted)) not in _time_zones():
        raise BadUserInput(f"Expected {wanted}.")
    return text


def parse_currency(value: object) -> str:
    """An ISO 4217 alphabetic code in capitals."""
    wanted = "an ISO 4217 currency code such as EUR"
    if (text := _text(value, wanted)) not in MINOR_DIGITS:
        raise BadUserInput(f"Expected {wanted}.")
    return text


def parse_locale(value: object) -> str:
    """A language tag with an optional script and region."""
    return _matched(_LOCALE, value, "a language tag such as fi-FI")[0]


def _scalar(
    name: str,
    description: str,
    url: str,
    parse: Callable[[object], object],
    serialize: Callable[[ParsedT], object],
) -> ScalarDefinition:
    return strawberry.scalar(
        name=name, description=description, specified_by_url=url, parse_value=parse, serialize=serialize
    )


_ISO_4217 = "https://www.iso.org/iso-4217-currency-codes.html"
_RFC = "https://www.rfc-editor.org/rfc"

SCALARS: Mapping[object, ScalarDefinition] = {
    MinorUnits: _scalar(
        "MinorUnits",
        "An amount in the currency's minor unit (cents), an integer between -2^53 and 2^53.",
        f"{_RFC}/rfc8259#section-6",
        parse_minor_units,
        parse_minor_units,
    ),
    datetime: _scalar(
        "DateTime", "A moment, RFC 3339, answered in UTC.", f"{_RFC}/rfc3339", parse_date_time, render_date_time
    ),
    date: _scalar(
        "LocalDate",
        "A day as the calendar on the wall has it, such as 2026-11-22.",
        f"{_RFC}/rfc3339#section-5.6",
        parse_local_date,
        date.isoformat,
    ),
    time: _scalar(
        "LocalTime", "A wall-clock time, such as 17:30.", f"{_RFC}/rfc3339#section-5.6", parse_local_time, str
    ),
    timedelta: _scalar(
        "Duration",
        "An ISO 8601 duration in days and smaller units, such as PT15M.",
        f"{_RFC}/rfc3339#appendix-A",
        parse_duration,
        render_duration,
    ),
    UUID: _scalar("UUID", "A UUID in its hyphenated form.", f"{_RFC}/rfc9562", parse_uuid, str),
    TimeZone: _scalar(
        "TimeZone",
        "An IANA time zone, such as Europe/Helsinki.",
        "https://www.iana.org/time-zones",
        parse_time_zone,
        str,
    ),
    Currency: _scalar("Currency", "An ISO 4217 currency code, such as EUR.", _ISO_4217, parse_currency, str),
    Locale: _scalar("Locale", "A BCP 47 language tag, such as fi-FI.", f"{_RFC}/rfc5646", parse_locale, str),
}
"""The graph's scalars by the Python type that stands for each; `federation.subgraph_schema` installs them."""
