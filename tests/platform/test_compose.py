"""docker-compose.yml holds to the compose specification, and names nothing that our program does not know."""

import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from runtime.__main__ import needs, parser
from runtime.describing import described, described_of_gateway
from runtime.engines.postgres import SETTINGS as POSTGRES
from runtime.settings import SECRET_NAMES, SECRET_URL_NAMES, Settings
from runtime.wiring import READERS, SUBGRAPHS
from tests.platform.image import ROOT, stages

Service = dict[str, Any]

FILE = ROOT / "docker-compose.yml"
WHOLE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Service] = WHOLE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ROLES = {name: service for name, service in OURS.items() if service["build"]["target"] == "platform"}
ENGINES = {name: service for name, service in SERVICES.items() if name not in OURS}
NAMES = [subgraph.name for subgraph in SUBGRAPHS]
SECRET_FILES = {f"{name.upper()}_FILE" for name in (*SECRET_NAMES, *SECRET_URL_NAMES)}
PLATFORM = {row.name for row in described()} | SECRET_FILES
GATEWAY = {row.name for row in described_of_gateway()} | PLATFORM
ONCE = {"migrate", "city"}
CHOSEN_OUTSIDE = GATEWAY | {"SECRETS_DIR"}
"""Variables that whoever starts it may set."""


def test_it_holds_to_the_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_every_subgraph_and_every_worker_is_a_service_of_its_own() -> None:
    split = {f"{role}-{name}" for role in ("serve", "work") for name in NAMES}
    assert {name for name in SERVICES if name.startswith(("serve-", "work-"))} == split
    for name in split:
        assert SERVICES[name]["command"] == name.split("-")
    assert {"migrate", "relay", "gateway"} <= SERVICES.keys()


@pytest.mark.parametrize("name", [name for name, service in ROLES.items() if "entrypoint" not in service])
def test_its_command_is_one_of_our_program(name: str) -> None:
    parser().parse_args(SERVICES[name]["command"])


