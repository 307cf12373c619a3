"""The issuer's HTTP endpoints: discovery, keys, sign-in page, token, revocation, userinfo."""

import re
import time
from collections.abc import Awaitable, Callable
from html import escape
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.adapters.tokens import InvalidToken, Rules, check, read_header, read_keys
from runtime.development.issuer.grants import SCOPES, Authority, Question, Reply
from runtime.development.issuer.people import PEOPLE, find_person
from runtime.development.pages import button, note, page, table
from runtime.development.reading import Unreadable, read_form, read_query

NO_PASSWORDS = "Everybody here is made up and there are no passwords: whoever reaches this page may be anyone."


class Endpoints(Struct, frozen=True):
    authority: Authority

    def routes(self) -> list[Route]:
        return [
            Route("/", self.welcome),
            Route("/.well-known/openid-configuration", self.discovery),
            Route("/.well-known/oauth-authorization-server", self.discovery),
            Route("/jwks", self.jwks),
            Route("/authorize", guarded(self.sign_in_page), methods=["GET"]),
            Route("/authorize", guarded(self.signed_in), methods=["POST"]),
            Route("/token", guarded(self.token), methods=["POST"]),
            Route("/revoke", guarded(self.revoke), methods=["POST"]),
            Route("/userinfo", self.userinfo, methods=["GET", "POST"]),
        ]

    async def discovery(self, request: Request) -> Response:
        issuer = self.authority.mint.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "revocation_endpoint": f"{issuer}/revoke",
                "scopes_supported": list(SCOPES),
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def jwks(self, request: Request) -> Response:
        keys = await run_in_threadpool(self.authority.mint.keys.published)
        return JSONResponse(keys, headers={"Cache-Control": "public, max-age=60"})

    async def welcome(self, request: Request) -> Response:
        people = table(
            ("Name", "Roles", ""), [(person.name, ", ".join(person.roles), person.says) for person in PEOPLE]
        )
        says = (
            f"{people}<p>Restaurants have owners named <code>owner-&lt;OpenStreetMap number&gt;</code>.</p>"
            "<p>A token for the command line: <code>make token AS=aino</code></p>"
        )
        return page("Development sign-in", note(NO_PASSWORDS) + says)

    async def sign_in_page(self, request: Request) -> Response:
        question = asked(request, read_query(request))
        objection = await answered(self.authority.objection, question)
        return sent(objection) if objection else sign_in_form(request)

    async def signed_in(self, request: Request) -> Response:
        name = (await read_form(request)).get("person", "")
        person = find_person(name)
        if name and person is None:
            raise Unreadable(400, "Nobody has this name.")
        question = asked(request, read_query(request))
        return sent(await answered(lambda question: self.authority.sign_in(question, person), question))

    async def token(self, request: Request) -> Response:
        return sent(await answered(self.authority.token, asked(request, await read_form(request))))

    async def revoke(self, request: Request) -> Response:
        return sent(await answered(self.authority.revoke, asked(request, await read_form(request))))

    async def userinfo(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        person = await run_in_threadpool(self._bearer, token.strip()) if scheme.lower() == "bearer" else None
        if person is None:
            return JSONResponse({"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return JSONResponse(person, headers={"Cache-Control": "no-store"})

    def _bearer(self, token: str) -> dict[str, object] | None:
        mint = self.authority.mint
        header = read_header(token)
        if isinstance(header, InvalidToken):
            return None
        key = read_keys(msgspec.json.encode(mint.keys.published())).get(header.kid)
        claims = check(token, key, Rules(issuer=mint.issuer, audience=mint.audience), time.time()) if key else None
        if claims is None or isinstance(claims, InvalidToken):
            return None
        return {"sub": claims.sub, "name": claims.sub, "roles": claims.roles}


Answer = TypeVar("Answer")
Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(endpoint: Endpoint) -> Endpoint:
    """Answers what cannot be read with 4xx."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Unreadable as error:
            body = {"error": "invalid_request", "error_description": str(error)}
            return JSONResponse(body, error.status)

    return answer


async def answered(ask: Callable[[Question], Answer], question: Question) -> Answer:
    """authlib's answer, from a thread. It raises ValueError for text that it cannot read or repeat in an error."""
    try:
        return await run_in_threadpool(ask, question)
    except ValueError as error:
        raise Unreadable(400, "A parameter is not well formed.") from error


def asked(request: Request, values: dict[str, str]) -> Question:
    """What authlib is shown: the address it is told is our own, whatever the Host header claims."""
    authorization = request.headers.get("authorization", "")
    headers = {"Authorization": authorization} if re.fullmatch(r"Basic [A-Za-z0-9+/]+=*", authorization) else {}
    return Question(request.method, f"http://localhost{request.url.path}", headers, values)


def sent(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers)


def sign_in_form(request: Request) -> Response:
    action = escape(f"/authorize?{request.scope['query_string'].decode('ascii')}")
    rows = [
        (button("person", person.name, person.name), escape(", ".join(person.roles)), escape(person.says))
        for person in PEOPLE
    ]
    owner = (
        '<p><label>The owner of a restaurant: <input name="person" pattern="owner-[0-9]+" required '
        'placeholder="owner-25038879"></label> <button>Sign in</button></p>'
    )
    return page(
        "Who are you?",
        note(NO_PASSWORDS)
        + f'<form method="post" action="{action}">{table(("", "Roles", ""), rows)}</form>'
        + f'<form method="post" action="{action}">{owner}</form>'
        + f'<form method="post" action="{action}">{button("person", "", "Nobody, go back")}</form>',
    )
