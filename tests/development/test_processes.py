"""Issuer and provider as the supervisor starts them: own processes, stopped politely or killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from runtime.settings import SECRET_NAMES
from tests.conftest import free_port

pytestmark = pytest.mark.timeout(60)


def environment(folder: Path, **changes: str) -> dict[str, str]:
    secrets = {name.upper(): f"{name}-of-tests" for name in SECRET_NAMES}
    return {**os.environ, **secrets, "DATA_DIR": str(folder), **changes}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "runtime", *words]


@contextmanager
def process(role: str, url: str, given: dict[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """The role in a process of its own, ready when the block begins and gone when it ends."""
    with (
        (Path(given["DATA_DIR"]) / "log").open("ab") as log,
        subprocess.Popen(command(role), env=given, stdout=log) as started,
    ):
        try:
            while not answers(url):
                assert started.poll() is None, "it ended before it was ready"
            yield started
        finally:
            started.kill()


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def started_ports(folder: Path) -> tuple[str, str, Callable[[], dict[str, str]]]:
    issuer, provider = free_port(), free_port()
    ports = {"ISSUER_PORT": str(issuer), "PROVIDER_PORT": str(provider)}
    return f"http://127.0.0.1:{issuer}", f"http://127.0.0.1:{provider}", lambda: environment(folder, **ports)


def test_make_token_works_with_the_issuer_that_runs(tmp_path: Path) -> None:
    url, _, given = started_ports(tmp_path)
    printed = subprocess.run(command("token", "sanna"), env=given(), capture_output=True, text=True, check=True)
    with process("issue", url, given()) as issuer:
        bearer = {"Authorization": f"Bearer {printed.stdout.strip()}"}
        traced = {"x-request-id": "request-1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
        assert httpx.get(f"{url}/userinfo?x=secret", headers=bearer | traced).json()["roles"] == ["support"]
        assert "python_info" in httpx.get(f"{url}/metrics").text
        issuer.send_signal(signal.SIGTERM)
        assert issuer.wait(10) in (0, -signal.SIGTERM)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    told = next(line for line in lines if line.get("path") == "/userinfo")
    assert (told["request_id"], told["trace_id"], told["status"]) == ("request-1", "a" * 32, 200)
    assert "secret" not in (tmp_path / "log").read_text()


def test_an_unknown_person_is_one_clear_sentence(tmp_path: Path) -> None:
    _, _, given = started_ports(tmp_path)
    refused = subprocess.run(command("token", "nobody"), env=given(), capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert all(name in refused.stderr for name in ("nobody", "aino", "kitchen", "partner-demo", "owner-"))


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    _, url, given = started_ports(tmp_path)
    secret = {"Authorization": "Bearer provider_secret-of-tests"}
    acknowledged: list[str] = []
    with process("provide-payments", url, given()) as provider:

        def pay(number: int) -> None:
            body = {"token": "tok_visa", "amount_minor": 100, "currency": "EUR", "reference": f"order-{number}"}
            with httpx.Client(base_url=url, headers=secret) as http:
                for attempt in range(1_000):
                    key = f"{number}-{attempt}"
                    try:
                        http.post("/v1/authorisations", json=body, headers={"Idempotency-Key": key}).raise_for_status()
                    except httpx.TransportError:
                        return
                    acknowledged.append(key)
                    if len(acknowledged) == 100:
                        provider.kill()

        payers = [threading.Thread(target=pay, args=(number,)) for number in range(4)]
        for payer in payers:
            payer.start()
        for payer in payers:
            payer.join()
    assert len(acknowledged) >= 100
    with process("provide-payments", url, given()):
        journal = httpx.get(f"{url}/v1/journal", params={"limit": 1_000}, headers=secret).json()["entries"]
    entries = Counter(entry["key"] for entry in journal)
    assert set(acknowledged) <= set(entries)
    assert set(entries.values()) == {1}
