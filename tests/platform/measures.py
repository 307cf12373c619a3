"""The table of docs/operations.md, and what a page of /metrics and an expression in PromQL name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"
NAME = re.compile(r"`(\w+)`")
OF_LIBRARIES = ("process_", "python_")
ADDED_TO_HISTOGRAMS = ("_bucket", "_sum", "_count")
ADDED_BY_SCRAPING = frozenset({"job", "instance", "le"})


@dataclass(frozen=True)
class Measure:
    """One metric: a row of the table, or what a process exposes."""

    name: str
    processes: frozenset[str]
    kind: str
    labels: frozenset[str]

    @property
    def series(self) -> frozenset[str]:
        """What it is called in a query."""
        return frozenset(
            {self.name + suffix for suffix in ADDED_TO_HISTOGRAMS} if self.kind == "histogram" else {self.name}
        )


def documented() -> dict[str, Measure]:
    """The rows of the table, by name; two of one name are refused."""
    table = PAGE.read_text().split("\n## What is measured\n", 1)[1].split("\n## ", 1)[0]
    found: dict[str, Measure] = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 8 and cells[0].startswith("`"):
            (name,) = NAME.findall(cells[0])
            assert name not in found, name
            assert all(cells[index] for index in (1, 2, 4, 5, 6, 7)), f"{name}: a cell is empty"
            found[name] = Measure(name, frozenset(cells[1].split(", ")), cells[2], frozenset(NAME.findall(cells[3])))
    return found


def exposed(page: str) -> Iterator[tuple[str, str, bool, frozenset[str]]]:
    """Of each metric on a page of /metrics: name, type, whether it has counted anything, labels of its samples."""
    for family in text_string_to_metric_families(page):
        name = family.name + ("_total" if family.type == "counter" else "")
        if not name.startswith(OF_LIBRARIES) and not name.endswith("_created"):
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            yield name, family.type, any(sample.value for sample in family.samples), frozenset(labels)


NOT_A_SERIES = re.compile(
    r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)|\$\w+|\b\d\w*'
)
WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})
IDENTIFIER = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
MATCHERS = re.compile(r"\{([^{}]*)\}")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


def series_in(expression: str) -> frozenset[str]:
    """The metrics that an expression in PromQL asks for."""
    bare = NOT_A_SERIES.sub(" ", MATCHERS.sub(" ", NOT_A_SERIES.sub('""', expression)))
    names = [match for match in IDENTIFIER.finditer(bare) if not bare[match.end() :].lstrip().startswith("(")]
    return frozenset(match[0] for match in names if match[0].lower() not in WORDS)


def labels_in(expression: str) -> frozenset[str]:
    """The labels that it matches on, or groups by."""
    matched = [name for inner in MATCHERS.findall(expression) for name in re.findall(r"(\w+)\s*[=!]", inner)]
    grouped = [name for inner in GROUPING.findall(expression) for name in IDENTIFIER.findall(inner)]
    return frozenset({*matched, *grouped})


def measures_by_series(rows: Mapping[str, Measure]) -> dict[str, Measure]:
    return {series: row for row in rows.values() for series in row.series}
