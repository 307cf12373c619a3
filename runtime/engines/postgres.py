"""A Postgres cluster in a folder: made once, run as a foreground process, reached by TCP on the loopback only."""

import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from runtime.engines.programs import give_to_unprivileged, postgres_programs, tethered, unprivileged_prefix

OWNER = "owner"
DATABASE = "platform"
SETTINGS = {
    "listen_addresses": "'{host}'",
    "port": "{port}",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "shared_preload_libraries": "'pg_stat_statements'",
    "compute_query_id": "on",
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "wal_level": "replica",
    "max_wal_size": "512MB",
    "random_page_cost": "1.1",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "jit": "off",  # our statements are short, and compiling one costs more than running it
    "autovacuum_naptime": "30s",
}
FOR_TESTS = {  # what is lost when the machine dies does not matter to a test; acknowledged commits of a process do not
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class PostgresBroken(Exception):
    """The cluster cannot be made or used; the text says why."""


@dataclass(frozen=True, kw_only=True)
class PostgresCluster:
    """Where a cluster lives and how it is reached. Nothing is touched before `prepare`."""

    folder: Path
    port: int
    password: str
    host: str = "127.0.0.1"
    programs: str = ""
    durable: bool = True

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{OWNER}:{quote(self.password)}@{self.host}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the cluster if there is none, write its settings, forget a dead server's lock. Blocks for about 1 s."""
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        text = "".join(f"{name} = {value}\n" for name, value in self._settings().items())
        (self.folder / "platform.conf").write_text(text)
        self._forget_dead_server()

    def command(self) -> list[str]:
        """The server in the foreground; SIGINT stops it in good order, and it gets one when the caller dies."""
        server = [str(postgres_programs(self.programs) / "postgres"), "-D", str(self.folder.resolve())]
        return [*unprivileged_prefix(), *tethered(server, signal.SIGINT)]

    def accepts(self) -> bool:
        """Whether the server says of itself that it takes connections; reads one small file."""
        lines = self._lock_lines()
        return len(lines) > 7 and lines[7].strip() == "ready"

    def server_process(self) -> int | None:
        """The process id of a live server in this folder, be it ours or one that outlived its supervisor."""
        lines = self._lock_lines()
        process = int(lines[0]) if lines and lines[0].isdigit() else None
        return process if process and is_server_of(process, self.folder) else None

    def _settings(self) -> dict[str, str]:
        chosen = SETTINGS if self.durable else {**SETTINGS, **FOR_TESTS}
        return {name: value.format(host=self.host, port=self.port) for name, value in chosen.items()}

    def _lock_lines(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _forget_dead_server(self) -> None:
        if self.server_process() is None:
            (self.folder / "postmaster.pid").unlink(missing_ok=True)  # Its number may belong to somebody else by now.

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is whole: a killed initdb leaves nothing."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{self.folder.name}-in-the-making-", dir=self.folder.parent) as place:
            cluster, password = Path(place) / "cluster", Path(place) / "password"
            cluster.mkdir(mode=0o700)
            password.touch(mode=0o600)
            password.write_text(self.password)
            give_to_unprivileged(Path(place))
            self._run_initdb(cluster, password)
            self._create_database(cluster)
            with (cluster / "postgresql.conf").open("a") as settings:
                settings.write("\ninclude_if_exists 'platform.conf'\n")
            cluster.rename(self.folder)

    def _run_initdb(self, cluster: Path, password: Path) -> None:
        options = ["--username", OWNER, "--pwfile", str(password), "--auth=scram-sha-256", "--encoding=UTF8"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        sync = [] if self.durable else ["--no-sync"]
        initdb = [str(postgres_programs(self.programs) / "initdb"), "-D", str(cluster.resolve())]
        self._run(["env", f"HOME={cluster.resolve()}", *initdb, *options, *locale, *sync])

    def _create_database(self, cluster: Path) -> None:
        """The platform's own database, made before anybody can connect."""
        single = [str(postgres_programs(self.programs) / "postgres"), "--single", "-D", str(cluster.resolve())]
        self._run([*single, "postgres"], standard_input=f"create database {DATABASE}\n")

    def _run(self, program: list[str], standard_input: str = "") -> None:
        done = subprocess.run(
            [*unprivileged_prefix(), *program],
            input=standard_input,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:]
            raise PostgresBroken(f"{Path(program[0]).name} for {self.folder} failed: {said}")


def is_server_of(process: int, folder: Path) -> bool:
    """Whether that process is alive and runs in that folder: Postgres makes its data folder its working folder."""
    try:
        return Path(f"/proc/{process}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return False
