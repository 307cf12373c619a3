"""A platform that cannot start says why in one sentence, ends with another code than 0 and leaves nothing running."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.prerequisites import await_leftovers, leftovers, started_at, take_lock
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def busy_port() -> Iterator[int]:
    """PORT of a platform one of whose ports, Postgres', is taken."""
    port = free_port(block=8)
    with socket.create_server(("127.0.0.1", port + 5)):
        yield port


def up(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    base = {"PORT": str(free_port(block=8)), "DATA_DIR": str(data_dir)}
    return subprocess.run(
        [sys.executable, "-m", "runtime", "up"],
        cwd=ROOT,
        env={**os.environ, **base, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str], sentence: str, data_dir: Path) -> None:
    assert done.returncode != 0
    assert sentence in done.stderr
    assert done.stderr.startswith("Cannot start. ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
    assert not (data_dir / "postgres").exists()


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_busy_port(tmp_path: Path, busy_port: int) -> None:
    done = up(tmp_path, PORT=str(busy_port))
    assert_refused(done, f"Port {busy_port + 5} (postgres) is not free", tmp_path)


def test_no_node(tmp_path: Path) -> None:
    assert_refused(up(tmp_path, NODE_BIN="no-such-node"), "Node.js 20 or newer is needed", tmp_path)


def test_an_old_node(tmp_path: Path) -> None:
    old = program(tmp_path / "node", "echo v18.19.1")
    assert_refused(up(tmp_path / "kept", NODE_BIN=old), "is v18.19.1", tmp_path / "kept")


def test_an_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # a folder below a file: what root cannot write either
    folder = tmp_path / "file" / "kept"
    done = up(folder)
    assert_refused(done, f"DATA_DIR {folder} cannot be written", tmp_path)


def test_another_platform_in_the_folder(tmp_path: Path) -> None:
    lock = take_lock(tmp_path)
    try:
        done = up(tmp_path)
        assert_refused(done, f"Another platform already runs in {tmp_path} (process {os.getpid()})", tmp_path)
    finally:
        os.close(lock)


def test_a_wrong_setting(tmp_path: Path) -> None:
    assert_refused(up(tmp_path, PORT="http"), "PORT must be a number, not 'http'", tmp_path)


def test_an_old_python(tmp_path: Path) -> None:
    pretend = "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])"
    old = program(tmp_path / "python3.9", f"exec {sys.executable} -c '{pretend}' \"$2\"")
    done = make("prerequisites", PYTHON=old, DATA_DIR=str(tmp_path / "kept"))
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Cannot start. Python 3.11 or newer is needed, and this is 3.9")
    assert not (tmp_path / "kept").exists()


def test_make_refuses_before_it_installs(tmp_path: Path, busy_port: int) -> None:
    done = make("prerequisites", PYTHON=sys.executable, PORT=str(busy_port), DATA_DIR=str(tmp_path / "kept"))
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith(f"Cannot start. Port {busy_port + 5} (postgres) is not free")


def test_a_port_placed_by_hand_is_left_to_the_platform_to_check(tmp_path: Path, busy_port: int) -> None:
    given = {"PORT": str(busy_port), "POSTGRES_PORT": str(free_port()), "DATA_DIR": str(tmp_path / "kept")}
    assert make("prerequisites", PYTHON=sys.executable, **given).returncode == 0


def make(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    settings = [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory", target, *settings],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_what_a_killed_supervisor_left_is_ended_before_the_next_start(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as orphan, subprocess.Popen(["sleep", "600"]) as stranger:
        born = started_at(orphan.pid)
        entries = f'{{"{orphan.pid}": "{born}", "{stranger.pid}": "1", "999999": "1"}}'
        (tmp_path / "processes.json").write_text(entries)
        assert leftovers(tmp_path) == [orphan.pid]
        await_leftovers(tmp_path, within_seconds=0.1)
        assert orphan.wait(timeout=5) == -9
        assert stranger.poll() is None  # its number was used again by somebody else: not ours to end
        stranger.kill()
