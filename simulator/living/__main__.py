"""Plays one evening against a running platform, and says how it went.

python -m simulator.living --graph http://127.0.0.1:4000/graphql --issuer http://127.0.0.1:4003 --orders 20
"""

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from simulator.living.clock import Clock
from simulator.living.plan import Plan
from simulator.living.town import Town


def plan_from(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m simulator.living", description="Let a town live for an evening.")
    parser.add_argument("--graph", default="http://127.0.0.1:4000/graphql", help="URL of the graph")
    parser.add_argument("--issuer", default="http://127.0.0.1:4003", help="URL of the token issuer")
    parser.add_argument("--seed", default="1", help="who does what")
    parser.add_argument("--orders", type=int, default=20, help="how many customers come")
    parser.add_argument("--couriers", type=int, default=8, help="how many couriers there are")
    parser.add_argument("--minutes", type=float, default=25.0, help="of the platform, in which customers come")
    parser.add_argument("--rate", type=float, default=1.0, help="the platform's CLOCK_RATE")
    parser.add_argument("--started", type=datetime.fromisoformat, help="the platform's CLOCK_STARTED")
    parser.add_argument("--origin", type=datetime.fromisoformat, help="the platform's CLOCK_ORIGIN")
    parser.add_argument("--diary", type=Path, help="a file; a town that finds it goes on where it was stopped")
    given = parser.parse_args(arguments)
    started = given.started or datetime(1970, 1, 1, tzinfo=UTC)
    clock = Clock(rate=given.rate, started=started, origin=given.origin or started)
    return Plan(
        graph=given.graph,
        issuer=given.issuer,
        clock=clock,
        seed=given.seed,
        orders=given.orders,
        couriers=given.couriers,
        minutes=given.minutes,
        diary=given.diary,
    )


async def live(plan: Plan) -> Town:
    town = Town.opened(plan)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, town.stop)
    await town.run()
    return town


def main(arguments: list[str]) -> int:
    """Exit code: 0 when every order that was placed has ended, else 1."""
    diary = asyncio.run(live(plan_from(arguments))).diary
    gave_up = [ordered.gave_up for ordered in diary.orders.values() if ordered.gave_up]
    lines = [
        f"orders: {dict(sorted(diary.statuses.items()))}, gave up: {gave_up}",
        f"refusals: {dict(sorted(diary.refusals.items()))}",
        *(f"mishap: {mishap.person} {mishap.doing}: {mishap.says}" for mishap in diary.mishaps[:20]),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if diary.ended else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
