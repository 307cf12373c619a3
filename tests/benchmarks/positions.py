"""What a reported position costs: `python -m tests.benchmarks.positions [REQUESTS]`.

Starts a platform of its own and reports the positions of 20 couriers in batches of 1 and of 5, through the router and
directly to tracking, one after the other in the same run. Prints processor microseconds per position by process, from
the request to the row in the read model.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec

from runtime.given import SECRETS_FILE, read_kept
from simulator.living.deeds import REPORT, Point, Reporting
from tests.benchmarks.processes import cpu_seconds, spent
from tests.running_platform import RunningPlatform, platform_in

COURIERS = 20
BATCHES = (1, 5)
SETTLED_S = 3.0
"""Until the intake has taken what was reported last."""


class Reporter:
    """One courier's device, which rides north at 4 m/s."""

    def __init__(self, bearer: str, began: datetime) -> None:
        self.headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
        self._at, self._sequence = began, 0

    def body(self, batch: int) -> bytes:
        """The next request."""
        points = [self._next() for _ in range(batch)]
        variables = {"input": Reporting(points)}
        return msgspec.json.encode({"query": REPORT.operation.document, "variables": variables})

    def _next(self) -> Point:
        self._sequence += 1
        self._at += timedelta(milliseconds=100)
        return Point(60.16 + self._sequence * 0.4 / 111_195, 24.94, 8.0, self._sequence, self._at)


async def reported(url: str, reporters: Sequence[Reporter], batch: int, requests: int, router: str | None) -> None:
    """Sends so many requests, the couriers side by side. Fails unless every position is accepted."""
    waiting = iter(range(requests))

    async def ride(http: httpx.AsyncClient, reporter: Reporter) -> None:
        more = {"x-router-credential": router} if router else {}
        for _ in waiting:
            answer = await http.post(url, content=reporter.body(batch), headers={**reporter.headers, **more})
            result = REPORT.operation.read(answer.content).result
            assert result.accepted == batch, answer.text

    async with httpx.AsyncClient(timeout=30) as http:
        await asyncio.gather(*(ride(http, reporter) for reporter in reporters))


async def measure(platform: RunningPlatform, requests: int) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    reporters = [Reporter(platform.token(f"courier-{n + 1}"), began) for n in range(COURIERS)]
    secret = read_kept(platform.data_dir / SECRETS_FILE)["router_secret"]
    ways = {
        "through the router": (platform.graph_url, None),
        "direct": (platform.address(1, "/tracking/graphql"), secret),
    }
    for batch in BATCHES:
        for way, (url, credential) in ways.items():
            await reported(url, reporters, batch, COURIERS, credential)  # warms everything up
            before, started = cpu_seconds(platform), time.monotonic()
            await reported(url, reporters, batch, requests, credential)
            elapsed_s = time.monotonic() - started
            await asyncio.sleep(SETTLED_S)
            costs = spent(before, cpu_seconds(platform))
            positions = requests * batch
            told = ", ".join(f"{name} {1e6 * s / positions:.0f}" for name, s in costs.items() if s > 0.02)
            together = 1e6 * sum(costs.values()) / positions
            print(f"batches of {batch} {way:19} {together:6.0f} µs a position ({told}); {positions / elapsed_s:.0f}/s")


def main(requests: int) -> None:
    environment = {"CITY_RESTAURANTS": "1", "LOG_LEVEL": "warning"}
    with TemporaryDirectory() as folder, platform_in(Path(folder), environment=environment) as platform:
        asyncio.run(measure(platform, requests))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
