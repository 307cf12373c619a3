"""The demo's own folder: begun afresh, or gone on with; nobody else's is ever touched."""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import MsgspecError, Struct, json

MARK = "demo.json"


class CannotPlay(Exception):
    """Why there is no demo here, as one sentence."""


class Kept(Struct, frozen=True, kw_only=True):
    """What a demo must remember to go on after it was stopped."""

    seed: str
    orders: int
    rate: float
    at: datetime
    """Domain time: when it was last known to run, or to be about to."""
    opening_s: float = 12.0
    """What its platform needed to open, or about what one needs: it is five o'clock when people can order."""


class Folder:
    """A folder that says of itself that it is a demo's."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def diary(self) -> Path:
        return self.path / "diary.json"

    def begin(self, kept: Kept) -> None:
        """Throw away what an earlier demo left. Raises CannotPlay when it is not a demo's to throw away."""
        if self.path.exists() and any(self.path.iterdir()) and not (self.path / MARK).exists():
            raise CannotPlay(f"{self.path} is not a demo's folder: choose another one with --data-dir.")
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.keep(kept)

    def kept(self) -> Kept:
        """Raises CannotPlay when no demo was stopped here."""
        try:
            return json.decode((self.path / MARK).read_bytes(), type=Kept)
        except (OSError, MsgspecError):
            raise CannotPlay(f"There is no demo to go on with in {self.path}: begin one without RESUME.") from None

    def keep(self, kept: Kept) -> None:
        """All or nothing: whoever is killed here leaves the file as it was."""
        new = self.path / f"{MARK}.new"
        new.write_bytes(json.encode(kept))
        new.replace(self.path / MARK)


@contextmanager
def only_demo(folder: Folder) -> Generator[None]:
    """Nobody else plays in this folder inside the block. Raises CannotPlay."""
    folder.path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.path.with_name(f"{folder.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise CannotPlay(f"Another demo plays in {folder.path}: stop it first.") from None
    finally:
        os.close(lock)
