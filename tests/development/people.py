"""A development issuer for tests: real HTTP on a free port, in a thread, so that sync and async tests may use it.

with issuer_running(tmp_path) as issuer:
    issuer.url                                   # `iss`; discovery and keys are below it
    issuer.token("aino")                         # a demo person's token
    issuer.mint("anyone", roles=["support"])     # any subject, any roles, scopes, lifetime
    issuer.forge({...claims}, {...header})       # what a hostile client might send, signed with the issuer's key
"""

import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.types import ASGIApp

from runtime.development.issuer import IssuerPlan, issuer_app, mint_of
from runtime.development.listening import server
from runtime.engines.running import free_port

AUDIENCE = "delivery-platform"
PARTNER_SECRET = "partner-secret-of-tests"


class RunningIssuer:
    def __init__(self, plan: IssuerPlan) -> None:
        self.plan = plan
        self.url = plan.issuer
        self.minting = mint_of(plan)

    def token(self, name: str, *, lifetime_s: float = 900) -> str:
        """A token of a demo person (aino, kitchen, owner-123, partner-demo, …)."""
        return self.minting.development_token(name, lifetime_s=lifetime_s)

    def mint(
        self, subject: str, *, roles: Collection[str] = (), scopes: Collection[str] = (), lifetime_s: float = 900
    ) -> str:
        """A token of anybody; a negative lifetime makes one that has expired."""
        return self.minting.access_token(subject, roles, " ".join(scopes), lifetime_s=lifetime_s)

    def forge(
        self, claims: Mapping[str, object], header: Mapping[str, object] | None = None, *, key: ECKey | None = None
    ) -> str:
        """A token of good claims and header but for the given ones, signed by `key` or by the issuer's."""
        key = key or self.minting.keys.current()
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "aino", "roles": ["customer"], "iat": now, "exp": now + 900}
        head = {"alg": "ES256", "typ": "at+jwt", "kid": key.kid}
        return jwt.encode({**head, **(header or {})}, {**good, **claims}, key, algorithms=["ES256"])

    def rotate(self) -> None:
        self.minting.keys.rotate()


@contextmanager
def serving(make_app: Callable[[], ASGIApp], port: int) -> Generator[uvicorn.Server]:
    """An application on a real socket of this machine, ready when the block begins."""
    serving = server(make_app(), "127.0.0.1", port)
    thread = threading.Thread(target=serving.run)
    thread.start()
    try:
        while not serving.started:
            if not thread.is_alive():
                raise RuntimeError(f"Nothing serves port {port}.")
            thread.join(0.01)
        yield serving
    finally:
        serving.should_exit = True
        thread.join()


@contextmanager
def issuer_running(folder: Path, *, port: int = 0, token_lifetime_s: int = 900) -> Generator[RunningIssuer]:
    """An issuer with its state in `folder`; start it there again, with its port, and it is the same issuer."""
    port = port or free_port()
    plan = IssuerPlan(
        issuer=f"http://127.0.0.1:{port}",
        audience=AUDIENCE,
        folder=folder / "issuer",
        partner_secret=PARTNER_SECRET,
        token_lifetime_s=token_lifetime_s,
    )
    with serving(lambda: issuer_app(plan), port):
        yield RunningIssuer(plan)
