"""An audience is promised what its fields lead to, and nothing that somebody adds beside it."""

import pytest
import strawberry
from graphql import FieldDefinitionNode, InputValueDefinitionNode, TypeDefinitionNode, parse, print_ast

from kernel.graph.audiences import Audience, NotInTheGraph
from kernel.graph.federation import SubgraphSchema, subgraph_schema
from kernel.graph.refusals import NotFound, UserError, result
from kernel.graph.types import Money


@strawberry.input
class RingInput:
    bell: strawberry.ID
    times: int = 1


@strawberry.type
class RingSuccess:
    sound: str


@strawberry.federation.type(keys=["id"])
class Guest:
    id: strawberry.ID
    name: str
    debts: Money


@strawberry.type
class Cellar:
    depth: int


@strawberry.type
class Room:
    number: int
    guest: Guest | None
    price: Money
    minibar: str


@strawberry.type
class Query:
    @strawberry.field
    def room(self, number: int) -> Room | None:
        return None

    @strawberry.field
    def cellar(self) -> Cellar | None:
        return None


@strawberry.type
class Mutation:
    @strawberry.mutation(graphql_type=result(RingSuccess, (NotFound,)))
    def ring(self, input: RingInput) -> RingSuccess | UserError:
        return RingSuccess(sound="ding")


def house(*audiences: Audience) -> SubgraphSchema:
    return subgraph_schema(Query, Mutation, audiences=audiences)


def promised(*fields: str, without: tuple[str, ...] = ()) -> set[str]:
    """Coordinates that carry the tag once the audience has begun with `fields`."""
    document = parse(house(Audience("guests", fields, without)).as_str())
    found: set[str] = set()
    for definition in document.definitions:
        if not isinstance(definition, TypeDefinitionNode):
            continue
        owner = definition.name.value
        found |= {owner} if is_tagged(definition) else set()
        for field in getattr(definition, "fields", ()):
            name = f"{owner}.{field.name.value}"
            found |= {name} if is_tagged(field) else set()
            found |= {
                f"{name}({each.name.value}:)" for each in getattr(field, "arguments", None) or () if is_tagged(each)
            }
    return found


def is_tagged(node: TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode) -> bool:
    return any(print_ast(each) == '@tag(name: "guests")' for each in node.directives or ())


MONEY = {"Money", "Currency", "Locale", "MinorUnits"}


def test_results_refusals_and_inputs_are_reached() -> None:
    reached = {"RingInput", "RingResult", "RingSuccess", "NotFound", "UserError"}
    assert promised("Mutation.ring") == {"Mutation.ring", "Mutation.ring(input:)", *reached}


def test_an_entity_is_promised_by_field_and_other_types_whole() -> None:
    guest = {"Guest.id", "Guest.name", "Guest.debts"}
    assert promised("Query.room") == {"Query.room", "Query.room(number:)", "Room", *guest, *MONEY}


def test_what_is_left_out_is_not_followed() -> None:
    room = {"Room.number", "Room.price", "Room.minibar"}
    assert promised("Query.room", without=("Room.guest",)) == {"Query.room", "Query.room(number:)", *room, *MONEY}


def test_a_field_of_an_entity_may_be_where_they_begin() -> None:
    assert promised("Guest.debts") == {"Guest.debts", *MONEY}


@pytest.mark.parametrize(
    "audience",
    [
        Audience("guests", ("Query.attic",)),
        Audience("guests", ("Attic.roof",)),
        Audience("guests", ("Query.room",), ("Room.roof",)),
        Audience("guests", ("Query.cellar",), ("Room.guest",)),
    ],
)
def test_a_promise_of_nothing_is_a_mistake(audience: Audience) -> None:
    with pytest.raises(NotInTheGraph):
        house(audience)


def test_one_schema_does_not_tag_the_types_it_shares() -> None:
    house(Audience("guests", ("Query.room",)))
    assert "@tag" not in house().as_str()


def test_one_field_may_be_promised_to_several() -> None:
    text = house(Audience("guests", ("Query.cellar",)), Audience("butlers", ("Query.cellar",))).as_str()
    assert 'type Cellar @tag(name: "guests") @tag(name: "butlers")' in text
