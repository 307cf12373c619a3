"""Hive Router's configuration fits the pinned version and says what the gateway does."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from runtime.serving.callers import FORWARDED
from runtime.settings import SECRET_NAMES, Settings
from runtime.supervision.hive_router import CONFIGURATION, ROOT, hive_router_environment
from tests.router.hive_router import hive_router_bin

FOLDER = CONFIGURATION.parent
SCHEMA = FOLDER / "router.schema.json"
GATEWAY = ROOT / "router" / "gateway"


def configuration() -> dict[str, Any]:
    return yaml.safe_load(CONFIGURATION.read_text())


def test_the_configuration_fits_the_schema_of_the_pinned_version() -> None:
    jsonschema_rs.validate(json.loads(SCHEMA.read_text()), configuration())


def test_a_setting_that_the_pinned_version_does_not_know_is_found() -> None:
    misspelt = configuration() | {"subscription": {"enabled": True}}
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(json.loads(SCHEMA.read_text()), misspelt)


def test_the_schema_is_what_the_pinned_version_prints() -> None:
    generator = hive_router_bin().with_name("config_schema_generator")
    if not generator.is_file():
        pytest.skip("no config_schema_generator beside the program")
    printed = subprocess.run([generator], check=True, capture_output=True, text=True).stdout
    assert json.loads(printed) == json.loads(SCHEMA.read_text())


def test_limits_are_those_of_the_gateway() -> None:
    limits = configuration()["limits"]
    ours = {name: limits[f"max_{name}"]["n"] for name in ("depth", "tokens", "aliases", "directives")}
    wanted = ("depth", "tokens", "aliases", "directives")
    script = (
        f"const {{ LIMITS }} = await import('{GATEWAY}/graph/limits.js');"
        f"console.log(JSON.stringify(Object.fromEntries({json.dumps(wanted)}.map((name) => [name, LIMITS[name]]))))"
    )
    told = subprocess.run(
        ["node", "--input-type=module", "--eval", script], check=True, capture_output=True, text=True
    ).stdout
    assert ours == json.loads(told)


def test_what_travels_to_subgraphs_is_what_they_read() -> None:
    propagated, inserted = configuration()["headers"]["all"]["request"]
    assert {*propagated["propagate"]["named"], inserted["insert"]["name"]} == set(FORWARDED)


def test_all_that_identifies_a_caller_decides_who_shares_a_socket_and_nothing_is_shared_beyond() -> None:
    dedupe = configuration()["traffic_shaping"]["router"]["dedupe"]
    assert dedupe == {"enabled": False, "headers": {"include": ["authorization", "x-consistency-token"]}}


def test_it_is_told_what_it_reads_and_no_secret_but_the_credential(tmp_path: Path) -> None:
    secrets = {name.upper(): f"the secret of {name}" for name in SECRET_NAMES}
    settings = Settings.from_environment({"DATA_DIR": str(tmp_path), "LOG_LEVEL": "warning", **secrets})
    environment = hive_router_environment(settings)
    others = set(secrets.values()) - {settings.router_secret}
    assert not [name for name, value in environment.items() if any(secret in value for secret in others)]
    assert (environment["PORT"], environment["LOG_LEVEL"]) == (str(settings.hive_port), "warn")
    named = set(re.findall(r'(?:env\(\\"|"from_env": ")([A-Z_]+)', json.dumps(configuration())))
    assert set(environment) <= named | {"HOST", "PORT", "LOG_LEVEL", "ROUTER_CONFIG_FILE_PATH"}
    assert named - set(environment) <= {"UPSTREAM_SECONDS"}
