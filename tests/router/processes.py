"""The gateway and the subgraphs of these tests as processes of their own, on ports of their own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from tests.router.hive_router import HiveRouter, running_hive_router
from tests.router.subgraphs import CREDENTIAL

ROOT = Path(__file__).parents[2]
GATEWAY = ROOT / "router" / "gateway" / "main.js"
ORIGIN = "https://shop.example"
PATIENCE_S = 30.0

Record = dict[str, Any]


class Gateway:
    """A gateway that listens, what it logs, and the address of its graph; `behind` it perhaps another router."""

    def __init__(self, environment: Mapping[str, str], behind: HiveRouter | None = None) -> None:
        self.behind = behind
        self.process = subprocess.Popen(
            ["node", str(GATEWAY)],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.records: list[Record] = []
        self.complaints: list[str] = []
        """What it wrote that is no record: warnings of Node, on standard error."""
        self.news = Condition()
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            self.port = int(self.wait_for(lambda record: record["event"] == "listening")["port"])
        except AssertionError:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/graphql"

    def wait_for(self, fits: Callable[[Record], bool]) -> Record:
        """The first log record that fits, once it is written."""
        with self.news:
            found = self.news.wait_for(lambda: next(filter(fits, self.records), None), PATIENCE_S)
        assert found, f"no such record among {self.records}"
        return found

    def stop(self) -> int:
        """Asks it to stop, unless it has stopped already; its exit code."""
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        assert self.process.stdout
        self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self.news:
                if line.startswith("{"):
                    self.records.append(json.loads(line))
                else:
                    self.complaints.append(line)
                self.news.notify_all()


class Subgraphs:
    """The subgraph process; it can be killed and started again at its port."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listens before the process runs, so that whoever connects waits for it."""
        with socket.create_server(("127.0.0.1", self.port), backlog=512) as listening:
            self.port = listening.getsockname()[1]
            descriptor = listening.fileno()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.router.subgraphs", str(descriptor)], cwd=ROOT, pass_fds=[descriptor]
            )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


@contextmanager
def running_subgraphs() -> Generator[Subgraphs]:
    subgraphs = Subgraphs()
    try:
        yield subgraphs
    finally:
        subgraphs.kill()


@contextmanager
def running_gateway(supergraph: Path, subgraphs: str, router: str = "gateway", **settings: str) -> Generator[Gateway]:
    """A gateway with these settings beside the usual ones of tests; before Hive Router when `router` is `hive`."""
    usual = {
        "PORT": "0",
        "HOST": "127.0.0.1",
        "ISSUER_URL": "http://127.0.0.1:9",  # nobody answers there: tokens are taken at their word
        "ROUTER_SECRET": CREDENTIAL,
        "SERVE_URL": subgraphs,
        "SUPERGRAPH": str(supergraph),
        "ALLOWED_ORIGINS": ORIGIN,
    }
    asked = {**usual, **settings}
    with ExitStack() as stack:
        behind = stack.enter_context(running_hive_router(asked)) if router == "hive" else None
        if behind:
            asked |= {"ROUTER": "hive", "HIVE_ROUTER_URL": behind.url}
        gateway = Gateway(asked, behind)
        stack.callback(gateway.stop)
        yield gateway


def composed(folder: Path) -> Path:
    """The supergraph of the tests' subgraphs, composed as ours is."""
    names = ("dishes", "praise")
    subprocess.run([sys.executable, "-m", "tests.router.subgraphs", "sdl", str(folder)], cwd=ROOT, check=True)
    lines = [
        f"  {name}: {{routing_url: 'http://127.0.0.1:1/{name}/graphql', schema: {{file: {name}.graphql}}}}"
        for name in names
    ]
    configuration = folder / "supergraph.yaml"
    configuration.write_text("\n".join(["subgraphs:", *lines]))
    compose = ["node", str(ROOT / "router" / "compose" / "compose.js"), str(configuration)]
    answer = subprocess.run(compose, check=True, capture_output=True, text=True).stdout
    supergraph = folder / "supergraph.graphql"
    supergraph.write_text(json.loads(answer)["supergraph"])
    return supergraph
