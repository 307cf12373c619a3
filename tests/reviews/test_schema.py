"""The schema of reviews: every refusal has its type, everything is described."""

from collections import defaultdict

from graphql import GraphQLObjectType, GraphQLUnionType

from subgraphs.reviews.domain.refusals import REFUSALS, InvalidInput
from subgraphs.reviews.subgraph import SUBGRAPH

TYPES = SUBGRAPH.schema.core.type_map
UNIONS = {name: kind for name, kind in TYPES.items() if isinstance(kind, GraphQLUnionType) and name != "_Entity"}


def test_every_refusal_has_a_type_of_its_name_in_some_result() -> None:
    named = {member.name for name, union in UNIONS.items() if name.endswith("Result") for member in union.types}
    assert {kind.__name__ for kind in (*REFUSALS, InvalidInput)} <= named


def test_a_field_name_has_one_type_within_a_union() -> None:
    for name, union in UNIONS.items():
        types: dict[str, set[str]] = defaultdict(set)
        for member in union.types:
            for field_name, field in member.fields.items():
                types[field_name].add(str(field.type))
        assert {field: found for field, found in types.items() if len(found) > 1} == {}, name


def test_every_member_that_is_no_success_is_a_user_error() -> None:
    for name, union in UNIONS.items():
        success, *refusals = union.types
        assert success.name == name.replace("Result", "Success")
        assert all([face.name for face in member.interfaces] == ["UserError"] for member in refusals)


def test_everything_is_described_where_the_name_does_not_say_it() -> None:
    undescribed = [
        name
        for name, kind in TYPES.items()
        if isinstance(kind, GraphQLObjectType) and not kind.description and not name.startswith("_")
    ]
    assert set(undescribed) <= {"Query", "Mutation"}


def test_the_refusals_that_are_stored_can_be_read_back() -> None:
    assert InvalidInput not in SUBGRAPH.refusals
    names = [kind.__name__ for kind in SUBGRAPH.refusals]
    assert len(names) == len(set(names))
