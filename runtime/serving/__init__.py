"""Serving: subgraphs as one ASGI application, hardened for whatever arrives.

    app = build_app(
        [Served(name="orders", schema=orders.schema, context=orders_context), …],
        Door(settings.router_secret, verifier.verify),
        checks={"database": ping},
    )
    await serve(app, settings.host, settings.serve_port)

An adapter's `Outage`, a time-out or a lost connection is answered UNAVAILABLE, any other exception INTERNAL.
`context` makes a `GraphContext` for a `Caller`; `caller.remaining_s` goes into it as it is.
"""

from runtime.serving.application import build_app, serve
from runtime.serving.callers import Caller, Door
from runtime.serving.executing import Served

__all__ = ["Caller", "Door", "Served", "build_app", "serve"]
