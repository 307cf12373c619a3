"""What the processes cost: proportional memory and processor time, from the kernel's books."""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Footprint(Struct, frozen=True):
    """Of one process and everything below it."""

    memory_bytes: int
    """Proportional: a page that n processes share counts 1/n for each."""
    cpu_seconds: float


def footprint_of(process: int) -> Footprint:
    """Nothing when it is gone."""
    family = [process, *descendants(process)]
    return Footprint(sum(map(memory_of, family)), sum(map(cpu_of, family)))


def footprint_alone(process: int) -> Footprint:
    """Without what it started."""
    return Footprint(memory_of(process), cpu_of(process))


def children(process: int) -> list[int]:
    return [int(child) for file in Path(f"/proc/{process}/task").glob("*/children") for child in words(file)]


def descendants(process: int) -> list[int]:
    return [below for child in children(process) for below in (child, *descendants(child))]


def memory_of(process: int) -> int:
    for line in lines(Path(f"/proc/{process}/smaps_rollup")):
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_of(process: int) -> float:
    fields = " ".join(lines(Path(f"/proc/{process}/stat"))).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND if fields else 0.0


def words(file: Path) -> Iterable[str]:
    return " ".join(lines(file)).split()


def lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []  # it ended while we looked
