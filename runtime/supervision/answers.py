"""What the supervisor answers: health, metrics, and the status of every process."""

from collections.abc import Iterable, Sequence

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from runtime.health import Check, health_routes
from runtime.supervision.footprint import footprint_of
from runtime.supervision.keeper import Keeper
from runtime.supervision.logbook import Logbook


class NotReady(Exception):
    """A program does not do its work now."""


class PlatformMetrics(Collector):
    """Measured when asked for: nothing runs between two questions."""

    def __init__(self, keepers: Sequence[Keeper], logbook: Logbook) -> None:
        self.keepers = keepers
        self.logbook = logbook

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("platform_process_up", "1 while the process is ready", labels=["process"])
        restarts = CounterMetricFamily("platform_process_restarts", "Times it was started again", labels=["process"])
        memory = GaugeMetricFamily("platform_process_memory_bytes", "Proportional memory", labels=["process"])
        cpu = CounterMetricFamily("platform_process_cpu_seconds", "Processor time of the process", labels=["process"])
        for keeper in self.keepers:
            name, process = [keeper.program.name], keeper.process_id
            up.add_metric(name, float(keeper.state == "ready"))
            restarts.add_metric(name, keeper.restarts)
            if process is not None:
                footprint = footprint_of(process)
                memory.add_metric(name, footprint.memory_bytes)
                cpu.add_metric(name, footprint.cpu_seconds)
        yield from (up, restarts, memory, cpu)
        lost = CounterMetricFamily("platform_log_lines_lost", "Log lines that could not be written")
        lost.add_metric([], self.logbook.lost_lines)
        yield lost


def supervisor_app(keepers: Sequence[Keeper], logbook: Logbook) -> Starlette:
    REGISTRY.register(PlatformMetrics(keepers, logbook))

    async def status(_request: Request) -> Response:
        return JSONResponse({"processes": [status_of(keeper) for keeper in keepers]})

    checks = {keeper.program.name: readiness_of(keeper) for keeper in keepers}
    return Starlette(routes=[*health_routes(checks), Route("/status", status)])


def status_of(keeper: Keeper) -> dict[str, str | int | None]:
    return {
        "name": keeper.program.name,
        "state": keeper.state,
        "process": keeper.process_id,
        "restarts": keeper.restarts,
    }


def readiness_of(keeper: Keeper) -> Check:
    async def check() -> None:
        if keeper.state != "ready" or not await keeper.program.ready():
            raise NotReady(keeper.program.name)

    return check
