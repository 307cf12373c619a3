"""The roles `letters` and `replay`: what consumers could not digest, looked at and digested after all."""

import textwrap
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from typing import NamedTuple

from kernel.ports import DeadLetter, Outage
from kernel.replaying import replay
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform
from runtime.working import Consuming, Work


class Answer(NamedTuple):
    """What a person is told, and the exit code."""

    text: str
    code: int = 0


async def show(settings: Settings, name: str | None = None) -> Answer:
    """The keys that are parked, of every consumer; of one by name with all about the letter that is in the way."""
    async with opened(settings) as (platform, everyone):
        wanted = everyone if name is None else {name: one_of(everyone, name)}
        lines: list[str] = []
        for consumer, each in sorted(wanted.items()):
            letters = await platform.equipment[each.domain].dead_letters.letters(consumer)
            for _, behind in groupby(sorted(letters, key=_key), key=_key):
                lines.append(told(list(behind), at_length=name is not None))
    return Answer("\n".join(lines) or "No letters.")


def told(letters: Sequence[DeadLetter], *, at_length: bool) -> str:
    """What there is to know of a parked key."""
    first, record = letters[0], letters[0].record
    since = f"{record.recorded_at:%Y-%m-%d %H:%M:%S}"
    line = f"{first.consumer}  {first.key}  {len(letters)} waiting since {since}  {first.error}"
    if not at_length:
        return line
    place = f"{record.topic} partition {record.partition} at {record.at.txid}/{record.at.position}"
    about = f"{record.type} {record.id} version {record.version}, {place}, request {record.meta.correlation}"
    return "\n".join([line, textwrap.indent(f"{about}\n{first.traceback}".rstrip(), "    ")])


async def again(settings: Settings, name: str, key: str) -> Answer:
    """Digests the letters of a key after all, in order, while the workers run."""
    async with opened(settings) as (platform, everyone):
        each = one_of(everyone, name)
        try:
            done = await replay(each.digest, key, platform.equipment[each.domain])
        except Outage:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the letter stays and the person is told
            return Answer(f"{key} still fails, and waits: {type(error).__name__}: {error}", 1)
    return Answer(f"{done} records of {key} digested." if done else f"{name} has no letters of {key}.")


def _key(letter: DeadLetter) -> str:
    return letter.key


def one_of(everyone: Mapping[str, Consuming], name: str) -> Consuming:
    if name not in everyone:
        raise CannotStart(f"There is no consumer {name}; there are {', '.join(sorted(everyone))}.")
    return everyone[name]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[tuple[Platform, Mapping[str, Consuming]]]:
    try:
        async with open_platform(settings) as platform:
            yield platform, Work(platform).everyone()
    except Outage as outage:
        raise CannotStart(f"The platform does not run: {outage}.") from outage
