"""A Kafka broker that is its own controller, in a folder, reached by TCP on the loopback only."""

import signal
import socket
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from subprocess import run

from runtime.engines.jars import SHORT_LIVED, jars_of, java_program
from runtime.engines.programs import tethered

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listeners": "PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
    "advertised.listeners": "PLAINTEXT://{host}:{port}",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.quorum.voters": "1@{host}:{controller_port}",  # named here, not on disk: ports may change
    "log.dirs": "{log}",
    "auto.create.topics.enable": "false",  # a topic nobody declared is a mistake, and would have the wrong partitions
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "16777216",
}
HEAP = "512m"
LOG4J = """
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
"""
# Metadata, version 7, of no topic: whoever answers with a broker in it has elected, registered and takes records.
_ASKED = b"\x00\x03\x00\x07\x00\x00\x00\x01\xff\xff\x00\x00\x00\x00\x00"
_BROKERS_AT = slice(8, 12)
_ANSWER_WITHIN_S = 0.5


class KafkaBroken(Exception):
    """The folder cannot be made into a broker's; the text says why."""


@dataclass(frozen=True, kw_only=True)
class KafkaBroker:
    """Where a broker lives and how it is reached. Nothing is touched before `prepare`."""

    folder: Path
    port: int
    controller_port: int
    host: str = "127.0.0.1"
    java: str = "java"
    short_lived: bool = False

    @property
    def servers(self) -> str:
        """What clients call its bootstrap servers."""
        return f"{self.host}:{self.port}"

    def prepare(self) -> None:
        """Write its settings, and format the folder if that was not done to its end. Blocks for about 2 s then."""
        self.folder.mkdir(parents=True, exist_ok=True)
        known = {"host": self.host, "port": self.port, "controller_port": self.controller_port, "log": self._log}
        settings = "".join(f"{name}={value.format(**known)}\n" for name, value in SETTINGS.items())
        (self.folder / "server.properties").write_text(settings)
        (self.folder / "log4j2.properties").write_text(LOG4J)
        if not (self.folder / "formatted").exists():
            self._format()
            (self.folder / "formatted").touch()

    def command(self) -> list[str]:
        """The broker in the foreground; SIGTERM stops it in good order, and it gets one when the caller dies."""
        return tethered([*self._java("kafka.Kafka"), str(self._settings)], signal.SIGTERM)

    def accepts(self) -> bool:
        """Whether it names a broker, itself, that takes records; within half a second."""
        try:
            with socket.create_connection((self.host, self.port), timeout=_ANSWER_WITHIN_S) as connection:
                connection.sendall(len(_ASKED).to_bytes(4, "big") + _ASKED)
                answer = connection.recv(int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big"))
        except OSError:
            return False
        return int.from_bytes(answer[_BROKERS_AT], "big") > 0

    @property
    def _log(self) -> Path:
        return self.folder.resolve() / "log"

    @property
    def _settings(self) -> Path:
        return self.folder.resolve() / "server.properties"

    def _java(self, main: str) -> list[str]:
        place = self.folder.resolve()
        options = [f"-Xmx{HEAP}", f"-Dlog4j2.configurationFile={place}/log4j2.properties", f"-Dkafka.logs.dir={place}"]
        haste = SHORT_LIVED if self.short_lived else ()
        return [java_program(self.java), *haste, *options, "-cp", f"{jars_of('kafka')}/*", main]

    def _format(self) -> None:
        """Again over what a killed format left, which is nothing but a few lines."""
        name = urlsafe_b64encode(b"\x00" + token_bytes(15)).decode().rstrip("=")
        tool = [*self._java("kafka.tools.StorageTool"), "format", "--ignore-formatted"]
        done = run(
            [*tool, "--cluster-id", name, "--config", str(self._settings)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            said = [*done.stdout.strip().splitlines(), *done.stderr.strip().splitlines()][-1:]
            raise KafkaBroken(f"Formatting {self.folder} failed: {said}")
