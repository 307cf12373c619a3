"""`make up`: the platform from nothing to open, until somebody stops it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from runtime.causes import first_cause
from runtime.engines.jars import check_runs
from runtime.engines.programs import ProgramMissing
from runtime.health import listening
from runtime.prerequisites import (
    CannotStart,
    await_leftovers,
    check_folder,
    check_node,
    check_ports,
    check_python,
    take_lock,
)
from runtime.settings import Settings, data_dir_of_environment
from runtime.supervision.answers import supervisor_app
from runtime.supervision.errands import ErrandFailed
from runtime.supervision.hive_router import hive_router_program
from runtime.supervision.keepsakes import ensure_clock, ensure_secrets
from runtime.supervision.logbook import Logbook
from runtime.supervision.platform import Platform, say
from runtime.supervision.restarter import DoesNotStart
from runtime.supervision.splitting import parts, placed

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def prepared() -> Generator[Settings]:
    """The settings of a platform that may start here; nobody else can start one in DATA_DIR inside the block.

    Raises CannotStart or SettingsInvalid, each one sentence.
    """
    check_python()
    data_dir = data_dir_of_environment()
    check_folder(data_dir)
    lock = take_lock(data_dir)
    try:
        ensure_secrets(data_dir)
        ensure_clock(Settings.from_environment())
        settings = placed(Settings.from_environment())
        check_node(settings.node_bin)
        if settings.router == "hive":
            hive_router_program(settings)
        check_java_engines(settings)
        await_leftovers(data_dir)
        check_ports(settings.host, ports_of(settings))
        yield settings
    finally:
        os.close(lock)


def check_java_engines(settings: Settings) -> None:
    """Raises CannotStart when Kafka or OpenSearch is to run here and cannot."""
    try:
        if settings.uses_own_kafka:
            check_runs("kafka", settings.java_bin)
        if settings.uses_own_opensearch:
            check_runs("opensearch", settings.java_bin)
    except ProgramMissing as missing:
        raise CannotStart(str(missing)) from None


def ports_of(settings: Settings) -> dict[str, int]:
    """The ports that will be ours, by the name of the process."""
    ports = {
        "gateway": settings.port,
        **{part.name: part.port for part in parts(settings)},
        "issue": settings.issuer_port,
        "provide-payments": settings.provider_port,
        "up": settings.supervisor_port,
    }
    if settings.router == "hive":
        ports["hive-router"] = settings.hive_port
    if settings.uses_own_postgres:
        ports["postgres"] = settings.postgres_port
    if settings.uses_own_valkey:
        ports["valkey"] = settings.valkey_port
    if settings.uses_own_kafka:
        ports |= {"kafka": settings.kafka_port, "kafka's controller": settings.kafka_controller_port}
    if settings.uses_own_opensearch:
        ports |= {"opensearch": settings.opensearch_port, "opensearch's nodes": settings.opensearch_transport_port}
    return ports


async def supervise(settings: Settings) -> int:
    """Open the platform, keep it until a signal, close it; the exit code."""
    asked_to_stop = asyncio.Event()
    for number in STOP_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # started by nohup: it is to outlive the terminal
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    with Logbook(settings.data_dir / "logs", settings.log_file_bytes) as logbook:
        platform = Platform(settings, logbook, say)
        async with (
            listening(supervisor_app(platform.restarters, logbook), settings.host, settings.supervisor_port),
            asyncio.TaskGroup() as tasks,
        ):
            opening = tasks.create_task(open_and_tell(platform, tasks))
            waiting = tasks.create_task(asked_to_stop.wait())
            await asyncio.wait((opening, waiting), return_when=asyncio.FIRST_COMPLETED)
            failed = opening.done() and not opening.result()
            if not failed:
                await waiting
                say("Stopping.")
            for task in (opening, waiting):
                task.cancel()
            await asyncio.wait((opening, waiting))
            await platform.close()
    say("Stopped; nothing is left running.")
    return 1 if failed else 0


async def open_and_tell(platform: Platform, tasks: asyncio.TaskGroup) -> bool:
    """Whether it opened; why not has been said."""
    say(f"Starting the platform in {platform.settings.data_dir}.")
    reasons: list[BaseException] = []
    try:
        await platform.open(tasks)
    except* (DoesNotStart, ErrandFailed) as group:
        reasons.append(first_cause(group))
    if reasons:
        say(f"Cannot start. {reasons[0]}")
        return False
    await platform.load_city()
    say(greeting(platform.settings, platform.age_seconds))
    return True


def greeting(settings: Settings, age_seconds: float) -> str:
    logs = settings.data_dir / "logs" / "platform.log"
    with contextlib.suppress(ValueError):
        logs = logs.relative_to(Path.cwd())
    port = "" if settings.port == 4000 else f" PORT={settings.port}"
    folder = "" if settings.data_dir == Path.cwd() / ".data" else f" DATA_DIR={settings.data_dir}"
    return f"""
The platform is open, after {age_seconds:.1f} s.

  The graph (GraphiQL in a browser)   {settings.gateway_url}/graphql
  Sign in as a demo person            {settings.issuer_url}
  The payment provider's pages        {settings.provider_url}
  Every process                       http://{settings.host}:{settings.supervisor_port}/status
  All logs                            {logs}

To try: take a token, put it into GraphiQL's headers as {{"Authorization": "Bearer …"}}, and follow docs/clients.md:
  make token AS=aino{port}{folder}       aino is a customer
  make token AS=kitchen{port}{folder}    kitchen cooks in a restaurant that never closes

Ctrl-C stops everything; what was ordered stays.
"""
