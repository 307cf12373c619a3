"""schema/ against the code, the last release and the changelog: each way of breaking a promise, in a copy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kernel.messages import Event
from runtime.schema.breaking import coordinate_in
from runtime.schema.exporting import as_text, schema_of_events
from runtime.schema.releasing import read_changelog
from runtime.schema.running import ROOT, Place, bring, current, problems_of, whole
from tests.router.subgraphs import SCHEMAS

UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
RELEASED = f"{UNRELEASED}\n## [1.0.0] - 2026-11-01\n\n### Added\n- The graph.\n"


class Line(msgspec.Struct, frozen=True):
    name: str


class DishOrdered(Event):
    dish_id: str
    lines: list[Line]
    note: str | None = None


class DishServed(Event):
    dish_id: str


EVENTS = as_text(schema_of_events((DishOrdered, DishServed)))
Files = dict[str, str]
Change = Callable[[Files], None]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The schema's files as the code of these tests says."""
    root = tmp_path_factory.mktemp("exported")
    configure(root)
    graphs = {f"subgraphs/{name}.graphql": schema.as_str().strip() + "\n" for name, schema in SCHEMAS.items()}
    return whole({**graphs, "events/dishes.json": EVENTS}, Place(root))


@pytest.fixture
def place(tmp_path: Path, files: Files) -> Place:
    """A tree whose schema was released as 1.0.0."""
    configure(tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(RELEASED)
    released = Place(tmp_path)
    bring(released, files)
    return released


def configure(root: Path) -> None:
    lines = [
        f"  {name}: {{routing_url: 'http://127.0.0.1:1/{name}', schema: {{file: schema/subgraphs/{name}.graphql}}}}"
        for name in SCHEMAS
    ]
    (root / "supergraph.yaml").write_text("\n".join(["subgraphs:", *lines]))


def test_the_files_in_the_repository_are_those_of_the_code() -> None:
    assert [*problems_of(Place(), current())] == []


def test_a_released_schema_has_no_problems(place: Place, files: Files) -> None:
    assert [*problems_of(place, files)] == []
    assert place.released().keys() == {"VERSION", "DIGEST", "api.graphql", "events/dishes.json"}


def test_without_a_release_nothing_is_promised(tmp_path: Path, files: Files) -> None:
    configure(tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(UNRELEASED)
    bring(Place(tmp_path), files)
    assert [*problems_of(Place(tmp_path), without_field(files))] != []
    bring(Place(tmp_path), without_field(files))
    assert [*problems_of(Place(tmp_path), without_field(files))] == []


@pytest.mark.parametrize(
    "name", ["api.graphql", "supergraph.graphql", "subgraphs/dishes.graphql", "events/dishes.json"]
)
def test_a_file_that_is_not_up_to_date_is_named(place: Place, files: Files, name: str) -> None:
    (place.schema / name).write_text("something else\n")
    assert [*problems_of(place, files)] == [f"schema/{name} is not up to date: run `make schema`."]
    (place.schema / name).unlink()
    assert [*problems_of(place, files)] == [f"schema/{name} is not up to date: run `make schema`."]
    bring(place, files)
    assert [*problems_of(place, files)] == []


def test_a_file_of_a_subgraph_that_is_no_more_is_removed(place: Place, files: Files) -> None:
    stale = place.schema / "subgraphs" / "gone.graphql"
    stale.write_text("type Query { gone: String }\n")
    assert [*problems_of(place, files)] == ["schema/subgraphs/gone.graphql is not up to date: run `make schema`."]
    bring(place, files)
    assert not stale.exists()


def without_field(files: Files) -> Files:
    return {**files, "api.graphql": files["api.graphql"].replace("  padding: String!\n", "")}


def in_graph(old: str, new: str) -> Change:
    def change(files: Files) -> None:
        assert old in files["api.graphql"]
        files["api.graphql"] = files["api.graphql"].replace(old, new)

    return change


def in_events(edit: Callable[[dict[str, dict[str, Any]]], object]) -> Change:
    def change(files: Files) -> None:
        schema = json.loads(files["events/dishes.json"])
        edit(schema["$defs"])
        files["events/dishes.json"] = as_text(schema)

    return change


def removed_file(files: Files) -> None:
    del files["events/dishes.json"]


BROKEN: dict[str, tuple[Change, str]] = {
    "field removed": (in_graph("  padding: String!\n", ""), "Dish.padding"),
    "field changed": (in_graph("  padding: String!\n", "  padding: Int!\n"), "Dish.padding"),
    "field nullable": (in_graph("  padding: String!\n", "  padding: String\n"), "Dish.padding"),
    "argument removed": (in_graph("similar(first: Int)", "similar"), "Dish.similar(first:)"),
    "argument required": (in_graph("similar(first: Int)", "similar(first: Int, more: Int!)"), "Dish.similar(more:)"),
    "type changed": (in_graph("caller: Caller\n", "caller: Dish\n"), "Dish.caller"),
    "subscription removed": (in_graph("  waiting: Dish!\n", ""), "Subscription.waiting"),
    "event removed": (in_events(lambda defs: defs.pop("DishServed")), "DishServed"),
    "event's field removed": (
        in_events(lambda defs: defs["DishOrdered"]["properties"].pop("note")),
        "DishOrdered.note",
    ),
    "event's field changed": (
        in_events(lambda defs: defs["DishOrdered"]["properties"].update(dish_id={"type": "integer"})),
        "DishOrdered.dish_id",
    ),
    "event's field no longer null": (
        in_events(lambda defs: defs["DishOrdered"]["properties"].update(note={"type": "string"})),
        "DishOrdered.note",
    ),
    "event's field required": (
        in_events(lambda defs: defs["DishOrdered"].update(required=["type", "at", "dish_id", "lines", "note"])),
        "DishOrdered.note",
    ),
    "value's field removed": (in_events(lambda defs: defs["Line"]["properties"].pop("name")), "Line.name"),
    "events removed": (removed_file, "events/dishes.json"),
}


@pytest.mark.parametrize(("change", "coordinate"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_is_caught_unless_the_changelog_names_it(
    place: Place, files: Files, change: Change, coordinate: str
) -> None:
    broken = dict(files)
    change(broken)
    bring(place, broken)
    (problem,) = problems_of(place, broken)
    assert f"`{coordinate}`" in problem
    changelog = place.root / "CHANGELOG.md"
    wrong = f"{UNRELEASED}\n### Removed\n- `{coordinate}` is gone.\n- **Breaking:** `Another.coordinate` too.\n"
    changelog.write_text(RELEASED.replace(UNRELEASED, wrong))
    assert len([*problems_of(place, broken)]) == 1
    right = f"{UNRELEASED}\n### Removed\n- **Breaking:** use something else than\n  `{coordinate}`.\n"
    changelog.write_text(RELEASED.replace(UNRELEASED, right))
    assert [*problems_of(place, broken)] == []


ALLOWED: dict[str, Change] = {
    "field added": in_graph("  padding: String!\n", "  padding: String!\n  weight: Int!\n"),
    "argument added": in_graph("similar(first: Int)", "similar(first: Int, more: Int)"),
    "field deprecated": in_graph("  padding: String!\n", '  padding: String! @deprecated(reason: "no use")\n'),
    "event added": in_events(lambda defs: defs.update(DishForgotten={"type": "object", "properties": {}})),
    "event's optional field added": in_events(lambda defs: defs["DishServed"]["properties"].update(at_table={})),
    "event described": in_events(lambda defs: defs["DishServed"].update(description="At last.")),
    "event's field widened": in_events(
        lambda defs: defs["DishServed"]["properties"].update(dish_id={"anyOf": [{"type": "string"}, {"type": "null"}]})
    ),
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_adds_breaks_nothing(place: Place, files: Files, change: Change) -> None:
    changed = dict(files)
    change(changed)
    bring(place, changed)
    assert [*problems_of(place, changed)] == []


@pytest.mark.parametrize("name", ["api.graphql", "events/dishes.json", "DIGEST"])
def test_the_release_changes_only_with_a_release(place: Place, files: Files, name: str) -> None:
    path = place.schema / "released" / name
    path.write_text(path.read_text().replace("a", "b", 1))
    assert any("changed without a release" in problem for problem in problems_of(place, files))


def test_a_release_heading_and_the_released_schema_go_together(place: Place, files: Files) -> None:
    changelog = place.root / "CHANGELOG.md"
    changed = without_field(files)
    bring(place, changed)
    entry = f"{UNRELEASED}\n## [2.0.0] - 2026-12-01\n- **Breaking:** `Dish.padding` is gone.\n"
    changelog.write_text(RELEASED.replace(UNRELEASED, entry))
    assert any(
        "schema/released/ is of 1.0.0, CHANGELOG.md says 2.0.0" in problem for problem in problems_of(place, changed)
    )
    bring(place, changed)
    assert [*problems_of(place, changed)] == []
    assert place.released()["VERSION"] == "2.0.0\n"
    changelog.write_text(UNRELEASED)
    assert any("CHANGELOG.md says no release" in problem for problem in problems_of(place, changed))


@pytest.mark.parametrize(
    ("description", "coordinate"),
    [
        ("Order was removed.", "Order"),
        ("Order changed from an Object type to a Union type.", "Order"),
        ("Field Order.status was removed.", "Order.status"),
        ("Field Order.status changed type from Int to String.", "Order.status"),
        ("Argument Order.lines(first:) was removed.", "Order.lines(first:)"),
        ("A required field PlaceOrderInput.key was added.", "PlaceOrderInput.key"),
        ("Enum value OrderStatus.READY was removed.", "OrderStatus.READY"),
        ("QuoteExpired was removed from union type PlaceOrderResult.", "PlaceOrderResult.QuoteExpired"),
        ("QuoteExpired no longer implements interface UserError.", "QuoteExpired"),
        ("Argument @listSize(sizedFields:) was removed.", "@listSize(sizedFields:)"),
        ("Directive @cost was removed.", "@cost"),
    ],
)
def test_each_change_has_a_coordinate(description: str, coordinate: str) -> None:
    assert coordinate_in(description) == coordinate


def test_only_entries_of_the_unreleased_section_declare() -> None:
    old = RELEASED.replace("- The graph.", "- **Breaking:** `Old.field` is gone.")
    assert read_changelog(old).declared == frozenset()
    assert read_changelog(old).released == "1.0.0"
    assert read_changelog("").released is None


def test_schemas_that_do_not_fit_together_are_the_composers_words(tmp_path: Path) -> None:
    from runtime.schema.composing import CompositionFailed

    configure(tmp_path)
    graphs = {f"subgraphs/{name}.graphql": "type Query { same: String }" for name in SCHEMAS}
    graphs["subgraphs/praise.graphql"] = "type Query { same: Int }"
    with pytest.raises(CompositionFailed, match="same"):
        whole(graphs, Place(tmp_path))


def test_our_own_root_is_the_repositorys() -> None:
    assert (ROOT / "supergraph.yaml").is_file()
