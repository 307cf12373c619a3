"""Text arrives at a subgraph as the client wrote it, however strange."""

import httpx
import pytest

pytestmark = pytest.mark.anyio

ECHOED = [
    "",
    "\x00",
    "𝕏 ä",
    "\u2028",
    '"\\',
    "'; drop table orders; --",
    "${jndi:ldap://x}",
    "__proto__",
    "x" * 100_000,
]


@pytest.mark.parametrize("text", ECHOED, ids=lambda text: repr(text[:20]))
async def test_strange_text_arrives_as_it_is(client: httpx.AsyncClient, text: str) -> None:
    body = {"query": "query($text: String!) { echo(text: $text) }", "variables": {"text": text, "__proto__": {"x": 1}}}
    response = await client.post("/graphql", json=body)
    assert response.json() == {"data": {"echo": text}}
