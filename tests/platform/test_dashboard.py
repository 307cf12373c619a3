"""The dashboard shows only what is measured, under the names and labels of the table in docs/operations.md."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.platform.measures import ADDED_BY_SCRAPING, ROOT, documented, labels_in, measures_by_series, series_in

DASHBOARD = ROOT / "docs" / "dashboards" / "platform.json"
LAST_SCHEMA_OF_THE_V1_MODEL = 42


def dashboard() -> dict[str, Any]:
    return json.loads(DASHBOARD.read_text())


def panels(folder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in folder["panels"]:
        yield panel
        if "panels" in panel:
            yield from panels(panel)


def expressions() -> list[str]:
    return [target["expr"] for panel in panels(dashboard()) for target in panel.get("targets", ())]


def test_it_uses_only_metrics_that_exist() -> None:
    known = measures_by_series(documented())
    assert len(expressions()) > 20
    for expression in expressions():
        asked = series_in(expression)
        assert asked, expression
        assert asked <= known.keys(), expression


def test_it_uses_only_labels_that_exist() -> None:
    known = measures_by_series(documented())
    for expression in expressions():
        has = {label for series in series_in(expression) for label in known[series].labels}
        assert labels_in(expression) <= has | ADDED_BY_SCRAPING, expression


def test_counters_are_asked_for_their_rate() -> None:
    known = measures_by_series(documented())
    for expression in expressions():
        for series in series_in(expression):
            if known[series].kind in {"counter", "histogram"}:
                assert f"rate({series}" in expression or f"increase({series}" in expression, expression


def test_it_can_be_imported() -> None:
    board = dashboard()
    assert board["schemaVersion"] == LAST_SCHEMA_OF_THE_V1_MODEL
    assert [variable["type"] for variable in board["templating"]["list"]] == ["datasource"]  # no query hides in one
    assert board["id"] is None
    assert board["uid"]
    every = [*panels(board)]
    assert len({panel["id"] for panel in every}) == len(every)
    for panel in every:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        if panel["type"] != "row":
            assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
            assert panel["title"]
            assert panel["description"]
            assert panel["targets"]


def test_panels_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in panels(dashboard()):
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken.get((x, y)))
                taken[x, y] = panel["title"]


@pytest.mark.parametrize(
    ("expression", "series", "labels"),
    [
        (
            'sum by (code) (rate(errors_total{code!="A (b)", job=~"x|y"}[5m])) > 0.5e3',
            {"errors_total"},
            {"code", "job"},
        ),
        ("histogram_quantile(0.95, sum(rate(s_bucket[$__rate_interval])) by (le))", {"s_bucket"}, {"le"}),
        ("max(a) / on (x) group_left (y) b unless absent(c offset 5m)", {"a", "b", "c"}, {"x", "y"}),
    ],
)
def test_expressions_are_read(expression: str, series: set[str], labels: set[str]) -> None:
    assert series_in(expression) == series
    assert labels_in(expression) == labels
