"""The development OIDC issuer: a process of its own that signs demo people in without passwords.

`run(settings)` serves it; `token_of(settings, name)` is what `make token AS=name` prints.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from runtime.development.issuer.clients import known_clients
from runtime.development.issuer.endpoints import Endpoints
from runtime.development.issuer.grants import Authority
from runtime.development.issuer.keys import SigningKeys
from runtime.development.issuer.minting import Mint
from runtime.development.issuer.people import UnknownPerson
from runtime.development.issuer.sessions import Sessions
from runtime.development.listening import server
from runtime.health import health_routes
from runtime.settings import Settings

__all__ = ["IssuerPlan", "UnknownPerson", "issuer_app", "mint_of", "run", "token_of"]


class IssuerPlan(Struct, frozen=True, kw_only=True):
    """What the issuer needs to know; lifetimes in seconds."""

    issuer: str
    audience: str
    folder: Path
    partner_secret: str
    token_lifetime_s: int = 900
    development_token_lifetime_s: int = 43_200


def plan_of(settings: Settings) -> IssuerPlan:
    return IssuerPlan(
        issuer=settings.issuer_url,
        audience=settings.audience,
        folder=settings.data_dir / "issuer",
        partner_secret=settings.partner_secret,
        token_lifetime_s=settings.token_seconds,
        development_token_lifetime_s=settings.development_token_seconds,
    )


def mint_of(plan: IssuerPlan) -> Mint:
    return Mint(keys=SigningKeys(plan.folder), issuer=plan.issuer, audience=plan.audience)


def issuer_app(plan: IssuerPlan) -> Starlette:
    """The issuer as an ASGI application; its state is in `plan.folder`."""
    sessions = Sessions(plan.folder)
    clients = known_clients(plan.partner_secret)
    authority = Authority(mint_of(plan), clients, sessions, plan.token_lifetime_s)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        sessions.close()

    async def ready() -> None:
        await run_in_threadpool(authority.mint.keys.published)

    web_pages = Middleware(
        CORSMiddleware,
        allow_origin_regex=r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?",
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
    )
    routes = [*Endpoints(authority).routes(), *health_routes({"keys": ready})]
    return Starlette(routes=routes, middleware=[web_pages], lifespan=lifespan)


def run(settings: Settings) -> None:
    """Serves the issuer until the process is told to stop."""
    server(issuer_app(plan_of(settings)), settings.host, settings.issuer_port).run()


def token_of(settings: Settings, name: str) -> str:
    """A development token of a demo person, good for 12 h unless set otherwise. Raises `UnknownPerson`."""
    plan = plan_of(settings)
    return mint_of(plan).development_token(name, lifetime_s=plan.development_token_lifetime_s)
