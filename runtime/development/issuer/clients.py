"""The OAuth clients: a public one for web pages on this machine, and the demo partner."""

import hmac
from urllib.parse import urlsplit

from msgspec import Struct

from runtime.development.issuer.people import PARTNER, PARTNER_SCOPES

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Client(Struct, frozen=True, kw_only=True):
    """Answers what authlib asks of a client."""

    client_id: str
    secret: str | None = None
    grants: frozenset[str]
    scopes: tuple[str, ...]

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """All or nothing: asking for more than the client may have is refused, asking for nothing gives it all."""
        asked = tuple(dict.fromkeys(scope.split())) if scope else self.scopes
        return " ".join(asked) if set(asked) <= set(self.scopes) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Any port and path of this machine (RFC 8252 §7.3), and nowhere else."""
        try:
            parts = urlsplit(redirect_uri)
            loopback = parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port != 0
        except ValueError:
            return False
        return loopback and not parts.fragment and "@" not in parts.netloc

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and hmac.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and "authorization_code" in self.grants

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


def known_clients(partner_secret: str) -> dict[str, Client]:
    web = Client(client_id="web", grants=frozenset({"authorization_code", "refresh_token"}), scopes=("openid",))
    partner = Client(
        client_id=PARTNER, secret=partner_secret, grants=frozenset({"client_credentials"}), scopes=PARTNER_SCOPES
    )
    return {client.client_id: client for client in (web, partner)}
