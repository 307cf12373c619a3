"""Clock and Ids: one time for all processes, whatever its rate; ids that sort by time and are never doubled."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.ids import parse_id
from runtime.adapters.clock import PlatformClock
from runtime.adapters.ids import RandomIds
from tests.contracts.shop import NOON


def real() -> datetime:
    return datetime.now(UTC)


def test_without_a_start_it_is_real_time_in_utc() -> None:
    before, here, after = real(), PlatformClock().now(), real()
    assert before - timedelta(microseconds=1) <= here <= after
    assert here.tzinfo is UTC


def test_two_processes_with_the_same_start_tell_the_same_time() -> None:
    started = real() - timedelta(hours=1)
    one, other = (PlatformClock(NOON, started, 60.0) for _ in range(2))
    before, between, after = one.now(), other.now(), one.now()
    assert before <= between <= after
    assert timedelta(hours=60) <= between - NOON < timedelta(hours=61)


def test_a_rate_runs_from_the_start_on() -> None:
    started = real()
    slow, fast = PlatformClock(NOON, started, 1.0), PlatformClock(NOON, started, 3600.0)
    assert slow.now() - NOON < timedelta(minutes=1)
    assert fast.now() > slow.now()


def test_a_clock_at_another_rate_must_know_when_it_was_started() -> None:
    with pytest.raises(ValueError, match="started"):
        PlatformClock(rate=60.0)


def test_ids_sort_by_the_order_they_were_minted_in_and_differ() -> None:
    ids = RandomIds()
    minted = [ids.new("order") for _ in range(20_000)]
    assert minted == sorted(minted)
    assert len(set(minted)) == len(minted)


def test_an_id_is_a_typed_uuid_of_version_7_that_tells_its_time() -> None:
    before = real()
    uuid = parse_id("order", RandomIds().new("order"))
    assert uuid is not None
    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    minted = datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)
    assert before - timedelta(milliseconds=1) <= minted <= real()


def test_ids_of_two_processes_differ() -> None:
    one, other = RandomIds(), RandomIds()
    assert not {one.new("order") for _ in range(1000)} & {other.new("order") for _ in range(1000)}
