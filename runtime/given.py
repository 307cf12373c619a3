"""What a process was given: variables, files that variables name, and what an earlier start left in DATA_DIR."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

SECRETS_FILE = "secrets.json"
CLOCK_FILE = "clock.json"


class SettingsInvalid(Exception):
    """A setting is missing or not what it should be; the text is one sentence for the person who starts us."""


def from_variables(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The named settings whose variable, the name in capitals, is there and not empty."""
    return {name: environment[name.upper()] for name in names if environment.get(name.upper())}


def from_files(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The named settings whose variable NAME_FILE names a file: what that holds, without spaces around it.

    Raises SettingsInvalid when it cannot be read, is empty, or the setting is given both ways.
    """
    return {name: read_secret(environment, name.upper()) for name in names if environment.get(f"{name.upper()}_FILE")}


def read_secret(environment: Mapping[str, str], variable: str) -> str:
    file = environment[f"{variable}_FILE"]
    if environment.get(variable):
        raise SettingsInvalid(f"{variable} and {variable}_FILE are both set: leave one of them out.")
    try:
        text = Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsInvalid(f"{variable}_FILE {file} cannot be read: {reason}.") from error
    if not text:
        raise SettingsInvalid(f"{variable}_FILE {file} is empty.")
    return text


def from_data_dir(data_dir: Path) -> dict[str, str]:
    """What the first start decided: secrets, and when the clock began."""
    return {**read_kept(data_dir / SECRETS_FILE), **read_kept(data_dir / CLOCK_FILE)}


def read_kept(file: Path) -> dict[str, str]:
    """Settings that an earlier start left in DATA_DIR; none if it left none or the file is not ours to read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except OSError:
        return {}
    except msgspec.DecodeError as error:
        raise SettingsInvalid(f"{file} is damaged: {error}.") from error
