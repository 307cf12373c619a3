"""What the architecture forbids is caught: each rule is broken in a copy of the tree, and the checks see it."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.checks import house

ROOT = Path(__file__).parents[2]
PACKAGES = ("kernel", "subgraphs", "projections", "runtime", "simulator")

FORBIDDEN_IMPORTS = {
    "floors": ("kernel/planted.py", "import subgraphs.orders.events"),
    "domains-apart": ("subgraphs/orders/views.py", "import subgraphs.payments.views"),
    "inside-a-domain": ("subgraphs/orders/events.py", "import subgraphs.orders.commands"),
    "projections-read-news": ("projections/planted.py", "import subgraphs.orders.domain"),
    "city-is-a-client": ("simulator/planted.py", "import kernel.ids"),
    "nobody-needs-the-city": ("runtime/planted.py", "import simulator.city"),
    "development-apart": ("runtime/serving/planted.py", "import runtime.development.issuer"),
    "drivers-in-the-roof": ("subgraphs/payments/effects.py", "import httpx"),
    "drivers-in-adapters": ("runtime/working.py", "import asyncpg"),
    "domain-is-arithmetic": ("subgraphs/orders/reactions.py", "import asyncio"),
}

BANNED_CALLS = (
    "datetime.datetime.now(datetime.UTC)",
    "datetime.datetime.utcnow()",
    "datetime.datetime.today()",
    "datetime.date.today()",
    "time.time()",
    "time.monotonic()",
    "random.random()",
    "secrets.token_hex()",
    "uuid.uuid1()",
    "uuid.uuid3(uuid.NAMESPACE_DNS, '')",
    "uuid.uuid4()",
    "uuid.uuid5(uuid.NAMESPACE_DNS, '')",
    "os.getenv('PORT')",
    "os.environ['PORT']",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages as they are, without what is installed or generated beside them."""
    tree = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def lint_imports(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("lint-imports"))
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    return subprocess.run(
        [program, "--no-logo", "--no-cache", *chosen],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def contracts() -> list[dict[str, Any]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def contract_names() -> dict[str, str]:
    return {contract["id"]: contract["name"] for contract in contracts()}


def test_no_subgraph_is_forgotten() -> None:
    guarded = next(contract["containers"] for contract in contracts() if contract["id"] == "inside-a-domain")
    assert set(guarded) == {f"subgraphs.{path.parent.name}" for path in ROOT.glob("subgraphs/*/subgraph.py")}


def test_every_contract_has_a_violation_to_catch() -> None:
    assert set(contract_names()) == set(FORBIDDEN_IMPORTS)


def test_ours_are_kept(copy: Path) -> None:
    done = lint_imports(copy)
    assert done.returncode == 0, done.stdout


def test_each_broken_import_contract_is_caught(copy: Path) -> None:
    originals = {
        place: (copy / place).read_bytes() for place, _ in FORBIDDEN_IMPORTS.values() if (copy / place).exists()
    }
    for place, line in FORBIDDEN_IMPORTS.values():
        with (copy / place).open("a") as file:
            file.write(f"\n{line}\n")
    done = lint_imports(copy)
    for place, _ in FORBIDDEN_IMPORTS.values():
        (copy / place).unlink()
    for place, content in originals.items():
        (copy / place).write_bytes(content)
    assert done.returncode != 0
    for contract, name in contract_names().items():
        assert f"{name} BROKEN" in done.stdout, f"{contract} lets {FORBIDDEN_IMPORTS[contract]} pass:\n{done.stdout}"


@pytest.mark.parametrize("subgraph", ["catalog", "orders", "payments"])
def test_a_stray_module_in_a_subgraph_is_caught(copy: Path, subgraph: str) -> None:
    stray = copy / "subgraphs" / subgraph / "odds_and_ends.py"
    stray.touch()
    done = lint_imports(copy, "inside-a-domain")
    stray.unlink()
    assert done.returncode != 0
    assert f"subgraphs.{subgraph}.odds_and_ends" in done.stdout


@pytest.mark.parametrize("package", ["kernel", "subgraphs/orders", "projections"])
def test_each_banned_call_is_caught(copy: Path, package: str) -> None:
    modules = sorted({call.partition(".")[0] for call in BANNED_CALLS})
    planted = copy / package / "planted_calls.py"
    lines = [*(f"import {module}" for module in modules), *BANNED_CALLS]
    planted.write_text("\n".join(lines))
    found = ruff(copy, planted)
    planted.unlink()
    calls = {lines[row - 1] for row in found}
    first_lines = {"import time", "import random", "import secrets"}  # these modules are banned as a whole
    assert {call for call in BANNED_CALLS if call not in calls} <= {
        call for call in BANNED_CALLS if f"import {call.partition('.')[0]}" in first_lines
    }
    assert first_lines <= calls


def ruff(tree: Path, file: Path) -> list[int]:
    program = str(Path(sys.executable).with_name("ruff"))
    command = [program, "check", "--select", "TID251", "--output-format", "json", str(file)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=30, check=False)
    return [entry["location"]["row"] for entry in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("place", "text", "complaint"),
    [
        ("runtime/planted.py", "import os\nPORT = os.environ['PORT']\n", "reads the environment"),
        ("kernel/order_utils.py", "", "the module's name says nothing"),
        ("kernel/planted.py", "class OrderManager: ...\n", "OrderManager says nothing"),
        ("kernel/planted.py", "x = 1\n" * 201, "has 201 lines, at most 200"),
        ("subgraphs/orders/planted.py", "x = 1\n" * 301, "has 301 lines, at most 300"),
        ("runtime/planted.py", "def long():\n" + "    x = 1\n" * 31, "long has 31 lines, at most 30"),
        ("adr/0001-planted.md", "x\n" * 46, "has 46 lines, at most 45"),
        ("docs/planted.md", f"see /{'root'}/notes", "names a place of one machine"),
    ],
)
def test_each_broken_rule_of_the_house_is_caught(tmp_path: Path, place: str, text: str, complaint: str) -> None:
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).write_text(text)
    assert [found for found in house.broken(tmp_path) if complaint in found]


def test_two_decisions_of_one_number_are_caught(tmp_path: Path) -> None:
    (tmp_path / "adr").mkdir()
    for name in ("0001-one.md", "0002-two.md", "0002-too.md"):
        (tmp_path / "adr" / name).write_text("x\n")
    assert list(house.broken(tmp_path)) == ["adr: 0002-too.md and 0002-two.md share a number"]
