"""The Dockerfile, as far as it can be checked where docker does not run."""

import json
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from runtime.__main__ import parser
from runtime.describing import described, described_of_gateway
from tests.platform.image import ROOT, stages

STAGES = stages()
IMAGES = ("platform", "gateway", "hive-router")
"""What is run; the other stages only build."""
OF_OTHERS = {"PATH", "NODE_ENV", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "ROUTER_CONFIG_FILE_PATH"}


@pytest.mark.parametrize("name", STAGES)
def test_it_stands_on_a_pinned_version(name: str) -> None:
    image, _, tag = STAGES[name].origin.partition(":")
    assert image
    assert tag[:1].isdigit(), STAGES[name].origin
    assert tag.count(".") >= 1


@pytest.mark.parametrize("name", IMAGES)
def test_it_runs_as_nobody_in_particular_and_says_how_it_is(name: str) -> None:
    stage = STAGES[name]
    user, _, group = stage.last("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    words = [word for word, _ in stage.lines]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert stage.last("HEALTHCHECK").split("CMD", 1)[1].strip().startswith('["')
    assert "127.0.0.1:8080/" in stage.last("HEALTHCHECK")
    assert stage.last("EXPOSE") == "8080"
    assert stage.last("STOPSIGNAL") == "SIGTERM"


@pytest.mark.parametrize("name", STAGES)
def test_what_it_copies_is_there_and_let_through(name: str) -> None:
    listed = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = [line[1:] for line in listed if line.startswith("!")]
    for source in STAGES[name].copied:
        assert (ROOT / source).exists(), source
        assert any(source == entry or fnmatch(source, f"{entry}/*") for entry in let_through), source
    for rest in STAGES[name].all("COPY"):
        if rest.startswith("--from="):
            assert rest.removeprefix("--from=").split()[0] in STAGES


def test_secrets_and_data_stay_outside() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not [line for line in ignored if line.startswith(("!.", "!secrets", "!*"))]


def test_every_variable_is_a_setting() -> None:
    platform = {row.name for row in described()}
    gateway = {row.name for row in described_of_gateway()} | platform
    assert STAGES["platform"].environment.keys() - OF_OTHERS <= platform
    assert STAGES["gateway"].environment.keys() - OF_OTHERS <= gateway
    assert STAGES["hive-router"].environment.keys() - OF_OTHERS <= gateway


def test_every_role_answers_at_the_port_that_is_asked_for_health() -> None:
    environment = STAGES["platform"].environment
    ports = {name for name in environment if name.endswith("_PORT")}
    assert ports == {"SERVE_PORT", "WORK_PORT", "RELAY_PORT", "ISSUER_PORT", "PROVIDER_PORT"}
    assert {environment[name] for name in ports} == {"8080"}
    assert STAGES["gateway"].environment["PORT"] == STAGES["hive-router"].environment["PORT"] == "8080"
    assert environment["HOST"] == STAGES["gateway"].environment["HOST"] == "0.0.0.0"


def test_its_programs_are_ours() -> None:
    assert STAGES["platform"].command("ENTRYPOINT") == ["python", "-m", "runtime"]
    with pytest.raises(SystemExit) as shown:
        parser().parse_args(STAGES["platform"].command("CMD"))
    assert shown.value.code == 0
    node, script = STAGES["gateway"].command("ENTRYPOINT")
    assert (node, (ROOT / script).is_file()) == ("node", True)
    configuration = STAGES["hive-router"].environment["ROUTER_CONFIG_FILE_PATH"]
    assert (ROOT / Path(configuration).relative_to("/srv")).is_file()


def test_its_question_for_health_is_understood() -> None:
    """Nobody listens at that port here, or not we: the answer is no, and not a mistake in the question."""
    asked = json.loads(STAGES["platform"].last("HEALTHCHECK").split("CMD", 1)[1])
    done = subprocess.run(
        [word.replace(":8080", ":9") for word in asked], capture_output=True, text=True, check=False, timeout=30
    )
    assert "Connection refused" in done.stderr
    asked = json.loads(STAGES["gateway"].last("HEALTHCHECK").split("CMD", 1)[1])
    done = subprocess.run(
        [word.replace(":8080", ":9") for word in asked], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (1, "")
