"""Kafka dies under load and comes back later: orders are taken as before, and nobody is told anything wrong."""

from pathlib import Path

import pytest

from tests.engines import skip_without
from tests.journeys.kafka_away import Load, platform_with_broker, take_kafka_away

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.engines, pytest.mark.timeout(300)]

LOAD = Load(per_s=2.0, before_s=8.0, away_s=15.0)
"""A minute, and how quickly everything goes, is for `python -m tests.benchmarks.kafka_away`."""


async def test_orders_are_taken_and_told_rightly_while_kafka_is_away(tmp_path: Path) -> None:
    skip_without("kafka")
    with platform_with_broker(tmp_path) as (platform, broker):
        noticed = await take_kafka_away(platform, broker, LOAD)
    assert noticed.ratio > 0.5, noticed
    assert noticed.list_age_s > LOAD.away_s - 3, noticed