def test_the_citys_command_is_one_of_the_simulator() -> None:
    service = SERVICES["city"]
    assert service["entrypoint"] == ["python", "-m", "simulator.load"]
    said = subprocess.run(
        [sys.executable, "-m", "simulator.load", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    options = dict(word.split("=", 1) for word in service["command"])
    assert all(f"{option} " in said.stdout for option in options)
    assert (ROOT / options["--city"]).is_file()


@pytest.mark.parametrize("name", OURS)
def test_its_variables_are_settings(name: str) -> None:
    target = SERVICES[name]["build"]["target"]
    known = PLATFORM if target == "platform" else GATEWAY
    environment: Mapping[str, str] = SERVICES[name].get("environment", {})
    assert environment.keys() <= known
    for value in environment.values():
        assert isinstance(value, str), f"{name}: numbers and truths are written as texts"


@pytest.mark.parametrize("name", OURS)
def test_its_secrets_come_in_files_that_it_is_given(name: str) -> None:
    service = SERVICES[name]
    files = {key: value for key, value in service.get("environment", {}).items() if key.endswith("_FILE")}
    assert set(files.values()) == {f"/run/secrets/{secret}" for secret in service.get("secrets", ())}
    for variable, path in files.items():
        assert path == f"/run/secrets/{variable.removesuffix('_FILE').lower()}"
    assert not {*service.get("environment", {})} & {secret.upper() for secret in SECRET_NAMES}


@pytest.mark.parametrize("name", [name for name in ROLES if name != "city"])
def test_it_is_given_the_secrets_it_needs_and_no_others(name: str) -> None:
    role, *subgraphs = SERVICES[name]["command"]
    given = set(SERVICES[name].get("secrets", ())) & set(SECRET_NAMES)
    assert given == set(needs(role, subgraphs))


@pytest.mark.parametrize("name", ROLES)
def test_its_settings_are_read(name: str) -> None:
    """With the defaults of its ${…}, and of its secrets in any case."""
    given = {
        key: filled(value) for key, value in SERVICES[name].get("environment", {}).items() if not key.endswith("_FILE")
    }
    secrets = {secret.upper(): f"{secret}-of-sixteen" for secret in SECRET_NAMES}
    settings = Settings.from_environment({**stages()["platform"].environment, **secrets, **given})
    assert {settings.serve_port, settings.work_port, settings.relay_port} == {8080}


def filled(text: str) -> str:
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_what_may_be_chosen_outside_is_known() -> None:
    assert set(re.findall(r"\$\{(\w+)", FILE.read_text())) <= CHOSEN_OUTSIDE


def test_the_router_finds_every_subgraph_at_its_service() -> None:
    for router in ("gateway", "hive-router"):
        urls = dict(pair.strip().split("=", 1) for pair in SERVICES[router]["environment"]["SUBGRAPH_URLS"].split(","))
        assert urls == {name: f"http://serve-{name}:8080" for name in NAMES}


def test_every_address_is_that_of_a_service_in_a_network_it_shares() -> None:
    for name, service in OURS.items():
        for value in service.get("environment", {}).values():
            urls: list[str] = re.findall(r"\b[a-z]+://[^\s,\"]+", filled(value))
            for url in urls:
                host = str(urlsplit(url).hostname)
                if host not in {"127.0.0.1", "localhost"}:
                    assert host in SERVICES, f"{name}: {url}"
                    assert {*SERVICES[host]["networks"]} & {*service["networks"]}, f"{name} cannot reach {host}"


def test_everybody_waits_for_what_they_need() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES, f"{name} waits for {other}"
            if how["condition"] == "service_healthy":
                assert is_asked_for_health(other), f"{name} waits for {other}, which nobody asks"
            else:
                assert other in ONCE
    for name in ROLES:
        if name.startswith(("serve-", "work-", "relay")):
            assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def is_asked_for_health(name: str) -> bool:
    service = SERVICES[name]
    if "healthcheck" in service:
        return not service["healthcheck"].get("disable", False)
    return bool(stages()[service["build"]["target"]].all("HEALTHCHECK")) if "build" in service else False


def test_everybody_is_asked_for_health_but_who_runs_once() -> None:
    assert {name for name in SERVICES if not is_asked_for_health(name)} == ONCE


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_pinned_limited_and_hardened(name: str) -> None:
    service = SERVICES[name]
    tag = service["image"].rpartition(":")[2]
    assert re.match(r"\d+\.\d+", tag), service["image"]
    limits = service["deploy"]["resources"]["limits"]
    assert {*limits} == {"cpus", "memory"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] is (name not in {"kafka", "opensearch", "clickhouse"})
    assert not service.get("privileged", False)
    assert "env_file" not in service


def test_only_the_edge_is_published() -> None:
    published = {name for name, service in SERVICES.items() if "ports" in service}
    assert published == {"gateway"}
    assert SERVICES["gateway"]["ports"] == ["${PORT:-4000}:8080"]
    assert {name for name, service in SERVICES.items() if "edge" in service["networks"]} == {"gateway"}
    assert WHOLE["networks"]["inside"] == {"internal": True}
    for name in ENGINES:
        assert SERVICES[name]["networks"] == ["inside"]


def test_whatever_is_named_is_declared_and_whatever_is_declared_is_used() -> None:
    secrets = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    networks = {network for service in SERVICES.values() for network in service["networks"]}
    mounted = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert secrets == WHOLE["secrets"].keys()
    assert networks == WHOLE["networks"].keys()
    assert mounted == WHOLE["volumes"].keys()
    for name, secret in WHOLE["secrets"].items():
        assert secret == {"file": f"${{SECRETS_DIR:-./secrets}}/{name}"}
    assert {service["build"]["target"] for service in OURS.values()} <= stages().keys()


def test_its_postgres_is_set_as_ours_and_has_room_for_everybody() -> None:
    command = SERVICES["postgres"]["command"]
    given = dict(word.removeprefix("-c").split("=", 1) for word in command[1:])
    for name in ("max_connections", "wal_level", "random_page_cost", "jit"):
        assert given[name] == POSTGRES[name]
    workers = [service for name, service in ROLES.items() if name.startswith(("serve-", "work-", "relay"))]
    most = sum(int(service["environment"]["DATABASE_CONNECTIONS"]) + READERS for service in workers)
    assert most <= int(given["max_connections"]) - 40


def test_what_belongs_to_development_is_not_there_unless_asked_for() -> None:
    development = {name for name, service in SERVICES.items() if service.get("profiles") == ["development"]}
    assert development == {"issue", "provide-payments", "city"}
    assert {name for name, service in SERVICES.items() if service.get("profiles") == ["hive"]} == {"hive-router"}
    for name, service in SERVICES.items():
        if name not in development:
            assert not development & service.get("depends_on", {}).keys()


def test_the_commands_of_the_page_are_understood() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    commands = [line.partition("#")[0] for line in page.splitlines() if re.match(r"(\w+=\S+ )*docker compose ", line)]
    assert commands
    profiles = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}
    for command in commands:
        words = shlex.split(command)
        assert {words[n + 1] for n, word in enumerate(words) if word == "--profile"} <= profiles
        after = words[words.index("exec") + 1 :] if "exec" in words else []
        if after:
            assert after[0] in SERVICES
            parser().parse_args(after[after.index("runtime") + 1 :])
        for scaled in re.findall(r"--scale ([\w-]+)=\d+", command):
            assert scaled in SERVICES
