"""Token verification: who a token speaks for, and every way of forging one that is refused."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from kernel.ownership import Viewer
from runtime.adapters.tokens import InvalidToken, Rules, TokenVerifier, read_header
from tests.development.people import AUDIENCE, RunningIssuer, issuer_running

pytestmark = pytest.mark.anyio


class Wire(httpx.AsyncBaseTransport):
    """The network between verifier and issuer: counts what passes, and can be cut."""

    def __init__(self) -> None:
        self.inner = httpx.AsyncHTTPTransport()
        self.paths: list[str] = []
        self.cut = False
        self.says: bytes | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if self.cut:
            raise httpx.ConnectError("cut", request=request)
        if self.says is not None and request.url.path == "/jwks":
            return httpx.Response(200, content=self.says)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


class Desk:
    """A verifier, its network and its clock."""

    def __init__(self, issuer: RunningIssuer, **options: Any) -> None:
        self.wire, self.watch = Wire(), Watch()
        self.http = httpx.AsyncClient(transport=self.wire)
        rules = Rules(issuer=issuer.url, audience=AUDIENCE, leeway_s=30)
        self.verifier = TokenVerifier(rules, self.http, now=self.watch, **options)

    async def reason(self, token: str) -> str | None:
        """Why the token is refused, or None."""
        verdict = await self.verifier.verify(token)
        return verdict.reason if isinstance(verdict, InvalidToken) else None

    @property
    def key_sets_fetched(self) -> int:
        return self.wire.paths.count("/jwks")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIssuer]:
    with issuer_running(tmp_path_factory.mktemp("identity")) as running:
        yield running


@pytest.fixture
async def desk(issuer: RunningIssuer) -> AsyncIterator[Desk]:
    desk = Desk(issuer)
    async with desk.http:
        yield desk


def encode(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims_of(issuer: RunningIssuer, **changes: object) -> dict[str, object]:
    now = int(time.time())
    good = {"iss": issuer.url, "aud": AUDIENCE, "sub": "mallory", "roles": ["admin"], "exp": now + 900}
    return {**good, **changes}


async def test_a_good_token_says_who_asks(issuer: RunningIssuer, desk: Desk) -> None:
    viewer = await desk.verifier.verify(issuer.mint("aino", roles=["customer"], scopes=["order:read"], lifetime_s=60))
    assert isinstance(viewer, Viewer)
    assert (viewer.subject, viewer.roles, viewer.scopes) == ("aino", {"customer"}, {"order:read"})
    assert viewer.expires_at is not None
    assert 55 < viewer.expires_at.timestamp() - time.time() <= 60


async def test_every_demo_person_is_let_in(issuer: RunningIssuer, desk: Desk) -> None:
    for name in (
        "aino",
        "customer-1",
        "kitchen",
        "owner-1",
        "otso",
        "courier-30",
        "sanna",
        "dispatch",
        "fia",
        "admin",
        "partner-demo",
    ):
        assert await desk.reason(issuer.token(name)) is None


async def test_a_token_without_signature_is_refused(issuer: RunningIssuer, desk: Desk) -> None:
    for alg in ("none", "None", "NONE", "nOnE"):
        head = encode({"alg": alg, "typ": "at+jwt", "kid": issuer.minting.keys.current().kid})
        assert await desk.reason(f"{head}.{encode(claims_of(issuer))}.") == "malformed"
        assert await desk.reason(f"{head}.{encode(claims_of(issuer))}.AA") == "algorithm"


async def test_the_public_key_is_no_shared_secret(issuer: RunningIssuer, desk: Desk) -> None:
    key = issuer.minting.keys.current()
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        signed = f"{encode({'alg': 'HS256', 'typ': 'at+jwt', 'kid': key.kid})}.{encode(claims_of(issuer))}"
        seal = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        assert await desk.reason(f"{signed}.{encode(seal)}") == "algorithm"


async def test_only_the_pinned_algorithm_counts(issuer: RunningIssuer, desk: Desk) -> None:
    kid = issuer.minting.keys.current().kid
    for alg, key in (("RS256", RSAKey.generate_key(2048)), ("ES384", ECKey.generate_key("P-384"))):
        header = {"alg": alg, "typ": "at+jwt", "kid": kid}
        assert await desk.reason(jwt.encode(header, claims_of(issuer), key, algorithms=[alg])) == "algorithm"


async def test_a_strangers_key_with_a_known_name_is_refused(issuer: RunningIssuer, desk: Desk) -> None:
    stranger = ECKey.generate_key("P-256", parameters={"kid": issuer.minting.keys.current().kid or ""})
    assert await desk.reason(issuer.forge({}, key=stranger)) == "signature"


@pytest.mark.parametrize(
    "kid", ["../../../../dev/null", "' or 1=1 --", "http://attacker.example/key", "\0", "x" * 200, "ключ"]
)
async def test_a_key_name_is_looked_up_and_nothing_else(issuer: RunningIssuer, desk: Desk, kid: str) -> None:
    head, body, seal = issuer.forge({}).split(".")
    head = encode({"alg": "ES256", "typ": "at+jwt", "kid": kid})
    assert await desk.reason(f"{head}.{body}.{seal}") == "unknown_key"
    assert set(desk.wire.paths) == {"/.well-known/openid-configuration", "/jwks"}


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "kid "])
async def test_a_header_cannot_bring_a_key_or_a_rule(issuer: RunningIssuer, desk: Desk, name: str) -> None:
    key = ECKey.generate_key("P-256")
    brought: dict[str, object] = {"jwk": key.as_dict(private=False), "crit": ["exp"], "b64": False, "x5c": ["MII"]}
    header: dict[str, object] = {"alg": "ES256", "typ": "at+jwt", "kid": issuer.minting.keys.current().kid}
    header[name] = brought.get(name, "https://attacker.example/keys")
    signed = f"{encode(header)}.{encode(claims_of(issuer))}"
    assert await desk.reason(f"{signed}.{encode(bytes(64))}") == "malformed"
    assert desk.wire.paths == []


@pytest.mark.parametrize("kind", ["JWT", "jwt", "id+jwt", "at+jwt+x"])
async def test_another_kind_of_token_is_refused(issuer: RunningIssuer, desk: Desk, kind: str) -> None:
    assert await desk.reason(issuer.forge({}, {"typ": kind})) == "type"


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_kind_of_an_access_token_may_be_spelt_in_full(issuer: RunningIssuer, desk: Desk, kind: str) -> None:
    assert await desk.reason(issuer.forge({}, {"typ": kind})) is None


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "http://127.0.0.1:1"}, "issuer"),
        ({"iss": ""}, "issuer"),
        ({"aud": "somebody-else"}, "audience"),
        ({"aud": ["somebody-else"]}, "audience"),
        ({"aud": []}, "audience"),
        ({"aud": None}, "malformed"),
        ({"sub": ""}, "malformed"),
        ({"sub": 1}, "malformed"),
        ({"exp": "tomorrow"}, "malformed"),
        ({"exp": None}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": 10**300}, "malformed"),
        ({"exp": -1}, "malformed"),
        ({"roles": "admin"}, "malformed"),
        ({"roles": [1]}, "malformed"),
        ({"roles": ["x"] * 51}, "malformed"),
        ({"scope": ["a"]}, "malformed"),
    ],
)
async def test_claims_must_be_ours_and_well_formed(
    issuer: RunningIssuer, desk: Desk, claims: dict[str, object], reason: str
) -> None:
    assert await desk.reason(issuer.forge(claims)) == reason


async def test_several_audiences_may_contain_ours(issuer: RunningIssuer, desk: Desk) -> None:
    assert await desk.reason(issuer.forge({"aud": ["other", AUDIENCE]})) is None


async def test_a_token_is_good_between_its_times_with_a_small_leeway(issuer: RunningIssuer, desk: Desk) -> None:
    now = int(time.time())
    assert await desk.reason(issuer.forge({"exp": now - 15})) is None
    assert await desk.reason(issuer.forge({"exp": now - 45})) == "expired"
    assert await desk.reason(issuer.forge({"nbf": now + 15})) is None
    assert await desk.reason(issuer.forge({"nbf": now + 45})) == "not_yet_valid"


async def test_nobody_can_set_a_leeway_above_a_minute() -> None:
    with pytest.raises(ValueError, match="leeway"):
        Rules(issuer="http://127.0.0.1", audience=AUDIENCE, leeway_s=61)


async def test_a_remembered_token_expires_too(issuer: RunningIssuer, desk: Desk) -> None:
    token = issuer.mint("aino", lifetime_s=100)
    assert await desk.reason(token) is None
    desk.watch.ahead_s = 125
    assert await desk.reason(token) is None
    desk.watch.ahead_s = 135
    assert await desk.reason(token) == "expired"


async def test_segments_have_one_spelling(issuer: RunningIssuer, desk: Desk) -> None:
    head, body, seal = issuer.token("aino").split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    neighbour = letters[letters.index(seal[-1]) ^ 1]  # The last letter has spare bits: this decodes to the same bytes.
    altered = [
        f"{head}.{body}.{seal}==",
        f"{head}.{body}.{seal[:-1]}{neighbour}",
        f"{head}.{body}.{seal[:-1]}",
        f"{head}.{body}.{seal}\n",
        f" {head}.{body}.{seal}",
        f"{head}=.{body}.{seal}",
        f"{head}.{body}",
        f"{head}.{body}.{seal}.{seal}",
        f"{head}.{body}.",
        f"{head}..{seal}",
        "..",
        "",
        f"{head}.{body}.{seal.replace('-', '+').replace('_', '/')}+",
        "x" * 9_000,
        "Bearer token",
        "\ud800",
    ]
    assert {text: await desk.reason(text) for text in altered} == dict.fromkeys(altered, "malformed")


async def test_an_altered_token_is_not_the_remembered_one(issuer: RunningIssuer, desk: Desk) -> None:
    token = issuer.token("aino")
    assert await desk.reason(token) is None
    head, body, seal = token.split(".")
    raised = json.loads(base64.urlsafe_b64decode(body + "=="))
    raised["roles"] = ["admin"]
    assert await desk.reason(f"{head}.{encode(raised)}.{seal}") == "signature"


@settings(max_examples=200)
@given(text=st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: f"{encode(raw)}.{encode(raw)}.{encode(raw)}"))
def test_no_text_is_an_error_of_ours(text: str) -> None:
    assert isinstance(read_header(text), InvalidToken)


async def test_deeply_nested_json_is_only_malformed(desk: Desk) -> None:
    assert await desk.reason(f"{encode(b'[' * 5_000)}.{encode({})}.AA") == "malformed"


async def test_keys_are_fetched_once_for_all_who_wait(issuer: RunningIssuer, desk: Desk) -> None:
    tokens = [issuer.mint(f"person-{number}") for number in range(30)]
    verdicts = await asyncio.gather(*(desk.reason(token) for token in tokens))
    assert set(verdicts) == {None}
    assert desk.key_sets_fetched == 1


async def test_unknown_keys_do_not_make_us_ask_again_and_again(issuer: RunningIssuer, desk: Desk) -> None:
    await desk.reason(issuer.token("aino"))
    stranger = ECKey.generate_key("P-256", parameters={"kid": "unknown"})
    for _ in range(20):
        assert await desk.reason(issuer.forge({}, key=stranger)) == "unknown_key"
    assert desk.key_sets_fetched == 1
    desk.watch.ahead_s = 6
    await asyncio.gather(*(desk.reason(issuer.forge({"sub": f"p{n}"}, key=stranger)) for n in range(20)))
    assert desk.key_sets_fetched == 2


async def test_known_keys_serve_while_the_issuer_is_away(issuer: RunningIssuer, desk: Desk) -> None:
    await desk.reason(issuer.token("aino"))
    desk.wire.cut = True
    desk.watch.ahead_s = 600
    assert await desk.reason(issuer.token("eero")) is None
    asked = len(desk.wire.paths)
    assert await desk.reason(issuer.token("otso")) is None
    assert len(desk.wire.paths) == asked


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"<html>",
        b"null",
        b'{"keys": []}',
        b'{"keys": [{"kty": "RSA", "kid": "1"}]}',
        b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "x": "AA", "y": "AA"}]}',
        b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1"}], "pad": "' + b"x" * 70_000 + b'"}',
    ],
)
async def test_known_keys_serve_while_the_issuer_talks_nonsense(issuer: RunningIssuer, desk: Desk, says: bytes) -> None:
    await desk.reason(issuer.token("aino"))
    desk.wire.says = says
    desk.watch.ahead_s = 600
    assert await desk.reason(issuer.token("eero")) is None
    assert desk.key_sets_fetched == 2


async def test_without_any_keys_the_caller_learns_that_it_is_not_the_tokens_fault(
    issuer: RunningIssuer, desk: Desk
) -> None:
    desk.wire.cut = True
    assert await desk.reason(issuer.token("aino")) == "keys_unavailable"
    desk.wire.cut = False
    desk.watch.ahead_s = 1
    assert await desk.reason(issuer.token("aino")) is None


async def test_a_rotation_refuses_nobody(tmp_path: Path) -> None:
    with issuer_running(tmp_path) as issuer:
        desk = Desk(issuer)
        async with desk.http:
            tokens = [issuer.token("aino")]
            assert await desk.reason(tokens[0]) is None
            issuer.rotate()
            tokens.append(issuer.token("aino"))
            assert [await desk.reason(token) for token in tokens] == [None, None]
            assert desk.key_sets_fetched == 1  # The key was announced before it signed.
            issuer.rotate()
            tokens.append(issuer.token("aino"))
            assert await desk.reason(tokens[2]) == "unknown_key"  # Asked a moment ago; twice a moment is no rotation.
            desk.watch.ahead_s = 6
            assert [await desk.reason(token) for token in tokens] == [None, None, None]


async def test_a_withdrawn_key_takes_its_remembered_tokens_along(tmp_path: Path) -> None:
    with issuer_running(tmp_path) as issuer:
        desk = Desk(issuer)
        async with desk.http:
            stolen = issuer.token("admin")
            assert await desk.reason(stolen) is None
            (issuer.plan.folder / "keys.json").unlink()
            desk.watch.ahead_s = 400
            assert await desk.reason(issuer.token("aino")) is None
            assert await desk.reason(stolen) == "unknown_key"


async def test_only_so_many_tokens_are_remembered(issuer: RunningIssuer) -> None:
    desk = Desk(issuer, remembered=3)
    async with desk.http:
        tokens = [issuer.mint(f"person-{number}") for number in range(8)]
        assert [await desk.reason(token) for token in tokens + tokens] == [None] * 16
        assert len(desk.verifier._verified) == 3  # pyright: ignore[reportPrivateUsage]


async def test_an_issuer_that_names_another_is_not_believed(issuer: RunningIssuer) -> None:
    desk = Desk(issuer)
    desk.verifier.rules = Rules(issuer=issuer.url.replace("127.0.0.1", "localhost"), audience=AUDIENCE)
    async with desk.http:
        assert await desk.reason(issuer.token("aino")) == "keys_unavailable"
        assert desk.key_sets_fetched == 0
