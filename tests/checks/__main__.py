"""Runs the house's own checks over the tree."""

import sys
from pathlib import Path

from tests.checks import house, links, locks, production, settings_page


def main() -> int:
    root = Path(__file__).parents[2]
    found = [
        f"{check.__name__.rpartition('.')[2]}: {text}"
        for check in (house, links, locks, production, settings_page)
        for text in check.broken(root)
    ]
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
