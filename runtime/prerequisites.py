"""What must hold before anything is installed or started; each check that fails is one sentence.

Runs under any Python 3.7 with nothing installed (`make` calls it first), so it uses the standard library alone.
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20
LOCK_FILE = "lock"
PROCESSES_FILE = "processes.json"
PROCESSES_BY_OFFSET = ("gateway", "serve", "work", "issue", "provide-payments", "postgres", "valkey", "up")
LEFTOVERS_END_WITHIN_SECONDS = 10.0


class CannotStart(Exception):
    """Why the platform cannot start here, as one sentence for the person who tried."""


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise CannotStart(f"Python 3.11 or newer is needed, and this is {found}: name another with PYTHON=…")
    if importlib.util.find_spec("ensurepip") is None:  # Debian ships it apart, and venv fails without it.
        raise CannotStart("Python's venv is missing: install the package python3-venv.")


def check_node(program: str) -> None:
    try:
        done = subprocess.run([program, "--version"], stdout=subprocess.PIPE, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        raise CannotStart(f"Node.js {OLDEST_NODE} or newer is needed, and {program!r} does not start.") from None
    found = done.stdout.decode(errors="replace").strip()
    major = found.lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        raise CannotStart(f"Node.js {OLDEST_NODE} or newer is needed, and {program!r} is {found or 'unknown'}.")


def check_folder(data_dir: Path) -> None:
    """Make DATA_DIR if it is absent, and write something into it."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotStart(f"DATA_DIR {data_dir} cannot be written: {error.strerror}.") from None


def take_lock(data_dir: Path) -> int:
    """A file descriptor that holds DATA_DIR for as long as it is open; children do not inherit it."""
    lock = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        raise CannotStart(f"Another platform already runs in {data_dir} (process {holder}): stop it first.") from None
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def started_at(process: int) -> str | None:
    """When the process started, in the kernel's ticks; None when there is none. With its id this names it for good."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


def leftovers(data_dir: Path) -> list[int]:
    """Processes of an earlier supervisor, which was killed, that still live. Call it while holding the lock."""
    try:
        recorded = json.loads((data_dir / PROCESSES_FILE).read_text())
    except (OSError, ValueError):
        return []
    return [int(process) for process, start in recorded.items() if started_at(int(process)) == start]


def await_leftovers(data_dir: Path, within_seconds: float = LEFTOVERS_END_WITHIN_SECONDS) -> None:
    """Orphans die by themselves, tied to their parent; one that does not within its time is killed. Its ports are free
    when it is gone, not when it is told to go."""
    if _are_gone(data_dir, within_seconds):
        return
    for process in leftovers(data_dir):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    _are_gone(data_dir, within_seconds)


def _are_gone(data_dir: Path, within_seconds: float) -> bool:
    deadline = time.monotonic() + within_seconds
    while leftovers(data_dir):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


def check_ports(host: str, ports: dict[str, int]) -> None:
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                text = f"Port {port} ({name}) is not free on {host}: stop what uses it, or choose others with PORT=…"
                raise CannotStart(text) from None


def check_all(host: str, ports: dict[str, int], data_dir: Path, node: str) -> int:
    """Every check, cheapest first; returns the lock on DATA_DIR. Raises CannotStart."""
    check_node(node)
    check_folder(data_dir)
    lock = take_lock(data_dir)
    await_leftovers(data_dir)
    check_ports(host, ports)
    return lock


def ports_from(base: str) -> dict[str, int]:
    if not base.isdigit() or not 0 < int(base) <= 65535 - len(PROCESSES_BY_OFFSET):
        raise CannotStart(f"PORT must be a number from 1 to {65535 - len(PROCESSES_BY_OFFSET)}, not {base!r}.")
    return {name: int(base) + offset for offset, name in enumerate(PROCESSES_BY_OFFSET)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="4000")
    parser.add_argument("--data-dir", default=".data", type=Path)
    parser.add_argument("--node", default="node")
    parser.add_argument("--any-port", action="store_true", help="the ports are not those that follow from --port")
    options = parser.parse_args()
    try:
        check_python()
        ports = {} if options.any_port else ports_from(options.port)
        check_all("127.0.0.1", ports, options.data_dir.absolute(), options.node)
    except CannotStart as reason:
        sys.exit(f"Cannot start. {reason}")


if __name__ == "__main__":
    main()
