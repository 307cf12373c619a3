"""Links between our documents lead somewhere: files, and headings in them."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.checks.tree import files

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def broken(root: Path) -> Iterator[str]:
    for document in files(root, ".md"):
        for target in LINK.findall(FENCE.sub("", document.read_text())):
            if not re.match(r"[a-z]+:", target) and not leads_somewhere(document, target):
                yield f"{document.relative_to(root)} links to {target}, which is nowhere"


def leads_somewhere(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    there = (document.parent / path) if path else document
    if not there.exists():
        return False
    return not anchor or there.suffix != ".md" or anchor in anchors(there.read_text())


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+\s+(.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}
