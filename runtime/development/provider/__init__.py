"""The development payment provider: a process with books of its own, reached by HTTP only.

Its rules are those of the large card processors. Amounts are whole numbers in minor units, times are seconds since
1970. Every answer is JSON; every refusal is `{"error": {"code", "message"}}`. Everything below /v1 wants
`Authorization: Bearer <PROVIDER_SECRET>`.

    GET  /tokens                            a page on which a customer chooses a test card and gets a payment token
    POST /tokens {card}                     → 201 {token, card: {name, brand, last4}}; needs neither secret nor key
    POST /v1/authorisations                 {token, amount_minor, currency, reference} → 200 authorisation, or
                                            402 {error, authorisation} when the card is declined
    POST /v1/authorisations/ID/capture      {amount_minor}; once, at most what is authorised; the rest is let go
    POST /v1/authorisations/ID/void         {}; before it is captured
    POST /v1/authorisations/ID/refunds      {amount_minor}; in parts, together at most what is captured
    GET  /v1/authorisations/ID              → 200 authorisation
    GET  /v1/operations/KEY                 → 200 {key, operation, status: done | in_progress, http_status, answer}, or
                                            404 operation_unknown: nothing was done under this key
    GET  /v1/journal?after=0&limit=100      → 200 {entries: [{position, kind, authorisation_id, amount_minor, currency,
                                            reference, key, recorded_at}], next_after, has_more}; kind is authorised,
                                            declined, captured, voided or refunded; nothing is ever taken out

An authorisation is {id, status: authorised | declined | captured | voided, amount_minor, captured_minor,
refunded_minor, currency, reference, card, decline_code, created_at, expires_at}.

Every POST below /v1 needs an `Idempotency-Key`. The same key with the same request has one effect and gets the stored
answer again (`Idempotent-Replayed: true`), a decline or another refusal too; with another request it is 409
`idempotency_key_reused`; while the first is in progress, 409 `operation_in_progress`. Requests that cannot be read
(400, 401, 408, 413, 415) and mishaps before anything was done (500, 504) are not stored.

409, 402 and 422 say no for good. After a 5xx, or no answer, the outcome is unknown: ask for the operation by its key.
After 404 `operation_unknown` the call may be repeated with the same key.

422 codes: token_unknown, amount_exceeds_authorisation, authorisation_expired, authorisation_captured,
authorisation_voided, authorisation_declined, authorisation_authorised (a refund before the capture),
amount_exceeds_captured. 404: authorisation_unknown. Declines: the card's own code (`cards.py`).
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from runtime.development.listening import server
from runtime.development.provider.books import Books
from runtime.development.provider.cards import CARDS, cards_table
from runtime.development.provider.endpoints import Endpoints
from runtime.development.provider.token_page import TokenPage
from runtime.health import health_routes
from runtime.settings import Settings

__all__ = ["CARDS", "ProviderPlan", "cards_table", "provider_app", "run"]


class ProviderPlan(Struct, frozen=True, kw_only=True):
    """What the provider needs to know."""

    url: str
    folder: Path
    secret: str
    late_s: float = 8.0
    """How late the cards `late` and `pending` are answered."""
    stall_s: float = 30.0
    """How long a call hangs that is never answered; longer than any client waits."""
    authorisation_lifetime_s: float = 7 * 86_400


def plan_of(settings: Settings) -> ProviderPlan:
    return ProviderPlan(
        url=settings.provider_url,
        folder=settings.data_dir / "provider",
        secret=settings.provider_secret,
        late_s=settings.provider_late_seconds,
        stall_s=settings.provider_stall_seconds,
    )


def provider_app(plan: ProviderPlan) -> Starlette:
    """The provider as an ASGI application; its books are in `plan.folder`."""
    books = Books(plan.folder, authorisation_lifetime_s=plan.authorisation_lifetime_s)
    endpoints = Endpoints(books=books, secret=plan.secret, late_s=plan.late_s, stall_s=plan.stall_s)

    async def ready() -> None:
        await run_in_threadpool(books.journal, 0, 1)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        books.close()

    web_pages = Middleware(
        CORSMiddleware,
        allow_origin_regex=r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?",
        allow_methods=["GET", "POST"],
        allow_headers=["content-type"],
    )
    routes = [*TokenPage(books=books, url=plan.url).routes(), *endpoints.routes(), *health_routes({"books": ready})]
    return Starlette(routes=routes, middleware=[web_pages], lifespan=lifespan)


def run(settings: Settings) -> None:
    """Serves the provider until the process is told to stop."""
    server(provider_app(plan_of(settings)), settings.host, settings.provider_port).run()
