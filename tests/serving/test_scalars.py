"""Each scalar takes its standard form and refuses everything else in a sentence."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from uuid import UUID

import pytest
from graphql import GraphQLScalarType

from kernel.graph import scalars
from kernel.graph.currencies import MINOR_DIGITS, format_money
from kernel.graph.errors import BadUserInput
from tests.serving.parlour import SCHEMA

ANYTHING_ELSE: list[object] = [
    None,
    True,
    1.5,
    float("inf"),
    float("nan"),
    2**53 + 1,
    -(2**53) - 1,
    10**30,
    "",
    " ",
    "x" * 100_000,
    "a\x00b",
    "\ud800",
    "１２３",
    [],
    [1],
    {},
    {"a": 1},
    b"1",
]

PARSERS = {
    "MinorUnits": scalars.parse_minor_units,
    "DateTime": scalars.parse_date_time,
    "LocalDate": scalars.parse_local_date,
    "LocalTime": scalars.parse_local_time,
    "Duration": scalars.parse_duration,
    "UUID": scalars.parse_uuid,
    "TimeZone": scalars.parse_time_zone,
    "Currency": scalars.parse_currency,
    "Locale": scalars.parse_locale,
}

WRONG = {
    "MinorUnits": ["1", 1.0, "1e3"],
    "DateTime": [
        "2026-11-22",
        "2026-11-22T17:30:00",
        "2026-11-22 17:30:00Z",
        "2026-13-22T17:30:00Z",
        "2026-02-30T17:30:00Z",
        "2026-11-22T24:30:00Z",
        "2026-11-22T17:30:60Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "2026-11-22T17:30:00+99:99",
        "2026-11-22T17:30:00.1234567890Z",
        "２026-11-22T17:30:00Z",
        1,
    ],
    "LocalDate": ["2026-02-30", "2026-13-01", "20261122", "2026-W47-7", "2026-11-22T00:00:00Z", "0000-01-01", "today"],
    "LocalTime": ["24:00", "7:30", "17:60", "17:30:00Z", "17:30:00.5", "noon"],
    "Duration": ["P", "PT", "P1Y", "P1M", "P1W", "-PT1M", "PT1M1H", "1M", "PT1.5M", "PT9999999999H", "P1DT"],
    "UUID": [
        "018f3f5e8f0a7c3e9d593a1f2f7c1b2d",
        "{018f3f5e-8f0a-7c3e-9d59-3a1f2f7c1b2d}",
        "urn:uuid:018f3f5e-8f0a-7c3e-9d59-3a1f2f7c1b2d",
        "018f3f5e-8f0a-7c3e-9d59-3a1f2f7c1b2g",
    ],
    "TimeZone": ["Helsinki", "europe/helsinki", "../etc/passwd", "Europe/Helsinki ", "+02:00"],
    "Currency": ["eur", "EU", "EURO", "XXX", "978"],
    "Locale": ["fi_FI", "f", "finnish", "fi-", "fi-FI-x-private", "en-GB-oed"],
}


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("value", ANYTHING_ELSE, ids=lambda value: repr(value)[:30])
def test_what_is_no_scalar_at_all_is_bad_input(name: str, value: object) -> None:
    with pytest.raises(BadUserInput):
        PARSERS[name](value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_another_form_is_bad_input(name: str, value: object) -> None:
    with pytest.raises(BadUserInput):
        PARSERS[name](value)


def test_the_standard_forms_are_read() -> None:
    assert scalars.parse_minor_units(2**53) == 2**53
    assert scalars.parse_minor_units(-5) == -5
    moment = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    assert scalars.parse_date_time("2026-11-22T17:30:00+02:00") == moment
    assert scalars.parse_date_time("2026-11-22t15:30:00.000000000z") == moment
    assert scalars.parse_date_time("2026-11-22T17:30:00+02:00").tzinfo is UTC
    assert scalars.parse_local_date("2024-02-29") == date(2024, 2, 29)
    assert scalars.parse_local_time("17:30") == time(17, 30)
    assert scalars.parse_local_time("17:30:15") == time(17, 30, 15)
    assert scalars.parse_duration("P1DT2H3M4.5S") == timedelta(days=1, hours=2, minutes=3, seconds=4.5)
    assert scalars.parse_duration("PT0S") == timedelta()
    assert scalars.parse_uuid("018F3F5E-8f0a-7c3e-9d59-3a1f2f7c1b2d") == UUID("018f3f5e8f0a7c3e9d593a1f2f7c1b2d")
    assert scalars.parse_time_zone("Europe/Helsinki") == "Europe/Helsinki"
    assert scalars.parse_currency("EUR") == "EUR"
    assert scalars.parse_locale("zh-Hant-TW") == "zh-Hant-TW"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(minutes=15), "PT15M"),
        (timedelta(hours=25, seconds=1.5), "P1DT1H1.5S"),
        (timedelta(days=2), "P2D"),
        (timedelta(minutes=-90), "-PT1H30M"),
    ],
)
def test_durations_are_written_shortly(span: timedelta, text: str) -> None:
    assert scalars.render_duration(span) == text


def test_moments_are_written_in_utc_and_never_without_a_zone() -> None:
    summer = datetime(2026, 7, 1, 3, 0, tzinfo=timezone(timedelta(hours=3)))
    assert scalars.render_date_time(summer) == "2026-07-01T00:00:00Z"
    assert scalars.render_date_time(datetime(2026, 7, 1, 0, 0, 0, 123, UTC)) == "2026-07-01T00:00:00.000123Z"
    with pytest.raises(ValueError, match="without its zone"):
        scalars.render_date_time(datetime(2026, 7, 1))  # noqa: DTZ001  (that is the point)


def test_every_scalar_says_where_it_is_specified() -> None:
    types = SCHEMA.core.type_map.values()
    ours = [kind for kind in types if isinstance(kind, GraphQLScalarType) and kind.name in PARSERS]
    assert ours
    assert all((kind.specified_by_url or "").startswith("https://") for kind in ours)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (123_450, "EUR", "en", "€1,234.50"),
        (123_450, "EUR", "fi-FI", "1\u00a0234,50\u00a0€"),
        (123_450, "EUR", "de", "1.234,50\u00a0€"),
        (-5, "EUR", "fi", "-0,05\u00a0€"),
        (-5, "USD", "en-US", "-$0.05"),
        (1_234, "JPY", "ja", "¥1,234"),
        (1_234, "KWD", "en", "KWD\u00a01.234"),
        (1_234, "KWD", "sv", "1,234\u00a0KWD"),
        (0, "EUR", "en", "€0.00"),
    ],
)
def test_money_is_written_as_people_of_the_language_write_it(minor: int, currency: str, locale: str, text: str) -> None:
    assert format_money(minor, currency, locale) == text


def test_every_currency_has_its_digits() -> None:
    assert (MINOR_DIGITS["EUR"], MINOR_DIGITS["JPY"], MINOR_DIGITS["KWD"]) == (2, 0, 3)
    assert all(len(code) == 3 and code.isupper() for code in MINOR_DIGITS)
