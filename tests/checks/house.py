"""Size, names and addresses: files and functions stay short, names say something, nothing knows this machine."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.checks.tree import files

CODE = ("kernel", "subgraphs", "projections", "runtime", "simulator", "router")
SAYS_NOTHING = frozenset({"utils", "helpers", "common", "manager", "service", "base", "impl", "data", "info"})
GREATEST_FILE_LINES = 300
GREATEST_KERNEL_FILE_LINES = 200
GREATEST_FUNCTION_LINES = 30
GREATEST_DECISION_LINES = 45
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home)/\w|(?:registry\.npmjs|pypi)\.org|pythonhosted\.org")
READS_ENVIRONMENT = re.compile(r"\bos\.(?:environ|getenv)\b|\bprocess\.env\b")
MAY_READ_ENVIRONMENT = frozenset({"runtime/settings.py", "router/gateway/settings.js"})


def broken(root: Path) -> Iterator[str]:
    for path in files(root):
        place = path.relative_to(root)
        if place.parts[0] in CODE and path.suffix in {".py", ".js"} and "cities" not in place.parts:
            yield from code(path, place)
        if place.parts[0] == "adr" and path.suffix == ".md":
            yield from too_long(path, place, GREATEST_DECISION_LINES)
        if path.suffix in {".py", ".js", ".md", ".toml", ".yaml", ".json", ".lock", ".graphql", ""}:
            yield from machine(path, place)
    yield from doubled_numbers(sorted(path.name for path in (root / "adr").glob("*.md")))


def doubled_numbers(decisions: list[str]) -> Iterator[str]:
    for one, other in pairwise(decisions):
        if one.partition("-")[0] == other.partition("-")[0]:
            yield f"adr: {one} and {other} share a number"


def code(path: Path, place: Path) -> Iterator[str]:
    is_kernel = place.parts[0] == "kernel"
    yield from too_long(path, place, GREATEST_KERNEL_FILE_LINES if is_kernel else GREATEST_FILE_LINES)
    text = path.read_text()
    if str(place) not in MAY_READ_ENVIRONMENT and READS_ENVIRONMENT.search(text):
        yield f"{place} reads the environment: only the settings do"
    if says_nothing(path.stem):
        yield f"{place}: the module's name says nothing"
    if path.suffix == ".py":
        yield from definitions(ast.parse(text), place)


def definitions(tree: ast.Module, place: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and says_nothing(node.name):
            yield f"{place}:{node.lineno}: the name {node.name} says nothing"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and own_lines(node) > GREATEST_FUNCTION_LINES:
            yield f"{place}:{node.lineno}: {node.name} has {own_lines(node)} lines, at most {GREATEST_FUNCTION_LINES}"


def own_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of its body, without its docstring and without functions inside it, which are counted by themselves."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    inner = [part for part in ast.walk(node) if part is not node and isinstance(part, type(node))]
    return sum(map(length, body)) - sum(map(length, inner))


def length(node: ast.stmt | ast.AST) -> int:
    return (getattr(node, "end_lineno", 0) or 0) - getattr(node, "lineno", 0) + 1


def says_nothing(name: str) -> bool:
    if name == "PageInfo":  # Relay's word, which clients expect
        return False
    return bool(SAYS_NOTHING & {word.lower() for word in WORD.findall(name)})


def too_long(path: Path, place: Path, greatest: int) -> Iterator[str]:
    lines = len(path.read_text().splitlines())
    if lines > greatest:
        yield f"{place} has {lines} lines, at most {greatest}"


def machine(path: Path, place: Path) -> Iterator[str]:
    if str(place) == "tests/checks/house.py":
        return
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if MACHINE.search(line):
            yield f"{place}:{number}: names a place of one machine or registry: {line.strip()[:80]}"
