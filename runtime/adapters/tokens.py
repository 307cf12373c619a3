"""Verifies access tokens (RFC 9068) against the issuer's published keys, without asking the issuer each time."""

import asyncio
import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import httpx
import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from msgspec import Meta, Struct, field

from kernel.messages import Value
from kernel.ownership import Viewer

ALGORITHM = "ES256"
GREATEST_LEEWAY_S = 60
GREATEST_TOKEN_CHARACTERS = 8_192
GREATEST_KEY_SET_BYTES = 65_536

Reason = Literal[
    "malformed",
    "algorithm",
    "type",
    "unknown_key",
    "signature",
    "issuer",
    "audience",
    "expired",
    "not_yet_valid",
    "keys_unavailable",
]
Keys = Mapping[str, ECKey]
"""Key id → the public key that may verify with ES256 and nothing else."""

Instant = Annotated[float, Meta(ge=0, le=253_402_300_799)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class InvalidToken(Value):
    """The token proves nothing. `keys_unavailable` alone is worth a retry: we could not ask the issuer for its keys."""

    reason: Reason


class Header(Struct, frozen=True, forbid_unknown_fields=True):
    """All a header may say. jku, x5u, an embedded jwk, crit and b64 are unknown fields, hence refused."""

    alg: str
    typ: str
    kid: Name
    x5t: str = ""


class Claims(Struct, frozen=True):
    iss: str
    sub: Name
    aud: str | list[str]
    exp: Instant
    nbf: Instant = 0
    roles: Annotated[list[Name], Meta(max_length=50)] = field(default_factory=list[str])
    scope: Annotated[str, Meta(max_length=2_000)] = ""


class KeySet(Struct, frozen=True):
    keys: list[dict[str, object]]


class Discovery(Struct, frozen=True):
    issuer: str
    jwks_uri: str


class Rules(Value):
    """What a claim set must say to be ours."""

    issuer: str
    audience: str
    leeway_s: float = 30

    def __post_init__(self) -> None:
        if not 0 <= self.leeway_s <= GREATEST_LEEWAY_S:
            raise ValueError(f"A leeway is 0 to {GREATEST_LEEWAY_S} s, not {self.leeway_s} s.")


class Verified(Value):
    viewer: Viewer
    kid: str
    until: float


def read_segment(text: str) -> bytes | None:
    """The bytes of a segment, or None unless it is the one canonical unpadded base64url spelling of them."""
    try:
        read = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return read if base64.urlsafe_b64encode(read).rstrip(b"=") == text.encode() else None


def read_header(token: str) -> Header | InvalidToken:
    """The header of a token whose three segments are well formed; its signature is not looked at."""
    segments = token.split(".") if len(token) <= GREATEST_TOKEN_CHARACTERS and token.isascii() else []
    parts = [read_segment(segment) for segment in segments]
    if len(parts) != 3 or not all(parts):
        return InvalidToken(reason="malformed")
    try:
        header = msgspec.json.decode(parts[0] or b"", type=Header)
    except (msgspec.DecodeError, RecursionError):
        return InvalidToken(reason="malformed")
    if header.alg != ALGORITHM:
        return InvalidToken(reason="algorithm")
    if header.typ.lower().removeprefix("application/") != "at+jwt":
        return InvalidToken(reason="type")
    return header


def check(token: str, key: ECKey, rules: Rules, now: float) -> Claims | InvalidToken:
    """The claims of a token that `key` signed and `rules` accept. `now` is real time in seconds."""
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload
        claims = msgspec.json.decode(payload or b"", type=Claims)
    except (msgspec.DecodeError, RecursionError):
        return InvalidToken(reason="malformed")
    except (JoseError, ValueError):
        return InvalidToken(reason="signature")
    reason = objection(claims, rules, now)
    return InvalidToken(reason=reason) if reason else claims


def objection(claims: Claims, rules: Rules, now: float) -> Reason | None:
    if claims.iss != rules.issuer:
        return "issuer"
    if rules.audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
        return "audience"
    if now >= claims.exp + rules.leeway_s:
        return "expired"
    if now < claims.nbf - rules.leeway_s:
        return "not_yet_valid"
    return None


def viewer_of(claims: Claims) -> Viewer:
    return Viewer(
        subject=claims.sub,
        roles=frozenset(claims.roles),
        scopes=frozenset(claims.scope.split()),
        expires_at=datetime.fromtimestamp(claims.exp, UTC),
    )


def read_keys(document: bytes) -> dict[str, ECKey]:
    """The keys of a JWKS that may verify ES256; every other key is passed over. Raises `msgspec.DecodeError`."""
    entries = msgspec.json.decode(document, type=KeySet).keys
    keys: dict[str, ECKey] = {}
    for entry in entries:
        wanted = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": ALGORITHM}
        kid = entry.get("kid")
        if isinstance(kid, str) and all(entry.get(name, value) == value for name, value in wanted.items()):
            try:
                point = {name: str(entry.get(name)) for name in ("kty", "crv", "x", "y")}
                keys[kid] = ECKey.import_key({**point, "kid": kid})
            except (JoseError, ValueError):
                continue
    return keys


class TokenVerifier:
    """Tells who a token speaks for. One per process; safe for any number of concurrent callers.

    Keys are fetched once and kept: they go on serving while the issuer is away. An unknown key id fetches them again,
    once for all who wait and at most every `refetch_interval_s` (0.5 s while there are none). Keys older than
    `keys_last_s` are fetched again by one caller while the others use what is there. A verified token is remembered
    until it expires or its key is withdrawn.
    """

    def __init__(
        self,
        rules: Rules,
        http: httpx.AsyncClient,
        *,
        now: Callable[[], float] = time.time,
        refetch_interval_s: float = 5,
        keys_last_s: float = 300,
        remembered: int = 10_000,
    ) -> None:
        self.rules = rules
        self._http = http
        self._now = now
        self._refetch_interval_s = refetch_interval_s
        self._keys_last_s = keys_last_s
        self._remembered = remembered
        self._verified: dict[bytes, Verified] = {}
        self._keys: Keys = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def verify(self, token: str) -> Viewer | InvalidToken:
        """Who the token speaks for; `expires_at` is the token's own, without leeway. Never raises for any text.

        Waits for the network only when keys are missing or old, and then at most 2 s for each document.
        """
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        known = self._verified.get(digest)
        if known and known.kid in self._keys and self._now() < known.until:
            return known.viewer
        header = read_header(token)
        if isinstance(header, InvalidToken):
            return header
        key = await self._key(header.kid)
        if isinstance(key, InvalidToken):
            return key
        claims = check(token, key, self.rules, self._now())
        if isinstance(claims, InvalidToken):
            return claims
        verified = Verified(viewer=viewer_of(claims), kid=header.kid, until=claims.exp + self.rules.leeway_s)
        self._remember(digest, verified)
        return verified.viewer

    async def _key(self, kid: str) -> ECKey | InvalidToken:
        old = self._now() - self._fetched_at > self._keys_last_s
        if kid not in self._keys or (old and not self._fetching.locked()):
            async with self._fetching:
                await self._fetch_unless_just_asked()
        if kid in self._keys:
            return self._keys[kid]
        return InvalidToken(reason="unknown_key" if self._keys else "keys_unavailable")

    async def _fetch_unless_just_asked(self) -> None:
        interval_s = self._refetch_interval_s if self._keys else min(0.5, self._refetch_interval_s)
        if abs(self._now() - self._asked_at) < interval_s:
            return
        self._asked_at = self._now()
        try:
            self._keys = await self._published_keys() or self._keys
            self._fetched_at = self._now()
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError):
            return  # The issuer is away or talks nonsense: the keys we have go on serving.

    async def _published_keys(self) -> Keys:
        document = await self._get(f"{self.rules.issuer.rstrip('/')}/.well-known/openid-configuration")
        discovery = msgspec.json.decode(document, type=Discovery)
        if discovery.issuer != self.rules.issuer:
            return {}
        return read_keys(await self._get(discovery.jwks_uri))

    async def _get(self, url: str) -> bytes:
        answer = await self._http.get(url, timeout=2, follow_redirects=False)
        answer.raise_for_status()
        return answer.content if len(answer.content) <= GREATEST_KEY_SET_BYTES else b""

    def _remember(self, digest: bytes, verified: Verified) -> None:
        while len(self._verified) >= self._remembered:
            self._verified.pop(next(iter(self._verified)))
        self._verified[digest] = verified
