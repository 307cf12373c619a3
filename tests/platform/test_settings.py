"""Settings come from the environment over DATA_DIR over defaults, and are refused in one sentence."""

import json
from pathlib import Path

import pytest

from runtime.settings import SECRET_NAMES, Settings, SettingsInvalid, described
from runtime.supervision.keepsakes import ensure_clock, ensure_secrets

SECRETS = {name.upper(): f"{name}-of-sixteen-or-more" for name in SECRET_NAMES}


def test_every_address_follows_from_the_port() -> None:
    settings = Settings.from_environment({**SECRETS, "PORT": "5000"})
    assert settings.gateway_url == "http://127.0.0.1:5000"
    assert settings.serve_url == "http://127.0.0.1:5001"
    assert settings.issuer_url == "http://127.0.0.1:5003"
    assert "@127.0.0.1:5005/platform" in settings.database_url
    assert settings.uses_own_postgres
    assert settings.uses_own_valkey


def test_what_is_set_wins_over_what_follows() -> None:
    settings = Settings.from_environment({**SECRETS, "VALKEY_URL": "redis://elsewhere:1/0", "SERVE_PORT": "9"})
    assert not settings.uses_own_valkey
    assert settings.serve_port == 9


def test_a_child_gets_the_same_settings() -> None:
    settings = Settings.from_environment({**SECRETS, "PORT": "5000", "CLOCK_ORIGIN": "2026-11-20T18:00:00+02:00"})
    assert Settings.from_environment(settings.as_environment()) == settings


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "many", "PORT must be a number, not 'many'."),
        ("PORT", "65535", "SERVE_PORT is wrong"),
        ("CLOCK_RATE", "-1", "CLOCK_RATE is wrong"),
        ("ROUTER_SECRET", "short", "ROUTER_SECRET is wrong"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is wrong"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(variable: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.from_environment({**SECRETS, variable: value})
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_missing_secrets_say_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="run `make up` once"):
        Settings.from_environment({"DATA_DIR": str(tmp_path)})


def test_secrets_are_made_once_and_only_for_the_owner(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    first = Settings.from_environment({"DATA_DIR": str(tmp_path)})
    ensure_secrets(tmp_path)
    assert Settings.from_environment({"DATA_DIR": str(tmp_path)}) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(set(json.loads((tmp_path / "secrets.json").read_text()).values())) == len(SECRET_NAMES)


def test_secrets_stay_out_of_texts() -> None:
    settings = Settings.from_environment(SECRETS)
    assert not any(secret in f"{settings!r} {settings}" for secret in SECRETS.values())


def test_a_clock_of_its_own_goes_on_over_restarts(tmp_path: Path) -> None:
    environment = {**SECRETS, "DATA_DIR": str(tmp_path), "CLOCK_RATE": "60"}
    ensure_clock(Settings.from_environment(environment))
    first = Settings.from_environment(environment)
    ensure_clock(first)
    assert first.clock_started is not None
    assert first.clock_origin == first.clock_started
    assert Settings.from_environment(environment) == first


def test_real_time_leaves_nothing_behind(tmp_path: Path) -> None:
    ensure_clock(Settings.from_environment({**SECRETS, "DATA_DIR": str(tmp_path)}))
    assert not (tmp_path / "clock.json").exists()


def test_every_setting_has_a_meaning() -> None:
    assert {row.name for row in described()} == {name.upper() for name in Settings.__struct_fields__}
    assert all(row.meaning.endswith(".") for row in described())
