"""Mints access tokens (RFC 9068, typ at+jwt), for the grants, for `make token` and for tests."""

import time
import uuid
from collections.abc import Callable, Collection

from joserfc import jwt
from msgspec import Struct

from runtime.development.issuer.keys import SigningKeys
from runtime.development.issuer.people import PARTNER, PARTNER_SCOPES, UnknownPerson, find_person


class Mint(Struct, frozen=True, kw_only=True):
    keys: SigningKeys
    issuer: str
    audience: str
    now: Callable[[], float] = time.time

    def access_token(
        self, subject: str, roles: Collection[str], scope: str, *, lifetime_s: float, client: str = "development"
    ) -> str:
        """An access token that lives `lifetime_s` from now; `scope` is a list separated by spaces."""
        issued_at = int(self.now())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "roles": sorted(roles),
            "scope": scope,
            "client_id": client,
            "iat": issued_at,
            "exp": issued_at + int(lifetime_s),
            "jti": uuid.uuid4().hex,
        }
        key = self.keys.current()
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=["ES256"])

    def development_token(self, name: str, *, lifetime_s: float) -> str:
        """An access token of a demo person or of the demo partner. Raises `UnknownPerson`."""
        if name == PARTNER:
            return self.access_token(name, ["partner"], " ".join(PARTNER_SCOPES), lifetime_s=lifetime_s, client=name)
        person = find_person(name)
        if person is None:
            raise UnknownPerson(name)
        return self.access_token(name, person.roles, "", lifetime_s=lifetime_s)
