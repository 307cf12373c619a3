"""Gathers the processes' lines: one file for each process and one with all of them, turned over when they grow."""

from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
import orjson
from msgspec import Struct

KEPT_FILES = 3
LONGEST_LINE_BYTES = 256 * 1024


class TurningFile:
    """A file that becomes `name.1` when it has grown to its greatest size; the oldest of three goes."""

    def __init__(self, path: Path, greatest_bytes: int) -> None:
        self.path = path
        self.greatest_bytes = greatest_bytes
        self.file: BinaryIO = path.open("ab")

    def write(self, lines: bytes) -> None:
        if self.file.tell() + len(lines) > self.greatest_bytes and self.file.tell() > 0:
            self._turn()
        self.file.write(lines)
        self.file.flush()

    def close(self) -> None:
        self.file.close()

    def _turn(self) -> None:
        self.file.close()
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))
        self.file = self.path.open("ab")

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


class Logbook:
    """All logs in one folder. A full disk loses lines and counts them; it stops nobody."""

    def __init__(self, folder: Path, greatest_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.greatest_bytes = greatest_bytes
        self.merged = TurningFile(folder / "platform.log", greatest_bytes)
        self.files: dict[str, TurningFile] = {}
        self.lost_lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in (self.merged, *self.files.values()):
            file.close()

    def path(self, process: str) -> Path:
        return self.folder / f"{process}.log"

    def write(self, process: str, lines: list[bytes]) -> None:
        """Complete lines without their ends, as the process wrote them."""
        records = [as_record(line) for line in lines if line.strip()]
        name = orjson.dumps(process)
        try:
            if process not in self.files:
                self.files[process] = TurningFile(self.path(process), self.greatest_bytes)
            self.files[process].write(b"".join(record + b"\n" for record in records))
            self.merged.write(b"".join(b'{"process":' + name + b"," + record[1:] + b"\n" for record in records))
        except OSError:
            self.lost_lines += len(lines)

    def last_lines(self, process: str, count: int = 3) -> list[str]:
        """The last things it said, as sentences for a person."""
        try:
            lines = self.path(process).read_bytes().splitlines()[-count:]
        except OSError:
            return []
        return [spoken(line) for line in lines]


class LineSplitter:
    """Cuts a stream of bytes into lines; one that never ends is cut at 256 KiB."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        if len(self.rest) > LONGEST_LINE_BYTES:
            lines, self.rest = [*lines, self.rest], b""
        return lines


def as_record(line: bytes) -> bytes:
    """The line itself when it is a JSON object with something in it, else an object that holds it."""
    if line.startswith(b'{"') and line.rstrip().endswith(b"}"):
        return line.strip()
    return orjson.dumps({"event": line.decode(errors="replace").rstrip()})


class SpokenError(Struct):
    exc_type: str = ""
    exc_value: str = ""


class SpokenRecord(Struct):
    """What a person wants to hear of a record."""

    event: str = ""
    msg: str = ""
    error: str = ""
    exception: list[SpokenError] = []


def spoken(line: bytes) -> str:
    try:
        record = msgspec.json.decode(line, type=SpokenRecord)
    except msgspec.MsgspecError:
        return line.decode(errors="replace")
    exceptions = [f"{error.exc_type}: {error.exc_value}" for error in record.exception[:1]]
    return " — ".join(part for part in (record.event, record.msg, record.error, *exceptions) if part)
