"""The role `serve`: the subgraphs of this platform, behind the router's door."""

from collections.abc import Sequence

import httpx

from runtime.adapters.tokens import Rules, TokenVerifier
from runtime.logs import logger
from runtime.serving.application import build_app, serve
from runtime.serving.callers import Door
from runtime.settings import Settings
from runtime.wiring import open_platform

ISSUER_WITHIN_S = 3.0


async def run(settings: Settings, names: Sequence[str] = ()) -> None:
    """Serves the named subgraphs, all without a name, until the process is told to stop."""
    async with open_platform(settings, names) as platform, httpx.AsyncClient(timeout=ISSUER_WITHIN_S) as http:
        verifier = TokenVerifier(Rules(issuer=settings.issuer_url, audience=settings.audience), http)
        served = [platform.served(each) for each in platform.subgraphs]
        app = build_app(served, Door(settings.router_secret, verifier.verify), checks=platform.checks)
        logger("serve").info("serving", subgraphs=[each.name for each in served])
        await serve(app, settings.host, settings.serve_port)
