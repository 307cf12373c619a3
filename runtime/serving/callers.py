"""Callers: only the router comes in, and it says for whom; the token is verified here all the same."""

import hmac
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from math import inf

from kernel.graph.errors import Unauthenticated, Unavailable
from kernel.ownership import ANONYMOUS, Viewer
from runtime.adapters.tokens import InvalidToken

CREDENTIAL = "x-router-credential"
FORWARDED = (CREDENTIAL, "authorization", "x-request-id", "traceparent", "x-consistency-token")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)

Verify = Callable[[str], Awaitable[Viewer | InvalidToken]]


class NotAdmitted(Exception):
    """The caller is refused at the door, with an HTTP status, a code and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Caller:
    """Who asks, and within which request."""

    viewer: Viewer
    request_id: str
    traceparent: str | None
    consistency_token: str | None
    now: Callable[[], float] = time.time
    """Real time: tokens do not live in the platform's."""

    @property
    def trace_id(self) -> str | None:
        return self.traceparent.split("-")[1] if self.traceparent else None

    def remaining_s(self) -> float:
        """How long the token still lasts, in real seconds; zero or less when it has ended."""
        ends = self.viewer.expires_at
        return inf if ends is None else ends.timestamp() - self.now()

    def of_operation(self, ids: Mapping[str, object]) -> "Caller":
        """The same person within one operation of a shared socket, whose ids the router sends in `extensions`."""
        given = {name: value for name, value in ids.items() if isinstance(value, str)}
        return replace(
            self,
            request_id=request_id_of(given) if "x-request-id" in given else self.request_id,
            traceparent=traceparent_of(given) or self.traceparent,
        )


def request_id_of(given: Mapping[str, str]) -> str:
    """The router's request id where it is one, else a new one."""
    offered = given.get("x-request-id", "")
    return offered if _REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex


def traceparent_of(given: Mapping[str, str]) -> str | None:
    """The router's trace context where it is one."""
    offered = given.get("traceparent", "")
    return offered if _TRACEPARENT.fullmatch(offered) else None


class Door:
    """Lets the router in, with the person it speaks for."""

    def __init__(self, router_secret: str, verify: Verify, now: Callable[[], float] = time.time) -> None:
        self._secret = router_secret.encode()
        self._verify = verify
        self._now = now

    async def admit(self, given: Mapping[str, str]) -> Caller:
        """The caller that these lower-cased headers (or members of a connection_init) stand for.

        Raises:
            NotAdmitted: not the router, or a token that proves nothing.
        """
        credential = given.get(CREDENTIAL, "").encode(errors="surrogatepass")
        if not hmac.compare_digest(credential, self._secret):
            raise NotAdmitted(401, Unauthenticated.code, "Only the router may call a subgraph.")
        return Caller(
            viewer=await self._viewer(given.get("authorization")),
            request_id=request_id_of(given),
            traceparent=traceparent_of(given),
            consistency_token=given.get("x-consistency-token") or None,
            now=self._now,
        )

    async def _viewer(self, authorization: str | None) -> Viewer:
        if not authorization:
            return ANONYMOUS
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAdmitted(401, Unauthenticated.code, "Authorization must be a bearer token.")
        verdict = await self._verify(token.strip())
        if isinstance(verdict, Viewer):
            return verdict
        if verdict.reason == "keys_unavailable":
            raise NotAdmitted(503, Unavailable.code, "The token cannot be verified just now.")
        if verdict.reason == "expired":
            raise NotAdmitted(401, Unauthenticated.code, "The token has expired.")
        raise NotAdmitted(401, Unauthenticated.code, "The token is not valid.")
