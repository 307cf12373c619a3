"""What the platform's processes hold for their clients: streams, sockets, tasks and file handles."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.running_platform import RunningPlatform

OFFSETS = {"gateway": 0, "serve": 1, "work": 2}
WHILE_SOMEBODY_WATCHES = (
    "gateway_sockets",
    "gateway_subscriptions",
    "gateway_upstream_sockets",
    "graph_sockets",
    "graph_watchers",
)
TASKS = "event_loop_tasks"


def gauges(platform: RunningPlatform) -> dict[str, float]:
    """What the three say of streams, sockets and tasks, summed over subgraphs."""
    found: dict[str, float] = {}
    for process, offset in OFFSETS.items():
        for family in text_string_to_metric_families(platform.get(offset, "/metrics").decode()):
            if family.name in (*WHILE_SOMEBODY_WATCHES, TASKS):
                name = f"{process} {family.name}"
                found[name] = sum(sample.value for sample in family.samples)
    return found


def watched(platform: RunningPlatform) -> dict[str, float]:
    """What must be nothing while nobody watches."""
    return {name: value for name, value in gauges(platform).items() if TASKS not in name}


def handles(platform: RunningPlatform) -> dict[str, float]:
    """Tasks and open files, sockets among them: some are kept for what comes next, so they breathe."""
    tasks = {name: value for name, value in gauges(platform).items() if TASKS in name}
    files = {f"{name} files": float(len(open_files(platform.process(name)))) for name in OFFSETS}
    return {**tasks, **files}


def open_files(process: int) -> list[Path]:
    return [*Path(f"/proc/{process}/fd").iterdir()]
