"""Partners order for themselves, as far as the scopes of their token go."""

import msgspec
import pytest

from tests.orders.bench import Bench
from tests.orders.errands import ADDRESS, placed, quoted, shown
from tests.orders.ordering import (
    PARTNER,
    PLAIN_PARTNER,
)

pytestmark = pytest.mark.anyio

OWN = "{ orders(first: 100) { nodes { id } } }"


async def test_a_partner_orders_sees_and_cancels_its_own(bench: Bench) -> None:
    order_id = await placed(bench, PARTNER)
    others = await placed(bench)
    seen = await shown(bench, PARTNER, order_id)
    assert seen is not None
    assert seen["deliveryAddress"] == ADDRESS
    assert seen["availableActions"] == ["CANCEL_ORDER"]
    assert await shown(bench, PARTNER, others) is None
    assert await bench.ask(PARTNER, OWN) == {"orders": {"nodes": [{"id": order_id}]}}
    cancelled = await bench.change(PARTNER, "cancelOrder", {"orderId": order_id})
    assert cancelled["__typename"] == "CancelOrderSuccess"


async def test_a_partner_without_the_scope_is_nobody(bench: Bench) -> None:
    order_id = await placed(bench, PARTNER)
    assert (await quoted(bench, PLAIN_PARTNER))["__typename"] == "NotAllowed"
    assert await shown(bench, PLAIN_PARTNER, order_id) is None
    assert await bench.ask(PLAIN_PARTNER, OWN) == {"orders": None}
    quote_id = (await quoted(bench, PARTNER))["quote"]["id"]
    given = {"quoteId": quote_id, "paymentToken": "tok_visa"}
    assert (await bench.change(PLAIN_PARTNER, "placeOrder", given))["__typename"] == "NotAllowed"
    reader = msgspec.structs.replace(PARTNER, scopes=frozenset({"order:read"}))
    assert await shown(bench, reader, order_id) is not None
    assert (await bench.change(reader, "placeOrder", given))["__typename"] == "NotAllowed"
    assert (await bench.change(reader, "cancelOrder", {"orderId": order_id}))["__typename"] == "NotAllowed"
