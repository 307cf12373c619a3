"""Runs one engine for the length of a `with` block; the supervisor has its own way, this one is for tests and tools."""

import random
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol


class Engine(Protocol):
    """A program with a folder of its own that says when it accepts connections."""

    @property
    def folder(self) -> Path: ...
    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def accepts(self) -> bool: ...


class EngineDidNotStart(Exception):
    """The engine ended, or accepted nothing within its time; the text holds its last lines."""


@contextmanager
def running(engine: Engine, *, within_seconds: float = 30) -> Generator[subprocess.Popen[bytes]]:
    """The engine, accepting connections; stopped in good order at the end. Blocks until ready."""
    engine.prepare()
    log = engine.folder.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(engine.command(), stdout=output, stderr=output, start_new_session=True)
    try:
        wait_until_accepting(engine, process, within_seconds)
        yield process
    finally:
        stop(process)


def wait_until_accepting(engine: Engine, process: subprocess.Popen[bytes], within_seconds: float) -> None:
    deadline = time.monotonic() + within_seconds
    while not engine.accepts():
        if process.poll() is not None or time.monotonic() > deadline:
            lines = engine.folder.with_suffix(".log").read_text(errors="replace").splitlines()[-5:]
            raise EngineDidNotStart(f"{engine.folder.name} did not start: {' / '.join(lines)}")
        time.sleep(0.01)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask, wait, insist. SIGINT is Postgres' fast shutdown and ends Valkey in good order too."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port(host: str = "127.0.0.1", block: int = 1) -> int:
    """The first of as many adjacent ports as `block` that nobody listens on now; somebody else may take them.

    Below those that the kernel hands to outgoing connections, so that no client happens to sit there.
    """
    while True:
        first = random.SystemRandom().randrange(20_000, 32_000)  # no seed: parallel test runs must differ
        if all(is_free(host, port) for port in range(first, first + block)):
            return first


def is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return binds(probe, host, port)


def binds(probe: socket.socket, host: str, port: int) -> bool:
    try:
        probe.bind((host, port))
    except OSError:
        return False
    return True
