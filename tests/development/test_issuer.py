"""The issuer, as a client with a browser sees it: over HTTP, with real redirects, codes and refresh tokens."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from runtime.development.issuer.sessions import Sessions
from tests.development.people import AUDIENCE, PARTNER_SECRET, RunningIssuer, issuer_running

VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "http://127.0.0.1:4000/callback"
QUESTION = {
    "response_type": "code",
    "client_id": "web",
    "redirect_uri": CALLBACK,
    "scope": "openid",
    "state": 'any"state',
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
NUMBERS = count()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIssuer]:
    with issuer_running(tmp_path_factory.mktemp("identity")) as running:
        yield running


@pytest.fixture(scope="module")
def http(issuer: RunningIssuer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=issuer.url) as client:
        yield client


def sign_in(http: httpx.Client, person: str = "aino", **changes: str) -> dict[str, str]:
    """What the browser brings back to the client."""
    question = {**QUESTION, "nonce": f"nonce-{next(NUMBERS)}", **changes}
    answer = http.post("/authorize", params=question, data={"person": person})
    assert answer.status_code == 302
    place = urlsplit(answer.headers["location"])
    return {name: values[0] for name, values in parse_qs(place.query).items()}


def exchange(http: httpx.Client, code: str, **changes: str) -> httpx.Response:
    grant = {
        "grant_type": "authorization_code",
        "client_id": "web",
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return http.post("/token", data={**grant, "code": code, **changes})


def refresh(http: httpx.Client, token: str, **changes: str) -> httpx.Response:
    return http.post(
        "/token", data={"grant_type": "refresh_token", "client_id": "web", "refresh_token": token, **changes}
    )


def read_token(http: httpx.Client, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(http.get("/jwks").json())
    return jwt.decode(token, keys, algorithms=["ES256"])


def test_discovery_names_endpoints_that_answer(issuer: RunningIssuer, http: httpx.Client) -> None:
    found = http.get("/.well-known/openid-configuration", headers={"Host": "elsewhere.example"}).json()
    assert found["issuer"] == issuer.url
    assert found["code_challenge_methods_supported"] == ["S256"]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "revocation_endpoint"):
        assert found[name].startswith(issuer.url)
        assert http.get(found[name]).status_code != 404


def test_published_keys_are_public_halves_only(http: httpx.Client) -> None:
    keys = http.get("/jwks").json()["keys"]
    assert len(keys) >= 2
    assert all(key["kty"] == "EC" and key["alg"] == "ES256" and "d" not in key for key in keys)


def test_the_sign_in_page_lists_people_and_says_what_it_is(http: httpx.Client) -> None:
    answer = http.get("/authorize", params=QUESTION)
    assert answer.status_code == 200
    assert "Development only" in answer.text
    assert all(name in answer.text for name in ("aino", "kitchen", "otso", "sanna", "fia", "admin"))
    assert "<script" not in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_signing_in_gives_tokens_that_say_who_one_is(issuer: RunningIssuer, http: httpx.Client) -> None:
    back = sign_in(http, "sanna", nonce="of-sanna")
    assert back["state"] == QUESTION["state"]
    assert back["iss"] == issuer.url
    tokens = exchange(http, back["code"]).json()
    assert tokens["expires_in"] == 900

    access = read_token(http, tokens["access_token"])
    assert access.header["typ"] == "at+jwt"
    assert access.claims["sub"] == "sanna"
    assert access.claims["roles"] == ["support"]
    assert (access.claims["iss"], access.claims["aud"]) == (issuer.url, AUDIENCE)
    assert access.claims["exp"] - access.claims["iat"] == 900

    identity = read_token(http, tokens["id_token"]).claims
    assert (identity["sub"], identity["nonce"], identity["aud"]) == ("sanna", "of-sanna", ["web"])


def test_an_owner_of_any_number_may_sign_in(http: httpx.Client) -> None:
    token = exchange(http, sign_in(http, "owner-25038879")["code"]).json()["access_token"]
    assert read_token(http, token).claims["roles"] == ["restaurant"]


def test_userinfo_answers_the_bearer_and_nobody_else(issuer: RunningIssuer, http: httpx.Client) -> None:
    answer = http.get("/userinfo", headers={"Authorization": f"Bearer {issuer.token('otso')}"})
    assert answer.json() == {"sub": "otso", "name": "otso", "roles": ["courier"]}
    for header in ("", "Bearer", "Bearer x.y.z", "Basic eDp5", f"Bearer {issuer.mint('x', lifetime_s=-120)}"):
        assert http.get("/userinfo", headers={"Authorization": header}).status_code == 401


def test_going_back_denies_access(http: httpx.Client) -> None:
    assert sign_in(http, "")["error"] == "access_denied"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"code_challenge": "short"},
        {"scope": "openid everything"},
        {"scope": "order:create"},
    ],
)
def test_a_request_the_client_may_not_make_comes_back_as_an_error(http: httpx.Client, changes: dict[str, str]) -> None:
    answer = http.get("/authorize", params={**QUESTION, **changes})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{CALLBACK}?error=")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": "https://attacker.example/callback"},
        {"redirect_uri": "http://127.0.0.1.attacker.example/"},
        {"redirect_uri": "http://user@127.0.0.1/"},
        {"redirect_uri": "http://127.0.0.1:99999999/"},
        {"redirect_uri": "http://[::1/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
        {"response_type": "token", "redirect_uri": "https://attacker.example/callback"},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_clients(http: httpx.Client, changes: dict[str, str]) -> None:
    answer = http.get("/authorize", params={**QUESTION, **changes})
    assert 400 <= answer.status_code < 500


def test_a_code_needs_its_verifier_and_its_address(http: httpx.Client) -> None:
    code = sign_in(http)["code"]
    wrong = {"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": "http://127.0.0.1:1/"}
    assert [exchange(http, code, **changes).status_code for changes in wrong] == [400, 400, 400]
    assert exchange(http, code).status_code == 200


def test_a_code_used_twice_ends_what_its_first_use_gave(http: httpx.Client) -> None:
    code = sign_in(http)["code"]
    tokens = exchange(http, code).json()
    assert exchange(http, code).json()["error"] == "invalid_grant"
    assert refresh(http, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_refresh_tokens_rotate(http: httpx.Client) -> None:
    first = exchange(http, sign_in(http)["code"]).json()
    second = refresh(http, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert read_token(http, second["access_token"]).claims["sub"] == "aino"
    assert refresh(http, second["refresh_token"]).status_code == 200


def test_a_refresh_token_used_twice_ends_its_family(http: httpx.Client) -> None:
    first = exchange(http, sign_in(http)["code"]).json()
    second = refresh(http, first["refresh_token"]).json()
    assert refresh(http, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(http, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_of_many_who_refresh_at_once_at_most_one_goes_on(issuer: RunningIssuer, http: httpx.Client) -> None:
    token = exchange(http, sign_in(http)["code"]).json()["refresh_token"]
    answers: list[httpx.Response] = []

    def race() -> None:
        with httpx.Client(base_url=issuer.url) as own:
            answers.append(refresh(own, token))

    racers = [threading.Thread(target=race) for _ in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    won = [answer.json()["refresh_token"] for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert refresh(http, won[0]).status_code == 400


def test_of_two_who_hold_one_secret_one_can_use_it(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    granted = ("family", "client_id", "subject", "redirect_uri", "scope", "nonce", "challenge")
    sessions.save_code("code", dict.fromkeys(granted, "x"))
    code = sessions.code("code")
    assert code is not None
    assert [sessions.spend_code(code), sessions.spend_code(code)] == [True, False]
    sessions.save_refresh("refresh", code)
    refresh = sessions.refresh("refresh")
    assert refresh is not None
    assert [sessions.spend_refresh(refresh), sessions.spend_refresh(refresh)] == [True, False]
    sessions.close()


def test_secrets_grow_old(tmp_path: Path) -> None:
    now = [0.0]
    sessions = Sessions(tmp_path, now=lambda: now[0])
    granted = ("family", "client_id", "subject", "redirect_uri", "scope", "nonce", "challenge")
    sessions.save_code("code", dict.fromkeys(granted, "x"))
    code = sessions.code("code")
    assert code is not None
    sessions.save_refresh("refresh", code)
    now[0] = 61
    assert sessions.code("code") is None
    assert sessions.refresh("refresh") is not None
    now[0] = 31 * 86_400
    assert sessions.refresh("refresh") is None
    sessions.close()


def test_signing_out_ends_the_family(http: httpx.Client) -> None:
    token = exchange(http, sign_in(http)["code"]).json()["refresh_token"]
    assert http.post("/revoke", data={"client_id": "web", "token": token}).status_code == 200
    assert refresh(http, token).status_code == 400
    assert http.post("/revoke", data={"client_id": "web", "token": "unknown"}).status_code == 200


def test_the_partner_gets_the_scopes_it_asks_for_and_no_others(http: httpx.Client) -> None:
    grant = {"grant_type": "client_credentials"}
    partner = ("partner-demo", PARTNER_SECRET)
    token = read_token(http, http.post("/token", data=grant, auth=partner).json()["access_token"]).claims
    assert (token["sub"], token["roles"]) == ("partner-demo", ["partner"])
    assert token["scope"].split() == ["catalog:read", "order:create", "order:read"]

    narrow = http.post("/token", data={**grant, "scope": "order:read"}, auth=partner).json()
    assert narrow["scope"] == "order:read"
    assert "refresh_token" not in narrow
    assert http.post("/token", data={**grant, "scope": "openid"}, auth=partner).json()["error"] == "invalid_scope"
    assert http.post("/token", data=grant, auth=("partner-demo", "wrong")).status_code == 401
    assert http.post("/token", data={**grant, "client_id": "web"}).status_code == 401


def test_codes_and_families_survive_a_restart(tmp_path: Path) -> None:
    with issuer_running(tmp_path) as first, httpx.Client(base_url=first.url) as http:
        port = urlsplit(first.url).port or 0
        used = exchange(http, sign_in(http)["code"]).json()["refresh_token"]
        live = refresh(http, used).json()["refresh_token"]
        code = sign_in(http)["code"]
        token = first.token("aino")
    with issuer_running(tmp_path, port=port) as second, httpx.Client(base_url=second.url) as http:
        assert read_token(http, token).claims["sub"] == "aino"
        assert exchange(http, code).status_code == 200
        assert refresh(http, live).status_code == 200
        assert refresh(http, used).status_code == 400


def test_keys_are_readable_by_their_owner_alone(issuer: RunningIssuer) -> None:
    issuer.token("aino")
    assert (issuer.plan.folder / "keys.json").stat().st_mode & 0o077 == 0


def test_a_rotated_key_was_announced_before_it_signs(tmp_path: Path) -> None:
    with issuer_running(tmp_path) as issuer, httpx.Client(base_url=issuer.url) as http:
        before = issuer.token("aino")
        announced = {key["kid"] for key in http.get("/jwks").json()["keys"]}
        issuer.rotate()
        after = issuer.token("aino")
        assert issuer.minting.keys.current().kid in announced
        assert read_token(http, before).header["kid"] != read_token(http, after).header["kid"]


PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["grant_type", "client_id", "client_secret", "code", "scope", "token", "redirect_uri", "state", "x"]
    ),
    st.text(max_size=40) | st.sampled_from(["authorization_code", "refresh_token", "client_credentials", "web", "\0"]),
)


@settings(max_examples=40)
@given(parameters=PARAMETERS, raw=st.binary(max_size=60), authorization=st.binary(max_size=20))
def test_nothing_malformed_is_an_error_of_ours(
    http: httpx.Client, parameters: dict[str, str], raw: bytes, authorization: bytes
) -> None:
    basic = {"Authorization": "Basic " + (base64.b64encode(authorization) or b"=").decode()}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    safe = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
    answers = [
        http.post("/token", data=safe, headers=basic),
        http.post("/token", content=raw, headers=form),
        http.post("/revoke", data=safe),
        http.get("/authorize", params=safe),
        http.post("/authorize", params={**QUESTION, **safe}, data={"person": safe.get("x", "aino")}),
    ]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x=" + b"a" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 400),
        (b"client_id=web&client_id=web", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"x%d=1" % n for n in range(40)), "application/x-www-form-urlencoded", 400),
        (b"client_id=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(http: httpx.Client, body: bytes, kind: str, status: int) -> None:
    assert http.post("/token", content=body, headers={"Content-Type": kind}).status_code == status


def test_pages_of_this_machine_may_ask_for_tokens_and_others_may_not(http: httpx.Client) -> None:
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    own = http.options("/token", headers={"Origin": "http://localhost:4000", **asking})
    other = http.options("/token", headers={"Origin": "http://localhost.attacker.example", **asking})
    assert own.headers["access-control-allow-origin"] == "http://localhost:4000"
    assert "access-control-allow-origin" not in other.headers
