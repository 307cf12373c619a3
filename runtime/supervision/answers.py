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
from runtime.supervision.logbook import Logbook
from runtime.supervision.restarter import Restarter


class NotReady(Exception):
    """A program does not do its work now."""


class PlatformMetrics(Collector):
    """Measured when asked for: nothing runs between two questions."""

    def __init__(self, restarters: Sequence[Restarter], logbook: Logbook) -> None:
        self.restarters = restarters
        self.logbook = logbook

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("platform_process_up", "1 while the process is ready", labels=["process"])
        restarts = CounterMetricFamily("platform_process_restarts", "Times it was started again", labels=["process"])
        memory = GaugeMetricFamily("platform_process_memory_bytes", "Proportional memory", labels=["process"])
        cpu = CounterMetricFamily("platform_process_cpu_seconds", "Processor time of the process", labels=["process"])
        for restarter in self.restarters:
            name, process = [restarter.program.name], restarter.process_id
            up.add_metric(name, float(restarter.state == "ready"))
            restarts.add_metric(name, restarter.restarts)
            if process is not None:
                footprint = footprint_of(process)
                memory.add_metric(name, footprint.memory_bytes)
                cpu.add_metric(name, footprint.cpu_seconds)
        yield from (up, restarts, memory, cpu)
        lost = CounterMetricFamily("platform_log_lines_lost", "Log lines that could not be written")
        lost.add_metric([], self.logbook.lost_lines)
        yield lost


def supervisor_app(restarters: Sequence[Restarter], logbook: Logbook) -> Starlette:
    REGISTRY.register(PlatformMetrics(restarters, logbook))

    async def status(_request: Request) -> Response:
        return JSONResponse({"processes": [status_of(restarter) for restarter in restarters]})

    checks = {restarter.program.name: readiness_of(restarter) for restarter in restarters}
    return Starlette(routes=[*health_routes(checks), Route("/status", status)])


def status_of(restarter: Restarter) -> dict[str, str | int | None]:
    return {
        "name": restarter.program.name,
        "state": restarter.state,
        "process": restarter.process_id,
        "restarts": restarter.restarts,
    }


def readiness_of(restarter: Restarter) -> Check:
    async def check() -> None:
        if restarter.state != "ready" or not await restarter.program.ready():
            raise NotReady(restarter.program.name)

    return check
