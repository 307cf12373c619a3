"""The platform's programs, in the order in which they are started."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from signal import SIGINT

from runtime.engines.kafka import KafkaBroker
from runtime.engines.opensearch import OpenSearchNode
from runtime.engines.postgres import PostgresCluster
from runtime.engines.programs import tethered
from runtime.engines.running import Engine
from runtime.engines.valkey import ValkeyServer
from runtime.settings import Settings
from runtime.supervision.hive_router import hive_router
from runtime.supervision.program import Closing, Program, answers_ready, nothing
from runtime.supervision.splitting import Part, parts

ROOT = Path(__file__).parents[2]


def postgres_of(settings: Settings) -> PostgresCluster:
    return PostgresCluster(
        folder=settings.data_dir / "postgres",
        port=settings.postgres_port,
        password=settings.owner_password,
        host=settings.host,
        programs=settings.postgres_bin,
    )


def valkey_of(settings: Settings) -> ValkeyServer:
    return ValkeyServer(
        folder=settings.data_dir / "valkey",
        port=settings.valkey_port,
        host=settings.host,
        program=settings.valkey_bin,
    )


def kafka_of(settings: Settings) -> KafkaBroker:
    return KafkaBroker(
        folder=settings.data_dir / "kafka",
        port=settings.kafka_port,
        controller_port=settings.kafka_controller_port,
        host=settings.host,
        java=settings.java_bin,
    )


def opensearch_of(settings: Settings) -> OpenSearchNode:
    return OpenSearchNode(
        folder=settings.data_dir / "opensearch",
        port=settings.opensearch_port,
        transport_port=settings.opensearch_transport_port,
        host=settings.host,
        java=settings.java_bin,
    )


def engines(settings: Settings) -> tuple[Program, ...]:
    """What keeps the data; a setting may name engines that others run, and then there is none of ours."""
    ours: list[Program] = []
    if settings.uses_own_postgres:
        ours.append(engine_program("postgres", postgres_of(settings), 30, Closing.JOURNAL))
    if settings.uses_own_valkey:
        ours.append(engine_program("valkey", valkey_of(settings), 10, Closing.DERIVED))
    if settings.uses_own_kafka:
        ours.append(engine_program("kafka", kafka_of(settings), 20, Closing.DERIVED))
    if settings.uses_own_opensearch:
        ours.append(engine_program("opensearch", opensearch_of(settings), 20, Closing.DERIVED))
    return tuple(ours)


def engine_program(name: str, engine: Engine, grace_seconds: float, closing: Closing) -> Program:
    async def ready() -> bool:
        return engine.accepts()

    return Program(
        name=name,
        prepare=engine.prepare,
        command=engine.command,
        ready=ready,
        stop_signal=SIGINT,  # Postgres' fast shutdown; the others end in good order on it too
        grace_seconds=grace_seconds,
        closing=closing,
    )


def roles(settings: Settings) -> tuple[Program, ...]:
    """The processes that do the work, each reachable by HTTP."""
    return (
        development(settings, "issue", settings.issuer_port),
        development(settings, "provide-payments", settings.provider_port),
        *(program_of(settings, part) for part in parts(settings)),
        *((hive_router(settings),) if settings.router == "hive" else ()),
        gateway(settings),
    )


def development(settings: Settings, name: str, port: int) -> Program:
    """What development needs beside the platform: it keeps nothing."""
    return Program(
        name=name,
        prepare=nothing,
        command=command_of("runtime", name),
        ready=partial(answers_ready, settings.host, port),
        environment=settings.child_environment(),
    )


def program_of(settings: Settings, part: Part) -> Program:
    return Program(
        name=part.name,
        prepare=nothing,
        command=command_of("runtime", *part.arguments),
        ready=partial(answers_ready, settings.host, part.port),
        environment={**settings.child_environment(), **part.environment},
        needs_engines=True,
    )


def gateway(settings: Settings) -> Program:
    def command() -> list[str]:
        return tethered([settings.node_bin, str(ROOT / "router" / "gateway" / "main.js")])

    return Program(
        name="gateway",
        prepare=nothing,
        command=command,
        ready=partial(answers_ready, settings.host, settings.port),
        environment=settings.child_environment(),
        closing=Closing.DOOR,
    )


def command_of(*module_and_arguments: str) -> Callable[[], list[str]]:
    """A Python module of ours, in a process that dies with this one."""
    module, *arguments = module_and_arguments
    return lambda: tethered([sys.executable, "-m", module, *arguments])


def city_loader(settings: Settings) -> list[str]:
    """The city knows nothing of our settings: it is told what it needs."""
    options = {
        "--graph": f"{settings.gateway_url}/graphql",
        "--issuer": settings.issuer_url,
        "--city": settings.city_file,
        "--marker": str(settings.data_dir / "city.json"),
        "--restaurants": str(settings.city_restaurants),
    }
    return command_of("simulator.load", *(word for option in options.items() for word in option))()
