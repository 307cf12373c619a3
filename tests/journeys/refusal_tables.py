"""What the graph says of its refusals, for comparing it with the documentation."""

from typing import cast

from graphql import GraphQLObjectType, GraphQLSchema, GraphQLUnionType, get_named_type

COMMON = frozenset({"code", "message", "path"})


def members_of(schema: GraphQLSchema) -> dict[str, list[GraphQLObjectType]]:
    """The refusals of every mutation's result."""
    assert schema.mutation_type is not None
    found: dict[str, list[GraphQLObjectType]] = {}
    for name, field in sorted(schema.mutation_type.fields.items()):
        result = cast("object", get_named_type(field.type))
        assert isinstance(result, GraphQLUnionType), f"{name} does not answer with a union"
        found[name] = [member for member in result.types if not member.name.endswith("Success")]
    return found


def refusals_by_mutation(schema: GraphQLSchema) -> str:
    """The Markdown table of what each mutation may answer with."""
    rows = [
        f"| `{mutation}` | {' '.join(f'`{member.name}`' for member in sorted(members, key=lambda each: each.name))} |"
        for mutation, members in members_of(schema).items()
    ]
    return "\n".join(["| Mutation | Refusals |", "|---|---|", *rows])


def own_fields(schema: GraphQLSchema) -> dict[str, list[str]]:
    """What each refusal says besides code, message and path."""
    kinds = {member.name: member for members in members_of(schema).values() for member in members}
    return {name: sorted(set(kind.fields) - COMMON) for name, kind in sorted(kinds.items())}
