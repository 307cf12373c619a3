"""The issuer's ES256 keys, in one file that the issuer and `make token` share."""

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import msgspec
from joserfc.jwk import ECKey
from msgspec import Struct


class RetiredKey(Struct, frozen=True):
    key: dict[str, str]
    until: float


class KeyFile(Struct, frozen=True, kw_only=True):
    """What the file holds: private keys, so it is readable by its owner alone."""

    current: dict[str, str]
    following: dict[str, str]
    retired: tuple[RetiredKey, ...] = ()


class SigningKeys:
    """One key that signs, one announced before it will sign, and those whose tokens may still be about.

    Because the following key is published ahead of its use, a rotation makes no verifier refuse a token.
    """

    def __init__(self, folder: Path, *, retired_last_s: float = 86_400, now: Callable[[], float] = time.time) -> None:
        self._path = folder / "keys.json"
        self._retired_last_s = retired_last_s
        self._now = now

    def current(self) -> ECKey:
        """The key that signs now."""
        return ECKey.import_key({**self._read().current})

    def published(self) -> dict[str, list[dict[str, str]]]:
        """The JWKS: public halves only."""
        file = self._read()
        live = [retired.key for retired in file.retired if retired.until > self._now()]
        return {"keys": [public_half(key) for key in (file.current, file.following, *live)]}

    def rotate(self) -> None:
        """The announced key begins to sign; the one before it verifies until its tokens have ended."""
        self._read()
        with self._locked():
            old = self._decoded()
            retired = [key for key in old.retired if key.until > self._now()]
            retired.append(RetiredKey(old.current, self._now() + self._retired_last_s))
            self._write(KeyFile(current=old.following, following=new_key(), retired=tuple(retired)))

    def _read(self) -> KeyFile:
        if not self._path.exists():
            with self._locked():
                if not self._path.exists():
                    self._write(KeyFile(current=new_key(), following=new_key()))
        return self._decoded()

    def _decoded(self) -> KeyFile:
        return msgspec.json.decode(self._path.read_bytes(), type=KeyFile)

    def _write(self, file: KeyFile) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        with fresh.open("wb") as out:
            out.write(msgspec.json.encode(file))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One writer among all processes; readers need no lock, since the file is replaced whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def new_key() -> dict[str, str]:
    key = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": "ES256"})
    key.ensure_kid()
    return cast("dict[str, str]", key.as_dict(private=True))


def public_half(key: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in key.items() if name != "d"}
