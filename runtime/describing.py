"""What can be set, with unit, default and meaning: as lines for a terminal, as tables for docs/operations.md."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from runtime.settings import SECRET_NAMES, SECRET_URL_NAMES, Settings, derived

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"
BEGIN, END = "<!-- python -m runtime settings --write -->", "<!-- the end of what it writes -->"
GATEWAY_SETTINGS = Path(__file__).parents[1] / "router" / "gateway" / "settings.js"
DEFAULTS_ELSEWHERE = {
    "DATA_DIR": ".data",
    **{name.upper(): "made at the first start" for name in SECRET_NAMES},
}
HEAD = ("Setting", "Unit", "Default", "Meaning")


class SettingDescription(Struct, frozen=True):
    """One row of a table of settings."""

    name: str
    unit: str
    default: str
    meaning: str


def described() -> list[SettingDescription]:
    """The platform's settings; a default that follows from others is shown for PORT=4000 and HOST=127.0.0.1."""
    schema = msgspec.json.schema(Settings, schema_hook=lambda _kind: {"type": "string"})
    properties: dict[str, dict[str, object]] = schema["$defs"]["Settings"]["properties"]
    following = {name.upper(): str(value) for name, value in derived({}).items()}
    return [
        SettingDescription(
            name=name.upper(),
            unit=str(property_schema.get("unit", "")),
            default=DEFAULTS_ELSEWHERE.get(name.upper())
            or following.get(name.upper())
            or shown(property_schema.get("default")),
            meaning=str(property_schema["description"]),
        )
        for name, property_schema in properties.items()
    ]


def shown(default: object) -> str:
    return "" if default is None else str(default)


def described_of_gateway(node: str = "node") -> list[SettingDescription]:
    """The gateway's own settings, as its settings.js has them."""
    script = f"import {{ OWN }} from {json.dumps(GATEWAY_SETTINGS.as_uri())}; console.log(JSON.stringify(OWN));"
    said = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, check=True, timeout=20)
    found: list[list[str | int]] = msgspec.json.decode(said.stdout, type=list[list[str | int]])
    return [SettingDescription(*map(str, row)) for row in found]


def rows() -> Sequence[str]:
    """One line a setting."""
    return [f"{row.name:28} {row.unit:12} {row.default:42} {row.meaning}" for row in described()]


def page() -> str:
    """The two tables in Markdown."""
    files = ", ".join(f"`{name.upper()}_FILE`" for name in (*SECRET_NAMES, *SECRET_URL_NAMES))
    return "\n".join(
        [
            "Of the platform, for every role:",
            "",
            *table(described()),
            "",
            f"What is secret may be in a file: {files} name its path, and then the variable itself must not be set.",
            "",
            "Of the gateway alone, which is also the edge before Hive Router; `ROUTER_SECRET_FILE` goes for it too:",
            "",
            *table(described_of_gateway()),
        ]
    )


def written() -> str:
    """What stands between the marks in docs/operations.md."""
    return PAGE.read_text().split(BEGIN, 1)[1].split(END, 1)[0].strip()


def write_page() -> None:
    """Brings docs/operations.md to what can be set now."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{page()}\n{END}{after}")


def table(settings: Sequence[SettingDescription]) -> list[str]:
    return [
        f"| {' | '.join(HEAD)} |",
        f"|{'---|' * len(HEAD)}",
        *(f"| `{row.name}` | {row.unit} | {quoted(row.default)} | {row.meaning} |" for row in settings),
    ]


def quoted(default: str) -> str:
    return f"`{default}`" if default else ""
