"""A Valkey server in a folder, reached by TCP on the loopback only."""

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from runtime.engines.programs import tethered, valkey_program


@dataclass(frozen=True, kw_only=True)
class ValkeyServer:
    """Where a server lives and how it is reached. Nothing is touched before `prepare`."""

    folder: Path
    port: int
    host: str = "127.0.0.1"
    program: str = ""
    durable: bool = True

    def url(self, database: int = 0) -> str:
        return f"redis://{self.host}:{self.port}/{database}"

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The server in the foreground; SIGTERM stops it in good order, and it gets one when the caller dies."""
        place = ["--dir", str(self.folder.resolve()), "--bind", self.host, "--port", str(self.port)]
        # A log cut short by a crash is mended at the next start: aof-load-truncated. Snapshots would double it.
        keeping = ["--appendonly", "yes" if self.durable else "no", "--aof-load-truncated", "yes", "--save", ""]
        quiet = ["--databases", "16", "--loglevel", "warning", "--daemonize", "no"]
        return tethered([str(valkey_program(self.program)), *place, *keeping, *quiet], signal.SIGTERM)

    def accepts(self) -> bool:
        """Whether it answers a PING within half a second."""
        try:
            with socket.create_connection((self.host, self.port), timeout=0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
