"""Releases: what schema/released/ promises, and what CHANGELOG.md says of it.

A release is a heading `## [1.2.0] - 2026-12-01` in the changelog; `make schema` then copies the current schema into
schema/released/. Between releases that folder does not change.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runtime.schema.composing import AUDIENCES

HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\]", re.MULTILINE)
BREAKING = re.compile(r"^[-*] \*\*Breaking:\*\*(?P<words>.*(?:\n(?![-*#\n]).*)*)", re.MULTILINE)
COORDINATE = re.compile(r"`([^`]+)`")

VERSION = "VERSION"
DIGEST = "DIGEST"
PROMISED = re.compile(rf"(?:{'|'.join(('api', *AUDIENCES))})\.graphql|events/\w+\.json|asyncapi\.yaml")


@dataclass(frozen=True)
class Changelog:
    """What the checks need to know of CHANGELOG.md."""

    released: str | None
    """The newest released version."""
    declared: frozenset[str]
    """Coordinates that entries marked Breaking under [Unreleased] name."""


def read_changelog(text: str) -> Changelog:
    headings = list(HEADING.finditer(text))
    names = [heading["name"] for heading in headings]
    versions = [name for name in names if name.lower() != "unreleased"]
    unreleased = ""
    if names and names[0].lower() == "unreleased":
        end = headings[1].start() if len(headings) > 1 else len(text)
        unreleased = text[headings[0].end() : end]
    entries = [entry["words"] for entry in BREAKING.finditer(unreleased)]
    declared = frozenset(name for words in entries for name in COORDINATE.findall(words))
    return Changelog(released=versions[0] if versions else None, declared=declared)


def promised(current: Mapping[str, str]) -> dict[str, str]:
    """Of the schema's files those that clients and consumers build on."""
    return {path: text for path, text in current.items() if PROMISED.fullmatch(path)}


def release_of(version: str, current: Mapping[str, str]) -> dict[str, str]:
    """The files of schema/released/ for a release of the current schema."""
    files = promised(current)
    return {**files, VERSION: f"{version}\n", DIGEST: f"{digest(version, files)}\n"}


def digest(version: str, files: Mapping[str, str]) -> str:
    """Of a release's files and version, so that editing a file alone is noticed."""
    total = hashlib.sha256(version.encode())
    for path in sorted(files):
        total.update(f"\n{path}\n{files[path]}".encode())
    return total.hexdigest()


def flaws(released: Mapping[str, str], changelog: Changelog) -> Iterator[str]:
    """Why schema/released/ is not what the newest release put there."""
    version = released.get(VERSION, "").strip() or None
    if version != changelog.released:
        said = changelog.released or "no release"
        yield f"schema/released/ is of {version or 'no release'}, CHANGELOG.md says {said}: run `make schema`."
    elif version and released.get(DIGEST, "").strip() != digest(version, promised(released)):
        yield "schema/released/ was changed without a release; it changes only with a release heading in CHANGELOG.md."
