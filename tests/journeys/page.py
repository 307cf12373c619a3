"""A page of documentation as somebody works through it: block by block, with what earlier blocks gave in hand.

- ```bash blocks are run by bash in the project's folder, ```python blocks by this Python; both get what is kept as
  environment variables, and what bash exports or defines is kept too.
- ```graphql blocks are sent as the person that their first line names: `# as aino`. `$NAME` is replaced by what is
  kept, `$NEW_KEY` by a new UUID. `# keep NAME = path.to.0.value` keeps a part of the answer; a query is asked again
  until it has that part.
- A first line with `in a second tab` or `in a second terminal` leaves the block running while the page goes on.
"""

import asyncio
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any
from uuid import uuid4

from tests.journeys.conftest import SignIn
from tests.journeys.person import Person
from tests.patience import eventually

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AS = re.compile(r"# as (\w+)(, in a second tab)?\n")
KEEP = re.compile(r"^# keep (\w+) = (\S+)$", re.MULTILINE)
ASIDE = re.compile(r"# in a second terminal\n")
PATIENCE_S = 45.0
LEFT_OVER = re.compile(r"\$[A-Z][A-Z_]*")


@dataclass(frozen=True)
class Block:
    """One fenced block and the line it begins at."""

    language: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [Block(match[1], match[2], text.count("\n", 0, match.start()) + 1) for match in FENCE.finditer(text)]


class Tab:
    """A subscription that somebody left running."""

    watching: asyncio.Task[None]

    def __init__(self, person: Person, document: str) -> None:
        self.person = person
        self.document = document
        self.items: list[Any] = []
        self.is_endless = re.search("orderUpdates|deliveryLocation", document) is None

    async def watch(self) -> None:
        async with self.person.watch(self.document) as watching:
            async for item in watching:
                self.items.append(item)


@dataclass
class Reader:
    """Somebody who does what the page says, and what they have kept so far."""

    sign_in: SignIn
    environment: dict[str, str]
    functions: str = ""
    kept: dict[str, str] = field(default_factory=dict[str, str])
    said: list[str] = field(default_factory=list[str])
    """What each program that has ended printed."""
    tabs: list[Tab] = field(default_factory=list[Tab])

    async def close_tabs(self) -> None:
        """The streams of orders have ended by now; a kitchen's goes on until its tab is closed."""
        for tab in self.tabs:
            if tab.is_endless:
                tab.watching.cancel()
            else:
                await tab.watching
            assert tab.items, "the stream told nothing"

    async def follow(self, block: Block, aside: asyncio.TaskGroup) -> None:
        """Do what the block says; what it leaves running belongs to `aside`."""
        match block.language:
            case "graphql":
                await self._send(block.text, aside)
            case "bash" | "python" as language:
                work = self._run(language, block.text)
                if ASIDE.match(block.text):
                    aside.create_task(work)
                else:
                    await work
            case other:
                raise AssertionError(f"nobody can run {other}")

    async def _send(self, text: str, aside: asyncio.TaskGroup) -> None:
        who = AS.match(text)
        assert who is not None, "the first line says whose token to use"
        person = await self.sign_in(who[1])
        document = Template(text).safe_substitute(self.kept, NEW_KEY=uuid4())
        left_over = LEFT_OVER.search(re.sub("^#.*$", "", document, flags=re.MULTILINE))
        assert left_over is None, f"nothing was kept as {left_over}"
        if "\nsubscription" in text:
            tab = Tab(person, document)
            tab.watching = aside.create_task(tab.watch())
            self.tabs.append(tab)
            if who[2] is None:
                await tab.watching
            return
        kept = KEEP.findall(text)
        if "\nquery" in text:
            await eventually(lambda: self._finds(person, document, kept), at_most_s=PATIENCE_S)
        else:
            answer = await person.ask(document)
            assert_success(answer)
            self._keep(answer, kept)

    async def _finds(self, person: Person, document: str, kept: list[tuple[str, str]]) -> bool:
        answer = await person.ask(document)
        if any(part_of(answer, path) is None for _, path in kept):
            return False
        self._keep(answer, kept)
        return True

    def _keep(self, answer: Any, kept: list[tuple[str, str]]) -> None:
        for name, path in kept:
            self.kept[name] = str(part_of(answer, path))

    async def _run(self, language: str, text: str) -> None:
        script = f"{self.functions}\n{text}\ndeclare -f >&3\nenv -0 >&4"
        functions, variables = os.pipe(), os.pipe()
        command = ["bash", "-euo", "pipefail", "-c", f"exec 3>&{functions[1]} 4>&{variables[1]}\n{script}"]
        process = await asyncio.create_subprocess_exec(
            *(command if language == "bash" else [sys.executable, "-c", text]),
            cwd=ROOT,
            env={**self.environment, **self.kept},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(functions[1], variables[1]),
        )
        os.close(functions[1])
        os.close(variables[1])
        try:
            printed = (await process.communicate())[0].decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode == 0, f"exit code {process.returncode}: {printed}"
        assert '"errors"' not in printed, printed
        self.said.append(printed)
        defined, exported = read(functions[0]), read(variables[0])
        if language == "bash":
            self.functions = defined
            self.kept |= news(exported, self.environment)


def read(descriptor: int) -> str:
    with os.fdopen(descriptor) as pipe:
        return pipe.read()


def news(exported: str, known: Mapping[str, str]) -> dict[str, str]:
    """What bash exports beyond what it was given."""
    pairs = (line.partition("=") for line in exported.split("\0") if line)
    return {name: value for name, _, value in pairs if name.isupper() and known.get(name) != value}


def assert_success(answer: dict[str, Any]) -> None:
    """Mutations on the page succeed."""
    kinds = re.findall(r"'__typename': '(\w+)'", str(answer))
    assert all(kind.endswith("Success") for kind in kinds), answer


def part_of(answer: Any, path: str) -> Any:
    """What there is at the path; None when there is nothing yet."""
    for step in path.split("."):
        if not answer or (step.isdigit() and int(step) >= len(answer)):
            return None
        answer = answer[int(step)] if step.isdigit() else answer[step]
    return answer
