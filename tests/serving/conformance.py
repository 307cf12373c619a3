"""Conformance: whatever documents a schema allows, they are answered with data and, at most, the contract's errors.

    async def test_every_document_is_answered_as_the_contract_says(...):
        await check_app(build_app([served], door), "/orders/graphql", ORDERS.schema.core, ROUTER, tokens=[…])

`check_schema` is the same for a server by URL, the router's included; it blocks, so call it outside of an event loop.
schemathesis generates the documents. Subscriptions it ignores. Each scalar of the graph has its strategy here.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import cycle
from typing import Any, cast

import requests
import schemathesis
from graphql import GraphQLSchema, introspection_from_schema
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from starlette.applications import Starlette

from kernel.graph.currencies import MINOR_DIGITS
from tests.serving.guests import serving

ALLOWED = frozenset({"BAD_USER_INPUT", "LIMIT_EXCEEDED"})
"""The top-level codes that a document made from the schema may be answered with."""

EXAMPLES = 25
SAFE = 2**53

_clock = st.times().map(lambda at: at.replace(microsecond=0).isoformat())
_dates = st.dates(min_value=date(1970, 1, 1)).map(str)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "MinorUnits": st.integers(-SAFE, SAFE).map(nodes.Int),
    "DateTime": st.tuples(_dates, _clock).map(lambda parts: nodes.String(f"{parts[0]}T{parts[1]}Z")),
    "LocalDate": _dates.map(nodes.String),
    "LocalTime": _clock.map(lambda text: nodes.String(text[:5])),
    "TimeZone": st.sampled_from(["Europe/Helsinki", "Asia/Kolkata", "UTC", "America/St_Johns"]).map(nodes.String),
    "Duration": st.integers(0, 10_000).map(lambda minutes: nodes.String(f"PT{minutes}M")),
    "Currency": st.sampled_from(sorted(MINOR_DIGITS)).map(nodes.String),
    "Locale": st.sampled_from(["fi", "en-GB", "sv-FI", "zh-Hant-TW", "es-419"]).map(nodes.String),
    "UUID": st.uuids().map(lambda uuid: nodes.String(str(uuid))),
    "_Any": st.just(nodes.String("not a representation")),
}
for _name, _strategy in STRATEGIES.items():
    schemathesis.graphql.scalar(_name, _strategy)


class Misanswered(AssertionError):
    """An answer outside of the contract."""


def operations(schema: GraphQLSchema) -> Iterator[Any]:
    """Every query and mutation of `schema`, as schemathesis sees it."""
    introspection = cast("dict[str, Any]", introspection_from_schema(schema))
    loaded: Any = schemathesis.graphql.from_dict(introspection)
    for result in loaded.get_all_operations():
        yield result.ok()


def check_schema(
    schema: GraphQLSchema,
    url: str,
    headers: Mapping[str, str],
    *,
    tokens: Sequence[str | None] = (None,),
    allowed: frozenset[str] = ALLOWED,
    examples: int = EXAMPLES,
) -> int:
    """Asks `url` for `examples` documents of each operation; the number of answers that were looked at.

    The bearer `tokens` take turns; None is nobody's.

    Raises:
        Misanswered: an answer that is no JSON, a status other than 200 or 400, or an error of another code.
    """
    looked_at = 0
    session = requests.Session()
    bearers = cycle({} if token is None else {"authorization": f"Bearer {token}"} for token in tokens)
    for operation in operations(schema):

        @seed(4)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal looked_at
            answer = case.call(base_url=url, session=session, headers={**headers, **next(bearers)})
            check_answer(answer.status_code, answer.content, f"{case.body}", allowed)
            looked_at += 1

        ask()
    session.close()
    return looked_at


def check_answer(status: int, content: bytes, asked: str, allowed: frozenset[str] = ALLOWED) -> None:
    """Raises `Misanswered` for an answer outside of the contract."""
    if status not in {200, 400}:
        raise Misanswered(f"status {status} for {asked}: {content[:500]!r}")
    try:
        answer = json.loads(content)
    except ValueError:
        raise Misanswered(f"no JSON for {asked}: {content[:500]!r}") from None
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        raise Misanswered(f"no GraphQL for {asked}: {content[:500]!r}")
    for error in cast("dict[str, Any]", answer).get("errors", []):
        if error.get("extensions", {}).get("code") not in allowed:
            raise Misanswered(f"{error} for {asked}")


async def check_app(
    app: Starlette,
    path: str,
    schema: GraphQLSchema,
    headers: Mapping[str, str],
    *,
    tokens: Sequence[str | None] = (None,),
    examples: int = EXAMPLES,
) -> int:
    """As `check_schema`, for an application of this process and its event loop, behind a real server."""
    async with serving(app) as server:
        check = partial(check_schema, schema, server.url + path, headers, tokens=tokens, examples=examples)
        return await asyncio.to_thread(check)
