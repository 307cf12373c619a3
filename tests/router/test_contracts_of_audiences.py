"""The partner's contract: composed from the tags, a part of the graph and nothing else, kept like any promise."""

from pathlib import Path

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema, GraphQLUnionType, build_schema
from graphql.utilities import find_breaking_changes

from kernel.graph.audiences import Audience
from kernel.graph.federation import subgraph_schema
from runtime.schema.composing import AUDIENCES
from runtime.schema.running import Place, bring, current, problems_of, whole

UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
RELEASED = f"{UNRELEASED}\n## [1.0.0] - 2026-11-01\n\n### Added\n- The graph.\n"
CONFIGURATION = "subgraphs:\n" + "".join(
    f"  {name}: {{routing_url: 'http://127.0.0.1:1/{name}', schema: {{file: schema/subgraphs/{name}.graphql}}}}\n"
    for name in ("rooms", "praise")
)
Files = dict[str, str]


@strawberry.federation.type(name="Room", keys=["id"])
class Room:
    id: strawberry.ID
    number: int
    minibar: str


@strawberry.federation.type(name="Room", keys=["id"])
class PraisedRoom:
    id: strawberry.ID
    stars: int
    complaints: str


@strawberry.type
class Query:
    @strawberry.field
    def room(self) -> Room | None:
        return None

    @strawberry.field
    def cellar(self) -> str | None:
        return None


@strawberry.type(name="Query")
class PraiseQuery:
    @strawberry.field
    def best(self) -> PraisedRoom | None:
        return None


ROOMS = subgraph_schema(Query, audiences=(Audience("partner", ("Query.room",), ("Room.minibar",)),))
PRAISE = subgraph_schema(PraiseQuery, audiences=(Audience("partner", ("Room.stars",)),))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A tree whose schema was released."""
    root = tmp_path_factory.mktemp("house")
    (root / "supergraph.yaml").write_text(CONFIGURATION)
    (root / "CHANGELOG.md").write_text(RELEASED)
    return Place(root)


@pytest.fixture(scope="module")
def files(place: Place) -> Files:
    graphs = {"rooms": ROOMS, "praise": PRAISE}
    composed = whole({f"subgraphs/{name}.graphql": schema.as_str() for name, schema in graphs.items()}, place)
    bring(place, composed)
    return composed


def test_the_contract_has_what_every_subgraph_tags_and_no_more(files: Files) -> None:
    assert (
        files["partner.graphql"]
        == "type Query {\n  room: Room\n}\n\ntype Room {\n  id: ID!\n  number: Int!\n  stars: Int!\n}\n"
    )
    assert "cellar" in files["api.graphql"]


def test_a_released_contract_is_a_promise(place: Place, files: Files) -> None:
    assert place.released()["partner.graphql"] == files["partner.graphql"]
    assert [*problems_of(place, files)] == []
    narrower = {**files, "partner.graphql": files["partner.graphql"].replace("  stars: Int!\n", "")}
    assert any("Room.stars" in problem and "Breaking" in problem for problem in problems_of(place, narrower))


@pytest.fixture(scope="module")
def real() -> dict[str, GraphQLSchema]:
    """The platform's own schemas, as the code says now."""
    return {
        Path(path).stem: build_schema(text) for path, text in current().items() if "/" not in path and is_seen(path)
    }


def is_seen(path: str) -> bool:
    return path == "api.graphql" or Path(path).stem in AUDIENCES


def test_whatever_fits_the_contract_fits_the_graph(real: dict[str, GraphQLSchema]) -> None:
    assert find_breaking_changes(real["partner"], real["api"]) == []


def test_partners_may_do_these_things(real: dict[str, GraphQLSchema]) -> None:
    partner = real["partner"]
    assert {*fields(partner.query_type)} >= {"restaurant", "restaurants", "order", "orders", "orderEvents", "quote"}
    assert fields(partner.mutation_type) == {"cancelOrder", "placeOrder", "quoteOrder"}
    assert fields(partner.subscription_type) == {"menuChanges", "orderUpdates"}


def test_partners_know_every_refusal_they_can_meet(real: dict[str, GraphQLSchema]) -> None:
    for name, kind in real["partner"].type_map.items():
        if name.endswith("Result"):
            assert members(kind) == members(real["api"].type_map[name])


@pytest.mark.parametrize(
    "coordinate", ["Restaurant.staff", "Restaurant.orders", "Order.pickupCode", "MenuItem.version"]
)
def test_what_is_not_theirs_is_not_there(real: dict[str, GraphQLSchema], coordinate: str) -> None:
    owner, _, name = coordinate.partition(".")
    assert name in fields(real["api"].type_map[owner])
    assert name not in fields(real["partner"].type_map[owner])


def fields(kind: object) -> set[str]:
    assert isinstance(kind, GraphQLObjectType)
    return {*kind.fields}


def members(kind: object) -> list[str]:
    assert isinstance(kind, GraphQLUnionType)
    return [each.name for each in kind.types]
