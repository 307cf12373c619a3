"""The payment provider: one key, one effect; authorised ≥ captured ≥ refunded; mishaps on request."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.development.paying import RunningProvider, provider_running

NUMBERS = count(1)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    with provider_running(tmp_path_factory.mktemp("payments")) as running:
        yield running


@pytest.fixture(scope="module")
def http(provider: RunningProvider) -> Iterator[httpx.Client]:
    with provider.client() as client:
        yield client


def new_key() -> str:
    return f"order_{next(NUMBERS)}:key"


def post(http: httpx.Client, path: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
    return http.post(path, json=body, headers={"Idempotency-Key": key or new_key()})


def authorise(
    http: httpx.Client, token: str = "tok_visa", amount: int = 2_500, key: str | None = None, reference: str = "pay_1"
) -> httpx.Response:
    body = {"token": token, "amount_minor": amount, "currency": "EUR", "reference": reference}
    return post(http, "/v1/authorisations", body, key)


def held(http: httpx.Client, token: str = "tok_visa", amount: int = 2_500) -> str:
    """The address of a fresh authorisation."""
    return f"/v1/authorisations/{authorise(http, token, amount).json()['id']}"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def done_under(provider: RunningProvider, key: str) -> list[str]:
    return [entry.kind for entry in provider.journal() if entry.key == key]


def asked(http: httpx.Client, key: str) -> Any:
    """What the provider says of a key: the operation, or None."""
    answer = http.get(f"/v1/operations/{key}")
    return answer.json() if answer.status_code == 200 else None


def test_money_is_held_taken_and_given_back(http: httpx.Client) -> None:
    first = authorise(http).json()
    assert (first["status"], first["amount_minor"], first["currency"]) == ("authorised", 2_500, "EUR")
    path = f"/v1/authorisations/{first['id']}"
    captured = post(http, f"{path}/capture", {"amount_minor": 2_000}).json()
    assert (captured["status"], captured["captured_minor"]) == ("captured", 2_000)
    assert post(http, f"{path}/refunds", {"amount_minor": 500}).json()["refunded_minor"] == 500
    assert post(http, f"{path}/refunds", {"amount_minor": 1_500}).json()["refunded_minor"] == 2_000
    assert code(post(http, f"{path}/refunds", {"amount_minor": 1})) == (422, "amount_exceeds_captured")
    assert http.get(path).json()["refunded_minor"] == 2_000


def test_more_than_was_authorised_cannot_be_captured(http: httpx.Client) -> None:
    path = held(http)
    assert code(post(http, f"{path}/capture", {"amount_minor": 2_501})) == (422, "amount_exceeds_authorisation")
    assert http.get(path).json()["status"] == "authorised"


def test_an_authorisation_is_captured_or_voided_once(http: httpx.Client) -> None:
    path = held(http)
    assert post(http, f"{path}/capture", {"amount_minor": 1}).status_code == 200
    assert code(post(http, f"{path}/capture", {"amount_minor": 1})) == (422, "authorisation_captured")
    assert code(post(http, f"{path}/void", {})) == (422, "authorisation_captured")

    path = held(http)
    assert code(post(http, f"{path}/refunds", {"amount_minor": 1})) == (422, "authorisation_authorised")
    assert post(http, f"{path}/void", {}).json()["status"] == "voided"
    assert code(post(http, f"{path}/void", {})) == (422, "authorisation_voided")
    assert code(post(http, f"{path}/capture", {"amount_minor": 1})) == (422, "authorisation_voided")


def test_an_old_authorisation_cannot_be_captured(tmp_path: Path) -> None:
    with provider_running(tmp_path) as provider, provider.client() as http:
        path = held(http)
        with sqlite3.connect(tmp_path / "provider" / "books.sqlite") as books:
            books.execute("update authorisations set expires_at = 1")
        books.close()
        assert code(post(http, f"{path}/capture", {"amount_minor": 1})) == (422, "authorisation_expired")


@pytest.mark.parametrize("token", ["insufficient_funds", "card_expired", "card_declined", "card_lost", "token_revoked"])
def test_a_declined_card_says_why_and_says_it_again(provider: RunningProvider, http: httpx.Client, token: str) -> None:
    key = new_key()
    answer = authorise(http, f"tok_{token}", key=key)
    assert code(answer) == (402, token)
    assert answer.json()["authorisation"]["status"] == "declined"
    assert authorise(http, f"tok_{token}", key=key).content == answer.content
    assert done_under(provider, key) == ["declined"]
    path = f"/v1/authorisations/{answer.json()['authorisation']['id']}"
    assert code(post(http, f"{path}/capture", {"amount_minor": 1})) == (422, "authorisation_declined")


def test_a_card_declined_once_is_approved_at_the_next_try(http: httpx.Client) -> None:
    assert code(authorise(http, "tok_declined_once", reference="pay_once")) == (402, "try_again_later")
    assert authorise(http, "tok_declined_once", reference="pay_once").status_code == 200


def test_a_key_has_one_effect_and_one_answer(provider: RunningProvider, http: httpx.Client) -> None:
    key = new_key()
    first, second = authorise(http, key=key), authorise(http, key=key)
    assert first.content == second.content
    assert (first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")) == (None, "true")
    assert done_under(provider, key) == ["authorised"]


def test_a_key_is_not_good_for_another_request(provider: RunningProvider, http: httpx.Client) -> None:
    key, path = new_key(), held(http)
    authorise(http, key=key)
    assert code(authorise(http, key=key, amount=1)) == (409, "idempotency_key_reused")
    assert code(post(http, f"{path}/void", {}, key)) == (409, "idempotency_key_reused")
    assert done_under(provider, key) == ["authorised"]


def test_a_refusal_is_kept_too(http: httpx.Client) -> None:
    key, path = new_key(), held(http)
    refused = post(http, f"{path}/capture", {"amount_minor": 9_999}, key)
    assert post(http, f"{path}/capture", {"amount_minor": 9_999}, key).content == refused.content
    assert asked(http, key)["http_status"] == 422


def test_many_at_once_with_one_key_have_one_effect(provider: RunningProvider) -> None:
    key = new_key()
    answers: list[bytes] = []

    def race() -> None:
        with provider.client() as own:
            answers.append(authorise(own, key=key).content)

    racers = [threading.Thread(target=race) for _ in range(20)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert done_under(provider, key) == ["authorised"]


@pytest.mark.parametrize("card", ["timeout_before", "error_before", "timeout_after", "error_after"])
def test_an_unknown_outcome_can_be_asked_for_and_repeating_has_one_effect(
    provider: RunningProvider, http: httpx.Client, card: str
) -> None:
    key = new_key()
    status = 504 if card.startswith("timeout") else 500
    assert authorise(http, f"tok_{card}", key=key).status_code == status
    known = asked(http, key)
    if card.endswith("before"):
        assert known is None
    else:
        assert (known["status"], known["http_status"]) == ("done", 200)
        assert known["answer"]["status"] == "authorised"
    again = authorise(http, f"tok_{card}", key=key)
    assert (again.status_code, again.json()["status"]) == (200, "authorised")
    assert done_under(provider, key) == ["authorised"]


@pytest.mark.parametrize(
    ("card", "operation", "kind"),
    [
        ("capture_timeout_before", "capture", "captured"),
        ("capture_timeout_after", "capture", "captured"),
        ("capture_error_before", "capture", "captured"),
        ("capture_error_after", "capture", "captured"),
        ("void_timeout_after", "void", "voided"),
        ("void_error_before", "void", "voided"),
    ],
)
def test_capturing_and_voiding_suffer_mishaps_too(
    provider: RunningProvider, http: httpx.Client, card: str, operation: str, kind: str
) -> None:
    key, path = new_key(), held(http, f"tok_{card}")
    body = {"amount_minor": 2_500} if operation == "capture" else {}
    assert post(http, f"{path}/{operation}", body, key).status_code >= 500
    assert (asked(http, key) is None) == card.endswith("before")
    assert http.get(path).json()["status"] == ("authorised" if card.endswith("before") else kind)
    assert post(http, f"{path}/{operation}", body, key).json()["status"] == kind
    assert done_under(provider, key) == [kind]


@pytest.mark.parametrize(("card", "status"), [("unreachable", 504), ("broken", 500)])
def test_some_cards_never_work_and_never_charge(
    provider: RunningProvider, http: httpx.Client, card: str, status: int
) -> None:
    key = new_key()
    assert [authorise(http, f"tok_{card}", key=key).status_code for _ in range(2)] == [status, status]
    assert asked(http, key) is None
    assert done_under(provider, key) == []


def test_a_late_answer_is_there_when_asked_for(provider: RunningProvider, http: httpx.Client) -> None:
    key = new_key()
    with provider.client() as hasty:
        hasty.timeout = 0.1
        with pytest.raises(httpx.ReadTimeout):
            authorise(hasty, "tok_late", key=key)
    assert asked(http, key)["answer"]["status"] == "authorised"
    late = authorise(http, "tok_late")
    assert late.elapsed.total_seconds() >= provider.plan.late_s
    assert late.json()["status"] == "authorised"


def test_an_operation_in_progress_says_so(provider: RunningProvider, http: httpx.Client) -> None:
    key = new_key()
    answers: list[httpx.Response] = []

    def slow() -> None:
        with provider.client() as own:
            answers.append(authorise(own, "tok_pending", key=key))

    first = threading.Thread(target=slow)
    first.start()
    while (known := asked(http, key)) is None:
        pass
    assert known["status"] == "in_progress"
    assert code(authorise(http, "tok_pending", key=key)) == (409, "operation_in_progress")
    first.join()
    assert asked(http, key)["answer"] == answers[0].json()
    assert done_under(provider, key) == ["authorised"]


def test_the_journal_tells_everything_once_and_in_order(tmp_path: Path) -> None:
    with provider_running(tmp_path) as provider, provider.client() as http:
        path = held(http)
        post(http, f"{path}/capture", {"amount_minor": 700})
        authorise(http, "tok_card_lost")
        first = http.get("/v1/journal", params={"limit": 2}).json()
        assert [entry["kind"] for entry in first["entries"]] == ["authorised", "captured"]
        assert first["has_more"]
        rest = http.get("/v1/journal", params={"after": first["next_after"], "limit": 2}).json()
        assert [entry["kind"] for entry in rest["entries"]] == ["declined"]
        assert not rest["has_more"]
        amounts = Counter({entry.kind: entry.amount_minor for entry in provider.journal()})
        assert amounts["captured"] == 700


def test_nothing_is_ever_taken_from_the_journal(tmp_path: Path) -> None:
    with provider_running(tmp_path) as provider, provider.client() as http:
        held(http)
        books = sqlite3.connect(tmp_path / "provider" / "books.sqlite")
        for statement in ("delete from journal", "update journal set amount_minor = 0"):
            with pytest.raises(sqlite3.IntegrityError, match="append only"):
                books.execute(statement)
        books.close()
        assert len(provider.journal()) == 1


def test_books_survive_a_restart(tmp_path: Path) -> None:
    key = new_key()
    with provider_running(tmp_path) as provider, provider.client() as http:
        port = urlsplit(provider.url).port or 0
        answer = authorise(http, key=key)
    with provider_running(tmp_path, port=port) as provider, provider.client() as http:
        assert authorise(http, key=key).content == answer.content
        assert len(provider.journal()) == 1


def test_a_token_comes_from_the_page_or_from_json(http: httpx.Client) -> None:
    listed = http.get("/tokens").text
    assert "Development only" in listed
    assert "curl" in listed
    bought = http.post("/tokens", data={"card": "mastercard"}).text
    token = bought.partition("<pre>")[2].partition("</pre>")[0]
    assert authorise(http, token).json()["card"] == "mastercard"

    made = http.post("/tokens", json={"card": "insufficient_funds"}, headers={"Authorization": ""})
    assert made.status_code == 201
    assert code(authorise(http, made.json()["token"])) == (402, "insufficient_funds")
    assert code(http.post("/tokens", json={"card": "4242424242424242"})) == (422, "card_unknown")
    assert code(authorise(http, "tok_nobody")) == (422, "token_unknown")


def test_without_the_secret_nothing_is_told(provider: RunningProvider) -> None:
    with httpx.Client(base_url=provider.url) as stranger:
        assert stranger.get("/v1/journal").status_code == 401
        assert authorise(stranger).status_code == 401
        assert stranger.get("/v1/journal", headers=[(b"authorization", b"Bearer \xff")]).status_code == 401
        assert stranger.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount_minor": 0}, 400),
        ({"amount_minor": -1}, 400),
        ({"amount_minor": 1.5}, 400),
        ({"amount_minor": True}, 400),
        ({"amount_minor": "1"}, 400),
        ({"amount_minor": 10**30}, 400),
        ({"currency": "eur"}, 400),
        ({"currency": "EUR\n"}, 400),
        ({"token": "4242424242424242"}, 400),
        ({"token": "tok_" + "x" * 100}, 400),
        ({"reference": ""}, 400),
        ({"total": 1}, 400),
    ],
)
def test_a_request_that_says_something_else_is_refused(http: httpx.Client, change: dict[str, Any], status: int) -> None:
    body = {"token": "tok_visa", "amount_minor": 1, "currency": "EUR", "reference": "pay_1", **change}
    key = new_key()
    assert code(post(http, "/v1/authorisations", body, key)) == (status, "malformed")
    assert asked(http, key) is None


@settings(max_examples=40)
@given(
    body=st.binary(max_size=80) | st.sampled_from([b"[" * 9_000, b'{"amount_minor":' + b"9" * 5_000 + b"}", b"null"])
)
def test_nothing_malformed_is_an_error_of_ours(http: httpx.Client, body: bytes) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    paths = ("/v1/authorisations", "/v1/authorisations/x/capture", "/tokens")
    assert all(400 <= http.post(path, content=body, headers=headers).status_code < 500 for path in paths)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ"])
def test_every_post_needs_a_key(http: httpx.Client, key: str) -> None:
    body = {"token": "tok_visa", "amount_minor": 1, "currency": "EUR", "reference": "pay_1"}
    headers = [(b"idempotency-key", key.encode())]
    assert http.post("/v1/authorisations", json=body, headers=headers).status_code == 400


def test_large_bodies_and_odd_pages_are_refused(http: httpx.Client) -> None:
    assert http.post("/tokens", content=b"x" * 20_000).status_code == 413
    assert http.get("/v1/journal", params={"after": "-1"}).status_code == 400
    assert http.get("/v1/journal", params={"limit": "many"}).status_code == 400
    assert http.get("/v1/authorisations/auth_unknown").status_code == 404
    assert code(post(http, "/v1/authorisations/auth_unknown/void", {})) == (404, "authorisation_unknown")
