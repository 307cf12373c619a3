"""Serving: subgraphs as one ASGI application, hardened for whatever arrives.

    app = build_app(
        [Served(name="orders", schema=orders.schema, context=orders_context), …],
        Door(settings.router_secret, verifier.verify),
        checks={"database": ping},
        outages=(asyncpg.PostgresConnectionError, …),
    )
    await serve(app, settings.host, settings.serve_port)

`context` makes a `GraphContext` for a `Caller`; `caller.remaining_s` goes into it as it is.
"""

from runtime.serving.application import build_app, serve
from runtime.serving.callers import Caller, Door
from runtime.serving.executing import Served

__all__ = ["Caller", "Door", "Served", "build_app", "serve"]
