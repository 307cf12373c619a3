"""Two small subgraphs that misbehave on request: dishes, and what people say of them. A process of its own.

`python -m tests.router.subgraphs DESCRIPTOR` serves /dishes/graphql and /praise/graphql; `… sdl FOLDER` writes their
schemas.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Self, cast

import strawberry
import uvicorn
from graphql import GraphQLError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.types.info import Info as StrawberryInfo
from strawberry.types.unset import UNSET

CREDENTIAL = "router-credential-of-tests"
REFUSED = "Bearer refused"
"""A token that opens no socket here."""

Given = dict[str, str | None]
Info = StrawberryInfo[dict[str, object], None]


def given_to(info: Info) -> Given:
    """What the router sent along: headers, or over WebSocket the connection parameters."""
    parameters = info.context.get("connection_params")
    if parameters is not None:
        return cast("Given", parameters)
    return dict(cast("Request", info.context["request"]).headers)


@strawberry.federation.type(shareable=True)
class Caller:
    """Who asks, as a subgraph is told."""

    authorization: str | None
    credential: str | None
    request_id: str | None
    traceparent: str | None
    consistency_token: str | None


def caller_of(info: Info) -> Caller:
    given = given_to(info)
    return Caller(
        authorization=given.get("authorization"),
        credential=given.get("x-router-credential"),
        request_id=given.get("x-request-id"),
        traceparent=given.get("traceparent"),
        consistency_token=given.get("x-consistency-token"),
    )


@strawberry.federation.type(keys=["id"])
class Dish:
    id: strawberry.ID
    name: str
    padding: str = ""
    caller: Caller | None = None

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Self:
        return cls(id=id, name=f"dish {id}")

    @strawberry.field
    def similar(self, first: int | None = UNSET) -> list["Dish"]:
        return [dish(f"{self.id}-{place}") for place in range(min(first or 2, 5))]


def dish(id: str) -> Dish:
    return Dish(id=strawberry.ID(id), name=f"dish {id}")


@strawberry.type
class Query:
    @strawberry.field
    def dish(self, id: strawberry.ID) -> Dish | None:
        return None if id == "none" else dish(id)

    @strawberry.field
    def dishes(self, first: int) -> list[Dish]:
        return [dish(str(place)) for place in range(min(first, 100))]

    @strawberry.field
    def echo(self, text: str) -> str:
        return text

    @strawberry.field
    def caller(self, info: Info) -> Caller:
        return caller_of(info)

    @strawberry.field
    def explode(self) -> str:
        raise RuntimeError("password=hunter2 at 10.0.0.7")

    @strawberry.field
    def refuse(self, code: str) -> str | None:
        raise GraphQLError("a sentence for clients", extensions={"code": code, "dsn": "postgresql://secret"})

    @strawberry.field
    async def never(self) -> str:
        await asyncio.Event().wait()
        return ""


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, id: strawberry.ID, name: str) -> Dish:
        return Dish(id=id, name=name)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def served(self, info: Info, count: int) -> AsyncGenerator[Dish, None]:
        """That many dishes, each with the caller the socket was opened for, and then the end."""
        for place in range(count):
            yield Dish(id=strawberry.ID(str(place)), name=f"dish {place}", caller=caller_of(info))

    @strawberry.subscription
    async def waiting(self) -> AsyncGenerator[Dish, None]:
        """One dish and then nothing, for ever."""
        yield dish("first")
        await asyncio.Event().wait()

    @strawberry.subscription
    async def silent(self) -> AsyncGenerator[Dish, None]:
        """Nothing, for ever."""
        await asyncio.Event().wait()
        yield dish("never")

    @strawberry.subscription
    async def flood(self, kilobytes: int) -> AsyncGenerator[Dish, None]:
        """Dishes without end, of that size each."""
        while True:
            yield Dish(id=strawberry.ID("flood"), name="flood", padding="x" * kilobytes * 1024)
            await asyncio.sleep(0)  # lets the socket send

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[Dish, None]:
        """One dish, and then an exception."""
        yield dish("first")
        raise RuntimeError("password=hunter2 at 10.0.0.7")

    @strawberry.subscription
    async def forbidden(self) -> AsyncGenerator[Dish, None]:
        raise GraphQLError("not yours", extensions={"code": "FORBIDDEN"})
        yield dish("never")


@strawberry.federation.type(keys=["id"], name="Dish")
class PraisedDish:
    id: strawberry.ID

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Self:
        return cls(id=id)

    @strawberry.field
    def praise(self) -> str | None:
        if self.id == "1":
            raise RuntimeError("password=hunter2 at 10.0.0.7")
        return f"people like {self.id}"

    @strawberry.field
    def praised_to(self, info: Info) -> Caller:
        return caller_of(info)


@strawberry.type
class PraiseQuery:
    @strawberry.field
    def loudest(self) -> PraisedDish:
        return PraisedDish(id=strawberry.ID("loud"))


DISHES = strawberry.federation.Schema(
    query=Query, mutation=Mutation, subscription=Subscription, federation_version="2.9"
)
PRAISE = strawberry.federation.Schema(query=PraiseQuery, types=[PraisedDish], federation_version="2.9")
SCHEMAS = {"dishes": DISHES, "praise": PRAISE}


class Guarded(GraphQL[dict[str, object], None]):
    """Refuses sockets without the router's credential, and of one caller."""

    async def on_ws_connect(self, context: dict[str, object]) -> dict[str, object] | None:
        parameters = cast("Given", context.get("connection_params") or {})
        if parameters.get("x-router-credential") != CREDENTIAL or parameters.get("authorization") == REFUSED:
            raise ConnectionRejectionError
        return None


class Subgraphs:
    """Each subgraph at its path; HTTP requests without the router's credential are refused."""

    def __init__(self) -> None:
        self.apps = {f"/{name}/graphql": Guarded(schema, graphql_ide=None) for name, schema in SCHEMAS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.apps.get(scope.get("path", ""))
        if scope["type"] == "http" and Headers(scope=scope).get("x-router-credential") != CREDENTIAL:
            await Response(status_code=401)(scope, receive, send)
        elif app is not None:
            await app(scope, receive, send)


def write_schemas(folder: Path) -> None:
    for name, schema in SCHEMAS.items():
        (folder / f"{name}.graphql").write_text(schema.as_str())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sdl", folder]:
            write_schemas(Path(folder))
        case [descriptor]:
            uvicorn.run(Subgraphs(), lifespan="off", fd=int(descriptor), log_level="warning", ws="websockets-sansio")
        case _:
            sys.exit(__doc__)
