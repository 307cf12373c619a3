"""The harness finds what it is for, and the parlour passes but for the troubles it makes on purpose."""

import pytest

from kernel.graph.scalars import SCALARS
from runtime.serving import build_app
from tests.serving.conformance import ALLOWED, STRATEGIES, Misanswered, check_answer, check_app
from tests.serving.parlour import PEACEFUL, ROUTER, SCHEMA, door, parlour

pytestmark = pytest.mark.anyio

URL = "/parlour/graphql"


async def test_a_peaceful_parlour_conforms() -> None:
    app = build_app([parlour(PEACEFUL)], door())
    assert await check_app(app, URL, PEACEFUL.core, ROUTER, tokens=[None, "aino"], examples=40) > 100


async def test_a_parlour_with_trouble_does_not() -> None:
    with pytest.raises(Misanswered, match="INTERNAL"):
        await check_app(build_app([parlour()], door()), URL, SCHEMA.core, ROUTER, examples=5)


def test_every_scalar_of_the_graph_has_a_strategy() -> None:
    assert {definition.name for definition in SCALARS.values()} <= STRATEGIES.keys()


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b'{"errors":[]}'),
        (502, b"bad gateway"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"data":null,"errors":[{"message":"x"}]}'),
        (200, b'{"data":null,"errors":[{"message":"x","extensions":{"code":"INTERNAL"}}]}'),
        (400, b'{"errors":[{"message":"x","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}'),
    ],
)
def test_an_answer_outside_of_the_contract_is_found(status: int, content: bytes) -> None:
    with pytest.raises(Misanswered):
        check_answer(status, content, "{ hello }", ALLOWED)


def test_an_answer_of_the_contract_is_let_through() -> None:
    check_answer(200, b'{"data":{"hello":"x"}}', "")
    check_answer(400, b'{"errors":[{"message":"x","extensions":{"code":"BAD_USER_INPUT"}}]}', "")
