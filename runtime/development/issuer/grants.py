"""What authlib's framework-neutral server needs to know of us: it speaks OAuth, we keep people, codes and families.

Everything here blocks (SQLite, signatures) and therefore runs in a thread pool.
"""

# authlib ships no types: what comes from it is unknown to the type checker, in this file alone.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportUntypedBaseClass=false, reportIncompatibleMethodOverride=false, reportUnknownLambdaType=false

import json
import secrets
from typing import Any, NamedTuple, cast

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidGrantError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6750.token import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import ECKey
from prometheus_client import Counter

from runtime.development.issuer.clients import Client
from runtime.development.issuer.minting import Mint
from runtime.development.issuer.people import PARTNER_SCOPES, Person, find_person
from runtime.development.issuer.sessions import Code, Refresh, Sessions

TOKENS = Counter("issuer_tokens", "Access tokens issued by the development issuer.", ["grant"])
SCOPES = ("openid", *PARTNER_SCOPES)


class Reply(NamedTuple):
    """An answer that any web framework can send."""

    status: int
    body: str
    headers: dict[str, str]


class Question(OAuth2Request):
    """A request whose parameters were read and bounded before; `form` is empty for a GET."""

    def __init__(self, method: str, uri: str, headers: dict[str, str], values: dict[str, str]) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(values)
        self._values = values

    @property
    def args(self) -> dict[str, str]:
        return self._values

    @property
    def form(self) -> dict[str, str]:
        return self._values


class CodeGrant(AuthorizationCodeGrant):
    """Code for public clients; PKCE is required of all of them."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        granted = {
            "family": secrets.token_hex(16),
            "client_id": request.client.client_id,
            "subject": request.user.name,
            "redirect_uri": request.payload.redirect_uri or "",
            "scope": request.scope or "",
            "nonce": request.payload.data.get("nonce", ""),
            "challenge": request.payload.data["code_challenge"],
        }
        self.server.sessions.save_code(code, granted)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.sessions.code(code)
        if found is None or found.client_id != client.client_id:
            return None
        if found.used:  # Whoever comes second may be a thief, and so may whoever came first.
            self.server.sessions.end_family(found.family)
            return None
        return found

    def authenticate_user(self, authorization_code: Code) -> Person | None:
        """Called once everything else is right, so the code is spent here; None refuses the grant."""
        if not self.server.sessions.spend_code(authorization_code):
            self.server.sessions.end_family(authorization_code.family)
            return None
        return find_person(authorization_code.subject)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """A spent code is kept, to notice a second use."""


class RotatingRefreshGrant(RefreshTokenGrant):
    """Every refresh token is good for one use; a second use ends its whole family."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Refresh | None:
        found: Refresh | None = self.server.sessions.refresh(refresh_token)
        if found and found.used and found.check_client(self.request.client):
            self.server.sessions.end_family(found.family)
            return None
        return found

    def authenticate_user(self, refresh_token: Refresh) -> Person:
        person = find_person(refresh_token.subject)
        if person is None:
            raise InvalidGrantError("This person is not known any more.")
        if not self.server.sessions.spend_refresh(refresh_token):
            self.server.sessions.end_family(refresh_token.family)
            raise InvalidGrantError("This refresh token was used before.")
        return person

    def revoke_old_credential(self, refresh_token: Refresh) -> None:
        """It was spent before the new one was made."""


class PartnerGrant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class RequiredChallenge(CodeChallenge):
    """PKCE with S256 and nothing else, refused already at the sign-in page."""

    def __init__(self) -> None:
        super().__init__(required=True)
        self.SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with code_challenge_method S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class IdTokens(OpenIDCode):
    def __init__(self, mint: Mint, sessions: Sessions) -> None:
        super().__init__(require_nonce=False)
        self._mint = mint
        self._sessions = sessions

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return self._sessions.nonce_seen(request.payload.client_id, nonce)

    def resolve_client_private_key(self, client: Client) -> ECKey:
        return self._mint.keys.current()

    def get_client_algorithm(self, client: Client) -> str:
        return "ES256"

    def get_encode_header(self, client: Client) -> dict[str, str]:
        return {"alg": "ES256", "kid": self._mint.keys.current().kid or ""}

    def get_client_claims(self, client: Client) -> dict[str, str]:
        return {"iss": self._mint.issuer}

    def generate_user_info(self, user: Person, scope: str) -> dict[str, object]:
        return {"sub": user.name, "name": user.name, "roles": list(user.roles)}


class Revocation(RevocationEndpoint):
    """Ends the family of a refresh token; access tokens are short-lived and run out by themselves."""

    CLIENT_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Refresh | None:
        return self.server.sessions.refresh(token_string)

    def revoke_token(self, token: Refresh, request: Any) -> None:
        self.server.sessions.end_family(token.family)


class Authority(AuthorizationServer):
    """authlib's server over our people, clients and sessions. Every method blocks."""

    def __init__(self, mint: Mint, clients: dict[str, Client], sessions: Sessions, lifetime_s: int) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.mint = mint
        self.clients = clients
        self.sessions = sessions
        self._lifetime_s = lifetime_s
        bearer = BearerTokenGenerator(
            self._access_token, lambda **_: secrets.token_urlsafe(32), lambda client, grant_type: lifetime_s
        )
        self.register_token_generator("default", bearer)
        self.register_grant(CodeGrant, [RequiredChallenge(), IdTokens(mint, sessions)])
        self.register_grant(RotatingRefreshGrant)
        self.register_grant(PartnerGrant)
        self.register_endpoint(Revocation)

    def objection(self, question: Question) -> Reply | None:
        """What is wrong with a request for the sign-in page, or None."""
        try:
            self.get_consent_grant(question)
        except OAuth2Error as error:
            return self._with_issuer(cast("Reply", self.handle_error_response(question, error)))
        return None

    def sign_in(self, question: Question, person: Person | None) -> Reply:
        """Sends the browser back with a code, or with access_denied when nobody signed in."""
        try:
            grant = self.get_consent_grant(question, end_user=person)
        except OAuth2Error as error:
            return self._with_issuer(cast("Reply", self.handle_error_response(question, error)))
        answer = self.create_authorization_response(question, grant_user=person, grant=grant)
        return self._with_issuer(cast("Reply", answer))

    def token(self, question: Question) -> Reply:
        return cast("Reply", self.create_token_response(question))

    def revoke(self, question: Question) -> Reply:
        return cast("Reply", self.create_endpoint_response("revocation", question))

    def query_client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    def save_token(self, token: dict[str, str], request: Any) -> None:
        granted = request.authorization_code or request.refresh_token
        if granted and "refresh_token" in token:
            self.sessions.save_refresh(token["refresh_token"], granted)

    def create_oauth2_request(self, request: Question) -> Question:
        return request

    def handle_response(self, status: int, body: object, headers: Any) -> Reply:
        text = body if isinstance(body, str) else json.dumps(body)
        return Reply(status, text, dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def _access_token(self, *, client: Any, grant_type: str, user: Person | None, scope: str) -> str:
        TOKENS.labels(grant_type).inc()
        subject, roles = (user.name, user.roles) if user else (client.client_id, ("partner",))
        return self.mint.access_token(subject, roles, scope, lifetime_s=self._lifetime_s, client=client.client_id)

    def _with_issuer(self, reply: Reply) -> Reply:
        """Says who answers (RFC 9207), so that a client with several issuers cannot be confused."""
        place = reply.headers.get("Location")
        if place is None:
            return reply
        return reply._replace(
            headers={**reply.headers, "Location": add_params_to_uri(place, [("iss", self.mint.issuer)])}
        )
