"""The tables of settings in docs/operations.md are those that the programs have."""

from collections.abc import Iterator
from pathlib import Path

from runtime.describing import page, written


def broken(_root: Path) -> Iterator[str]:
    if written() != page():
        yield "docs/operations.md does not have the settings as they are: run python -m runtime settings --write"
