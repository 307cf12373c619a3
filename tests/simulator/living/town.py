"""A town with one street corner of people for tests: a real map, a new diary, nobody's platform."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import httpx

from simulator.city import City, read_city
from simulator.living import Clock, Diary, Plan, Tempers
from simulator.living.scene import Scene


@cache
def helsinki() -> City:
    return read_city(Path(__file__).parents[3] / "simulator/cities/helsinki.json")


@asynccontextmanager
async def scene_at(
    url: str, diary: Diary | None = None, tempers: Tempers | None = None, clock: Clock | None = None
) -> AsyncGenerator[Scene]:
    """People who ask that graph; the issuer is nowhere."""
    plan = Plan(graph=url, issuer="http://127.0.0.1:1", tempers=tempers or Tempers(), clock=clock or Clock())
    async with httpx.AsyncClient() as http:
        yield Scene(plan, helsinki(), diary or Diary(run="r"), http)
