"""The file that says which restaurants of a city a platform already has."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from msgspec import MsgspecError, Struct, json

from simulator.city import fingerprint

PROGRAM = Path(__file__).parent


class Loaded(Struct, frozen=True):
    """A restaurant as it was loaded: its id on the platform, and the digest of the menu it published last."""

    restaurant_id: str
    menu: str = ""


class Marker(Struct):
    """`of` says what was loaded, `complete` whether all of it was; restaurants are known by their osm_id."""

    of: str
    complete: bool = False
    restaurants: dict[int, Loaded] = {}

    def covers(self, of: str) -> bool:
        return self.complete and self.of == of


def read_marker(file: Path | None) -> Marker:
    """What an earlier load noted; nothing if there is no such file or it cannot be read."""
    try:
        return json.decode(file.read_bytes(), type=Marker) if file else Marker("")
    except (OSError, MsgspecError):
        return Marker("")  # It only saves work: whatever it forgets, the idempotency keys remember.


def write_marker(file: Path | None, marker: Marker) -> None:
    """All or nothing: whoever is killed here leaves the file as it was."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(json.encode(marker))
    new.replace(file)


def what_is_loaded(city_file: Path, restaurants: int) -> str:
    """Changes whenever the city, the number of restaurants or the program that makes their menus does."""
    parts = [fingerprint(city_file), str(restaurants), *sorted(_program())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _program() -> Iterator[str]:
    for file in (*PROGRAM.glob("*.py"), *PROGRAM.glob("dishes/*")):
        if file.is_file():
            yield f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}"
