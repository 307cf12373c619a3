"""What is noticed of a minute without Kafka: `python -m tests.benchmarks.kafka_away [PER_S] [AWAY_S] [BEFORE_S]`.

Starts a platform on a Kafka of its own, lets customers order PER_S times a second, kills Kafka under them, and starts
it again after a minute. Prints how many orders were accepted before and meanwhile and how soon, how old lists said they
were, how soon watchers knew, and how long it took until nobody was behind. Fails where a customer was told wrong.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.processes import percentile
from tests.journeys.kafka_away import Load, platform_with_broker, take_kafka_away


def main(per_s: float = 5.0, away_s: float = 60.0, before_s: float = 20.0) -> None:
    load = Load(per_s, before_s, away_s)
    with TemporaryDirectory() as folder, platform_with_broker(Path(folder)) as (platform, broker):
        noticed = asyncio.run(take_kafka_away(platform, broker, load))
    print(f"orders asked for    {per_s:6.1f} a second")
    print(f"accepted before     {noticed.before:6.1f} a second, {said(noticed.answered_before_s)}")
    print(f"without Kafka       {noticed.away:6.1f} a second, {said(noticed.answered_away_s)}; {noticed.ratio:.0%}")
    print(f"watchers knew       {said(noticed.told_after_s)} after the answer")
    print(f"lists said          {noticed.list_age_s:6.1f} s old after {away_s:.0f} s without Kafka")
    print(f"nobody behind       {noticed.drained_s:6.1f} s after Kafka was back, orders coming on")


def said(seconds: list[float]) -> str:
    p50, p95 = (percentile(seconds, percent) * 1000 for percent in (50, 95))
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms of {len(seconds)}"


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
