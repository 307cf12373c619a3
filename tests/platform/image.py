"""A Dockerfile, read as far as a test must know it."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]


class Stage(Struct, frozen=True):
    """One FROM and what follows."""

    name: str
    origin: str
    lines: list[tuple[str, str]]
    """Instruction and the rest of the line, continued lines joined."""

    def all(self, instruction: str) -> list[str]:
        return [rest for word, rest in self.lines if word == instruction]

    def last(self, instruction: str) -> str:
        return self.all(instruction)[-1]

    @property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for rest in self.all("ENV") for pair in shlex.split(rest))

    @property
    def copied(self) -> list[str]:
        """What comes from the repository, not from other stages."""
        own = [shlex.split(rest) for rest in self.all("COPY") if not rest.startswith("--from")]
        return [source for words in own for source in words[:-1]]

    def command(self, instruction: str) -> list[str]:
        return json.loads(self.last(instruction))


def stages(root: Path = ROOT) -> dict[str, Stage]:
    """The Dockerfile's stages by name."""
    found: list[Stage] = []
    for word, rest in instructions((root / "Dockerfile").read_text()):
        if word == "FROM":
            origin, _, name = rest.partition(" AS ")
            found.append(Stage(name, origin, []))
        else:
            found[-1].lines.append((word, rest))
    return {stage.name: stage for stage in found}


def instructions(text: str) -> Iterator[tuple[str, str]]:
    written = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n\s*", "", written).splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()
