"""Documents larger than one may be, each in its own way, and some that are just as large as one may be."""

STEPS = ("restaurant", "orders(first: 1)", "nodes")


def doubling(fragments: int) -> str:
    """Each fragment spreads the next one twice."""
    links = [f"fragment F{n} on Restaurant {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments)]
    last = f"fragment F{fragments} on Restaurant {{ name }}"
    return f"{{ restaurants(first: 1) {{ nodes {{ ...F0 }} }} }} {' '.join(links)} {last}"


def nested(depth: int) -> str:
    inner = [STEPS[place % 3] for place in range(depth - 2)]
    return '{ order(id: "x") { ' + " { ".join([*inner, "__typename"]) + " }" * depth


def cancelling(times: int) -> str:
    given = 'input: {idempotencyKey: "00000000-0000-4000-8000-000000000000", orderId: "x", reason: CHANGED_MIND}'
    return "mutation { " + " ".join(f"a{n}: cancelOrder({given}) {{ __typename }}" for n in range(times)) + " }"


TOO_LARGE = {
    "characters": "{ __typename } #" + "x" * 15_000,
    "tokens": "{ " + "__typename " * 1000 + "}",
    "inline fragments": "{ " + "... { __typename } " * 600 + "}",
    "depth": nested(13),
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(16)) + " }",
    "a hundred aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(100)) + " }",
    "aliases in a fragment": '{ restaurant(id: "x") { ' + "...F " * 8 + "} } fragment F on Restaurant { a: id b: id }",
    "root fields": "{ " + "__typename " * 21 + "}",
    "root mutations": cancelling(5),
    "directives": "{ __typename " + "@include(if: true) " * 51 + "}",
    "unknown directives": "{ __typename " + "@aa " * 51 + "}",
    "fragments": "{ ...F0 } " + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(21)),
    "doubling fragments, 18": doubling(18),
    "doubling fragments, 80": doubling(80),
    "introspections": "{ " + " ".join(f"{alias}: __schema {{ types {{ name }} }}" for alias in "abc") + " }",
    "cost": "{ restaurants(first: 10000) { nodes { id } } }",
    "nested cost": "{ restaurants(first: 100) { nodes { orders(first: 100) { nodes { id } } } } }",
    "cost through a fragment": """{ restaurants(first: 100) { nodes { ...F } } }
      fragment F on Restaurant { orders(first: 100) { nodes { id } } }""",
}
JUST_ALLOWED = {
    "depth": nested(12),
    "aliases": "{ " + " ".join(f"a{n}: __typename" for n in range(15)) + " }",
    "root fields": "{ " + "__typename " * 20 + "}",
    "root mutations": cancelling(4),
    "one field many times": '{ restaurant(id: "x") { ' + "name " * 500 + "} }",
    "page": "{ restaurants(first: 100) { nodes { id name } } }",
}
