"""Settings come from the environment over DATA_DIR over defaults, and are refused in one sentence."""

import json
import re
from pathlib import Path

import pytest

from runtime.__main__ import NEEDS, needs
from runtime.describing import described, described_of_gateway
from runtime.settings import SECRET_NAMES, SECRET_URL_NAMES, Settings, SettingsInvalid
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


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "router").write_text("the-secret-of-the-router\n")
    (tmp_path / "search").write_text("opensearchs://platform:word@search:9200")
    given = {**SECRETS, "ROUTER_SECRET": "", "ROUTER_SECRET_FILE": str(tmp_path / "router")}
    settings = Settings.from_environment({**given, "SEARCH_URL_FILE": str(tmp_path / "search")})
    assert settings.router_secret == "the-secret-of-the-router"
    assert settings.search_url == "opensearchs://platform:word@search:9200"


@pytest.mark.parametrize(
    ("text", "given", "sentence"),
    [
        (None, {}, "ROUTER_SECRET_FILE .* cannot be read: No such file or directory."),
        (b"\xff\xfe", {}, "ROUTER_SECRET_FILE .* cannot be read: it is no text."),
        (b" \n", {}, "ROUTER_SECRET_FILE .* is empty."),
        (b"short", {}, "ROUTER_SECRET is wrong: "),
        (b"x" * 20, {"ROUTER_SECRET": "y" * 20}, "ROUTER_SECRET and ROUTER_SECRET_FILE are both set: "),
    ],
)
def test_a_wrong_file_of_a_secret_is_refused_in_one_sentence(
    tmp_path: Path, text: bytes | None, given: dict[str, str], sentence: str
) -> None:
    if text is not None:
        (tmp_path / "secret").write_bytes(text)
    with pytest.raises(SettingsInvalid, match=f"^{sentence}"):
        Settings.from_environment(
            {**SECRETS, "ROUTER_SECRET": "", "ROUTER_SECRET_FILE": str(tmp_path / "secret"), **given}
        )


def test_a_child_is_not_told_of_files_whose_secrets_it_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "router").write_text("the-secret-of-the-router")
    for name, value in {**SECRETS, "ROUTER_SECRET": "", "ROUTER_SECRET_FILE": str(tmp_path / "router")}.items():
        monkeypatch.setenv(name, value)
    child = Settings.from_environment().child_environment()
    assert Settings.from_environment(child).router_secret == "the-secret-of-the-router"


def test_every_setting_that_may_hold_a_secret_may_be_in_a_file() -> None:
    secret = {row.name.lower() for row in described() if row.unit in {"secret", "secret URL"}}
    assert secret == {*SECRET_NAMES, *SECRET_URL_NAMES}


@pytest.mark.parametrize("role", NEEDS)
def test_a_role_does_without_the_secrets_it_does_not_need(tmp_path: Path, role: str) -> None:
    needed = needs(role)
    given = {"DATA_DIR": str(tmp_path), **{name.upper(): f"{name}-of-sixteen-or-more" for name in needed}}
    settings = Settings.from_environment(given, needed)
    unknown = {getattr(settings, name) for name in SECRET_NAMES if name not in needed}
    assert len(unknown) == len(SECRET_NAMES) - len(needed)
    assert all(len(secret) >= 40 for secret in unknown)
    for name in needed:
        with pytest.raises(SettingsInvalid, match=f"^{name.upper()} is not set"):
            Settings.from_environment({**given, name.upper(): ""}, needed)


def test_only_who_works_for_payments_needs_the_providers_secret() -> None:
    assert "provider_secret" in needs("work")
    assert "provider_secret" in needs("work", ["orders", "payments"])
    assert "provider_secret" not in needs("work", ["orders"])
    assert not {"owner_password", "provider_secret", "partner_secret"} & {*needs("serve"), *needs("relay")}


def test_an_address_of_the_database_without_a_password_gets_it() -> None:
    given = {**SECRETS, "DATABASE_URL": "postgresql://runtime@db:1/platform", "RUNTIME_PASSWORD": "a/b@c:d of sixteen"}
    assert (
        Settings.from_environment(given).database_url
        == "postgresql://runtime:a%2Fb%40c%3Ad%20of%20sixteen@db:1/platform"
    )
    with_one = {**given, "DATABASE_URL": "postgresql://runtime:other@db:1/platform"}
    assert Settings.from_environment(with_one).database_url == with_one["DATABASE_URL"]


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


def test_the_gateways_own_settings_are_those_it_reads_and_the_platform_does_not_know() -> None:
    text = (Path(__file__).parents[2] / "router" / "gateway" / "settings.js").read_text()
    read = set(re.findall(r'(?:number|own|address|choice|secret)\((?:environment, )?"([A-Z_]+)"', text))
    read |= set(re.findall(r"environment\.([A-Z_]+)", text))
    own = {row.name for row in described_of_gateway()}
    assert own == read - {row.name for row in described()}
