"""Lock files agree with what was asked for, and name packages, versions and hashes, never an address."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ADDRESS = re.compile(r"https?://|git\+|--index-url|--find-links|\"resolved\"")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def broken(root: Path) -> Iterator[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())
    asked_for = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    yield from python_lock(root / "requirements.lock", asked_for)
    for extra, packages in project["project"]["optional-dependencies"].items():
        yield from python_lock(root / f"requirements-{extra}.lock", packages)
    for package in sorted(root.glob("router/*/package.json")):
        yield from npm_lock(package)


def python_lock(file: Path, asked_for: Iterable[str]) -> Iterator[str]:
    lock = file.read_text()
    yield from addresses(lock, file.name)
    pinned = {canonicalize_name(name): version for name, version in PINNED.findall(lock)}
    for requirement in map(Requirement, asked_for):
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            yield f"{file.name} has {requirement.name} {version}, pyproject.toml asks for {requirement}"
    for block in re.split(r"\n(?=\S)", lock):
        if PINNED.match(block) and "--hash=sha256:" not in block:
            yield f"{file.name}: no hash for {block.split()[0]}"


def npm_lock(package: Path) -> Iterator[str]:
    lock = package.with_name("package-lock.json")
    if not lock.exists():
        yield f"{package.parent.name}: package-lock.json is missing"
        return
    name = f"{package.parent.name}/package-lock.json"
    wanted, locked = json.loads(package.read_text()), json.loads(lock.read_text())["packages"][""]
    for kind in ("dependencies", "devDependencies"):
        if wanted.get(kind, {}) != locked.get(kind, {}):
            yield f"{name} does not hold the {kind} of package.json: run npm install"
    yield from (f"{name} names an address: {line.strip()}" for line in resolved_lines(lock.read_text()))


def resolved_lines(text: str) -> list[str]:
    """Funding pages are no registry: only where a package comes from counts."""
    return [line for line in text.splitlines() if '"resolved"' in line]


def addresses(text: str, name: str) -> Iterator[str]:
    for line in text.splitlines():
        if ADDRESS.search(line) and not line.lstrip().startswith("#"):
            yield f"{name} names an address: {line.strip()}"
