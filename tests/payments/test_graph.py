"""Who sees an order's money: its customer, support, finance and admin, on every path; nobody else on any."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from kernel.codec import Codec
from kernel.committing import Advance
from kernel.graph.context import GraphContext
from kernel.handling import Handler
from kernel.ids import typed_id
from kernel.log import START, Position
from kernel.ownership import ANONYMOUS, Viewer
from runtime.adapters.ids import RandomIds
from runtime.adapters.postgres.domain import open_domain
from runtime.adapters.valkey.signals import open_signals
from subgraphs.payments.subgraph import SUBGRAPH
from tests.clocks import SettableClock
from tests.conftest import runtime_url
from tests.payments.test_views import ORDER, PAYMENT, authorised, requested
from tests.spelling import recorded, uuid_of

pytestmark = pytest.mark.anyio

SECRET = b"a secret of tests"
SEES = [
    Viewer(subject="aino", roles=frozenset({"customer"})),
    *(Viewer(subject=role, roles=frozenset({role})) for role in ("support", "finance", "admin")),
]
SEES_NOT = [
    ANONYMOUS,
    Viewer(subject="eero", roles=frozenset({"customer"})),
    *(Viewer(subject=role, roles=frozenset({role})) for role in ("restaurant", "courier", "dispatcher", "partner")),
]
PAYMENT_BY_ID = """query ($id: ID!) {
    payment(id: $id) { id order { id } status amount { minor currency } captured { minor } reason } }"""
BY_REFERENCE = """query ($these: [_Any!]!) { _entities(representations: $these) {
    __typename ... on Payment { id status } ... on Order { id payments { id status } } } }"""


@pytest.fixture
async def context(migrated_url: str, valkey_url: str) -> AsyncGenerator[GraphContext]:
    """A context over a database that holds one authorised payment of aino's."""
    codec = Codec([*SUBGRAPH.commands, *SUBGRAPH.events])
    async with (
        open_signals(valkey_url) as signals,
        open_domain(runtime_url(migrated_url), "payments", codec) as store,
    ):
        records = [
            recorded(event, PAYMENT, version, "payments.events")
            for version, event in enumerate((requested, authorised), start=1)
        ]
        after = Position(txid=1, position=2)
        advance = Advance(consumer="payment_view", topic="payments.events", partition=0, before=START, after=after)
        assert await store.view_store.apply(SUBGRAPH.projections[0], records, advance)
        equipment = store.equipment(signals, SettableClock(), RandomIds())
        yield GraphContext(
            viewer=ANONYMOUS,
            request_id="tests",
            traceparent=None,
            consistency_token=None,
            clock=equipment.clock,
            ids=equipment.ids,
            handler=Handler(SUBGRAPH, equipment),
            views=equipment.views,
            streams=equipment.streams,
            signals=signals,
            cursor_secret=SECRET,
            code_secret=SECRET,
        )


async def ask(context: GraphContext, viewer: Viewer, document: str, **variables: object) -> dict[str, Any]:
    mine = replace(context, viewer=viewer, kept={})
    result = await SUBGRAPH.schema.execute(document, variable_values=variables, context_value=mine)
    assert result.errors is None
    assert result.data is not None
    return result.data


@pytest.mark.parametrize("viewer", SEES, ids=lambda viewer: viewer.subject)
async def test_whoever_may_see_it_sees_it_on_every_path(context: GraphContext, viewer: Viewer) -> None:
    shown = (await ask(context, viewer, PAYMENT_BY_ID, id=PAYMENT))["payment"]
    assert (shown["status"], shown["amount"], shown["captured"], shown["reason"]) == (
        "AUTHORISED",
        {"minor": 2350, "currency": "EUR"},
        {"minor": 0},
        None,
    )
    assert shown["order"] == {"id": ORDER}
    these = [{"__typename": "Payment", "id": PAYMENT}, {"__typename": "Order", "id": ORDER}]
    payment, order = (await ask(context, viewer, BY_REFERENCE, these=these))["_entities"]
    assert payment["status"] == "AUTHORISED"
    assert [each["id"] for each in order["payments"]] == [PAYMENT]


@pytest.mark.parametrize("viewer", SEES_NOT, ids=lambda viewer: "-".join((viewer.subject, *viewer.roles)))
async def test_nobody_else_sees_it_on_any(context: GraphContext, viewer: Viewer) -> None:
    assert await ask(context, viewer, PAYMENT_BY_ID, id=PAYMENT) == {"payment": None}
    these = [{"__typename": "Payment", "id": PAYMENT}, {"__typename": "Order", "id": ORDER}]
    payment, order = (await ask(context, viewer, BY_REFERENCE, these=these))["_entities"]
    assert payment is None
    assert order["payments"] == []


async def test_what_is_unknown_or_malformed_is_null(context: GraphContext) -> None:
    unknown = typed_id("payment", uuid_of(9))
    for strange in (unknown, "payment_1", ORDER, "", "\ud800", "payment_" + "z" * 26):
        assert await ask(context, SEES[1], PAYMENT_BY_ID, id=strange) == {"payment": None}
    these = [
        {"__typename": kind, "id": strange} for kind in ("Payment", "Order") for strange in ("", "1", PAYMENT[:-1])
    ]
    assert (await ask(context, SEES[1], BY_REFERENCE, these=these))["_entities"] == [None] * 6


async def test_an_order_without_payments_has_an_empty_list(context: GraphContext) -> None:
    these = [{"__typename": "Order", "id": typed_id("order", uuid_of(number))} for number in (7, 1, 8)]
    orders = (await ask(context, SEES[1], BY_REFERENCE, these=these))["_entities"]
    assert [len(order["payments"]) for order in orders] == [0, 1, 0]
