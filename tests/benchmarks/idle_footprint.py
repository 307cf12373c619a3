"""What a platform costs when nobody orders: `python -m tests.benchmarks.idle_footprint [SECONDS]`.

Measures the platform that runs on PORT in DATA_DIR: proportional memory (PSS) of every process and of what it started,
and the processor time they take over an interval, against 900 MB and 5 % of one core.
"""

import sys
import time
from pathlib import Path

from runtime.prerequisites import LOCK_FILE
from runtime.settings import Settings
from runtime.supervision.footprint import Footprint, children, footprint_alone, footprint_of

MEMORY_LIMIT_MB = 900
CPU_LIMIT_PERCENT = 5.0


def main(seconds: float) -> int:
    supervisor = int((Settings.from_environment().data_dir / LOCK_FILE).read_text())
    before = footprints(supervisor)
    print(f"Watching {len(before)} processes for {seconds:g} s.")
    time.sleep(seconds)
    after = footprints(supervisor)
    rows = [
        (name, now.memory_bytes / 1e6, 100 * (now.cpu_seconds - before[name].cpu_seconds) / seconds)
        for name, now in after.items()
        if name in before
    ]
    for name, memory, cpu in sorted(rows, key=lambda row: -row[1]):
        print(f"{name:34} {memory:8.1f} MB {cpu:7.2f} %")
    memory, cpu = sum(row[1] for row in rows), sum(row[2] for row in rows)
    print(f"{'together':34} {memory:8.1f} MB {cpu:7.2f} %   (at most {MEMORY_LIMIT_MB} MB, {CPU_LIMIT_PERCENT:g} %)")
    return 0 if memory <= MEMORY_LIMIT_MB and cpu <= CPU_LIMIT_PERCENT else 1


def footprints(supervisor: int) -> dict[str, Footprint]:
    """Of the supervisor by itself and of each of its children with all they started, by program and id."""
    found = {f"{name_of(child)} ({child})": footprint_of(child) for child in children(supervisor)}
    return {"up": footprint_alone(supervisor), **found}


def name_of(process: int) -> str:
    """The role or the program that it runs."""
    words = Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")
    role = words[words.index("runtime") + 1] if "runtime" in words[:-1] else ""
    return role or Path(words[0].rstrip(":")).name


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 30))
