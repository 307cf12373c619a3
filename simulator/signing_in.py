"""Signs a made-up person in, as a page in a browser would: OpenID Connect, authorization code with PKCE."""

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
from msgspec import MsgspecError, Struct, json

from simulator.graph.operations import Outage
from simulator.graph.patience import Patience

CLIENT_ID = "web"
REDIRECT_URI = "http://127.0.0.1/signed-in"
"""Nobody listens there: the code is read off the redirect."""

LEEWAY_S = 30.0
PATIENT = Patience()


class SignInRefused(Exception):
    """The issuer knows nobody of this name, or not this client."""


class Tokens(Struct, frozen=True):
    access_token: str
    expires_in: float


class SignedIn:
    """Credentials of one person; signs in when a token is first needed and again before it runs out."""

    def __init__(self, person: str, issuer: str, http: httpx.AsyncClient, patience: Patience = PATIENT) -> None:
        """`issuer` is its URL; `http` is shared and stays open."""
        self.person = person
        self._issuer = issuer.rstrip("/")
        self._http = http
        self._patience = patience
        self._token = ""
        self._good_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def token(self) -> str:
        """Raises Outage when the issuer is out for longer than patience lasts, SignInRefused when it says no."""
        async with self._one_at_a_time:
            if time.monotonic() >= self._good_until:
                tokens = await self._sign_in_patiently()
                self._token = tokens.access_token
                self._good_until = time.monotonic() + tokens.expires_in - LEEWAY_S
            return self._token

    def forget(self) -> None:
        self._good_until = 0.0

    async def _sign_in_patiently(self) -> Tokens:
        for wait in self._patience.waits():
            try:
                return await self._sign_in()
            except Outage:
                await asyncio.sleep(wait)
        return await self._sign_in()

    async def _sign_in(self) -> Tokens:
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        back = await self._post("/authorize", {"person": self.person}, asked)
        code = code_in(back.headers.get("location", ""), asked["state"])
        if code is None:
            raise SignInRefused(f"{self._issuer} did not sign {self.person} in: {back.status_code} {back.text[:200]}")
        return await self._redeem(code, verifier)

    async def _redeem(self, code: str, verifier: str) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "client_id": CLIENT_ID,
            "code_verifier": verifier,
        }
        answer = await self._post("/token", form, {})
        if answer.status_code != 200:
            raise SignInRefused(f"{self._issuer} gave {self.person} no token: {answer.text[:200]}")
        try:
            return json.decode(answer.content, type=Tokens)
        except MsgspecError as noise:
            raise SignInRefused(f"{self._issuer} answered no tokens: {noise}") from noise

    async def _post(self, path: str, form: Mapping[str, str], query: Mapping[str, str]) -> httpx.Response:
        try:
            answer = await self._http.post(f"{self._issuer}{path}", params=query, data=form)
        except httpx.TransportError as cut:
            raise Outage(f"The issuer at {self._issuer} does not answer: {cut or type(cut).__name__}.") from cut
        if answer.status_code >= 500:
            raise Outage(f"The issuer at {self._issuer} answered {answer.status_code}.")
        return answer


def code_in(location: str, state: str) -> str | None:
    """The code in the address that the browser is sent back to, if it answers our `state`."""
    fields = parse_qs(urlsplit(location).query)
    return fields.get("code", [None])[0] if fields.get("state") == [state] else None
