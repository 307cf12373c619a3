"""Plays a Friday evening on a platform of its own, and says whether it was a good one.

    python -m simulator.demo --orders 100 --seed 1 --chaos

Exit code: 0 when nothing was lost, missed, repeated, miscounted or done twice and people got their food, 1 otherwise,
2 when there is nothing to play on, 130 when it was stopped; a stopped evening goes on with --resume.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from msgspec import MsgspecError, json

from simulator.demo.auditing import audit
from simulator.demo.facts import Evening
from simulator.demo.folder import CannotPlay, Folder, Kept, only_demo
from simulator.demo.pace import pace_here
from simulator.demo.playing import FRIDAY, Demo, Wish
from simulator.graph import GraphRefused, Outage
from simulator.signing_in import SignInRefused

CANNOT = 2


def options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.demo", description="Play a Friday evening.")
    parser.add_argument("--orders", type=int, default=100, help="how many orders are placed")
    parser.add_argument("--rate", type=float, help="times faster than real time; 30, in chaos 15, less if busy")
    parser.add_argument("--seed", default="1", help="the same people choose the same things")
    parser.add_argument("--chaos", action="store_true", help="kill every process once meanwhile")
    parser.add_argument("--map", action="store_true", help="show the town in a browser")
    parser.add_argument("--resume", action="store_true", help="go on with the evening that was stopped")
    parser.add_argument("--data-dir", type=Path, default=Path(".data/demo"), help="a folder of the demo's own")
    parser.add_argument("--port", type=int, default=4700, help="the first of forty-one ports")
    parser.add_argument("--restaurants", type=int, default=40, help="how many of the city's restaurants there are")
    parser.add_argument("--couriers", type=int, help="how many couriers work; 32 for a hundred orders, more for more")
    parser.add_argument("--audit", type=Path, metavar="FILE", help="judge the facts of an earlier evening instead")
    return parser.parse_args(arguments)


def couriers_for(orders: int) -> int:
    """A hundred orders end while the last of them still wait for somebody free; of a longer evening's nobody should."""
    return min(32 + max(orders - 100, 0) // 4, 80)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def play(given: argparse.Namespace) -> int:
    """Raises CannotPlay, and what the platform may refuse to an audit."""
    wish = Wish(
        folder=given.data_dir,
        port=given.port,
        restaurants=given.restaurants,
        couriers=given.couriers or couriers_for(given.orders),
        chaos=given.chaos,
        show_map=given.map,
        resume=given.resume,
    )
    folder = Folder(given.data_dir)
    with only_demo(folder):
        if given.resume:
            kept = folder.kept()
        else:
            rate = given.rate or pace_here(chaos=given.chaos)
            kept = Kept(seed=given.seed, orders=given.orders, rate=rate, at=FRIDAY)
            folder.begin(kept)
        return asyncio.run(Demo(wish, folder, kept, say).run())


def judge(facts: Path) -> int:
    """Raises CannotPlay when there are no facts in that file."""
    try:
        verdict = audit(json.decode(facts.read_bytes(), type=Evening))
    except (OSError, MsgspecError) as broken:
        raise CannotPlay(f"There are no facts in {facts}: {broken}") from broken
    for finding in verdict.findings:
        say(str(finding))
    say(f"{len(verdict.findings)} findings; {verdict.delivered} of {verdict.placed_and_paid} delivered.")
    return verdict.exit_code


def main(arguments: list[str]) -> int:
    given = options(arguments)
    try:
        return judge(given.audit) if given.audit else play(given)
    except CannotPlay as reason:
        sys.stderr.write(f"{reason}\n")
        return CANNOT
    except (Outage, GraphRefused, SignInRefused) as failure:
        sys.stderr.write(f"The platform does not answer the audit: {failure}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
