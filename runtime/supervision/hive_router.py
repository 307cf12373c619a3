"""Hive Router, which plans and executes behind the gateway's front when ROUTER is `hive`."""

from functools import partial
from pathlib import Path

from runtime.engines.programs import tethered
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.supervision.program import Program, answers_ready, nothing

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "router" / "hive-router" / "router.yaml"
BUILT = ROOT / "build" / "hive-router" / "bin" / "hive_router"
GIVEN = ("HOST", "ROUTER_SECRET", "SERVE_URL", "SUBGRAPH_URLS", "ALLOWED_ORIGINS", "UPSTREAM_SECONDS")
"""All that it is told of our environment: it needs no other secret."""
LEVELS = {"debug": "info", "info": "warn", "warning": "warn", "error": "error"}
"""Each level of ours as one of its own; the gateway's front writes a line for each operation already."""


def hive_router_program(settings: Settings) -> Path:
    """The configured one, else the one that was built here.

    Raises CannotStart when there is none.
    """
    program = Path(settings.hive_router_bin or BUILT)
    if not program.is_file():
        raise CannotStart(
            f"ROUTER=hive needs Hive Router, and there is none at {program}:"
            " `make hive-router` builds it, or name yours with HIVE_ROUTER_BIN."
        )
    return program.resolve()


def hive_router_environment(settings: Settings) -> dict[str, str]:
    """What it is started with; `router.yaml` says what each is for."""
    ours = {
        "SUPERGRAPH": str(ROOT / "schema" / "supergraph.graphql"),
        "ALLOWED_ORIGINS": settings.gateway_url,
        **settings.child_environment(),
    }
    return {
        **{name: ours[name] for name in GIVEN if name in ours},
        "SUPERGRAPH": str(Path(ours["SUPERGRAPH"]).resolve()),  # it would take it from where its configuration lies
        "PORT": str(settings.hive_port),
        "LOG_LEVEL": LEVELS[settings.log_level],
        "ROUTER_CONFIG_FILE_PATH": str(CONFIGURATION),
    }


def hive_router(settings: Settings) -> Program:
    return Program(
        name="hive-router",
        prepare=nothing,
        command=lambda: tethered([str(hive_router_program(settings))]),
        ready=partial(answers_ready, settings.host, settings.hive_port, "/readiness"),
        environment=hive_router_environment(settings),
    )
