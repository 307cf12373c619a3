"""Lock files name packages, versions and hashes, never an address, and agree with what was asked for."""

import json
import shutil
from pathlib import Path

import pytest

from tests.checks import links, locks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "requirements.lock", "requirements-clickhouse.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "router" / "gateway").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "router" / "gateway" / name, tmp_path / "router" / "gateway")
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_ours_are_in_order() -> None:
    assert list(locks.broken(ROOT)) == []
    folders = [path.parent for path in ROOT.glob("router/*/package-lock.json")]
    assert folders
    assert all("omit-lockfile-registry-resolved=true" in (folder / ".npmrc").read_text() for folder in folders)


def test_an_address_in_the_python_lock_is_caught(copy: Path) -> None:
    change(copy / "requirements.lock", "anyio==", "--index-url https://somewhere.example/simple\nanyio==")
    assert [found for found in locks.broken(copy) if "names an address" in found]


def test_a_forgotten_lock_is_caught(copy: Path) -> None:
    change(copy / "pyproject.toml", "asyncpg==0.32.0", "asyncpg==0.99.0")
    assert [found for found in locks.broken(copy) if "asks for asyncpg==0.99.0" in found]


def test_a_missing_hash_is_caught(copy: Path) -> None:
    (copy / "requirements.lock").write_text("asyncpg==0.32.0\n")
    assert [found for found in locks.broken(copy) if "no hash for asyncpg==0.32.0" in found]


def test_an_address_in_an_npm_lock_is_caught(copy: Path) -> None:
    file = copy / "router" / "gateway" / "package-lock.json"
    lock = json.loads(file.read_text())
    next(entry for name, entry in lock["packages"].items() if name)["resolved"] = "https://somewhere.example/x.tgz"
    file.write_text(json.dumps(lock, indent=2))
    assert [found for found in locks.broken(copy) if "names an address" in found]


def test_a_forgotten_npm_lock_is_caught(copy: Path) -> None:
    change(copy / "router" / "gateway" / "package.json", '"dependencies": {', '"dependencies": {"left-pad": "1.3.0",')
    assert [found for found in locks.broken(copy) if "run npm install" in found]


def test_a_link_to_nowhere_is_caught(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading, with *marks*\n")
    (tmp_path / "here.md").write_text(
        "[yes](there.md#a-heading-with-marks) [no](there.md#nothing) [gone](gone.md) [web](https://example.org)\n"
    )
    assert list(links.broken(tmp_path)) == [
        "here.md links to there.md#nothing, which is nowhere",
        "here.md links to gone.md, which is nowhere",
    ]
