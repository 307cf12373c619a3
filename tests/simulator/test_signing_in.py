"""The people of the city sign in at the real development issuer, as a page in a browser would."""

from collections.abc import Iterator

import httpx
import pytest
from joserfc.jws import extract_compact
from msgspec import json

from simulator.graph import Outage, Patience
from simulator.signing_in import SignedIn, SignInRefused, code_in
from tests.development.people import RunningIssuer, issuer_running
from tests.simulator.wires import HANGS_UP, Reply, http_server

pytestmark = pytest.mark.anyio
QUICK = Patience(tries=3, first_s=0.001, longest_s=0.002)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningIssuer]:
    with issuer_running(tmp_path_factory.mktemp("identity")) as running:
        yield running


async def test_an_owner_gets_a_token_of_their_own(issuer: RunningIssuer):
    async with httpx.AsyncClient() as http:
        token = await SignedIn("owner-1376356022", issuer.url, http).token()
    claims = json.decode(extract_compact(token.encode()).payload, type=dict[str, object])
    assert (claims["sub"], claims["roles"], claims["aud"]) == ("owner-1376356022", ["restaurant"], "delivery-platform")


async def test_a_token_is_kept_until_it_is_forgotten(issuer: RunningIssuer):
    async with httpx.AsyncClient() as http:
        owner = SignedIn("kitchen", issuer.url, http)
        first = await owner.token()
        assert await owner.token() == first
        owner.forget()
        assert await owner.token() != first


async def test_nobody_signs_in_under_a_name_that_is_not_known(issuer: RunningIssuer):
    async with httpx.AsyncClient() as http:
        with pytest.raises(SignInRefused, match="did not sign mallory in"):
            await SignedIn("mallory", issuer.url, http).token()


async def test_an_issuer_that_is_out_is_waited_for():
    gone = Reply(400, {"error": "access_denied"})
    async with http_server(HANGS_UP, Reply(503), gone) as server, httpx.AsyncClient() as http:
        with pytest.raises(SignInRefused, match="400"):  # It did come to an answer.
            await SignedIn("kitchen", server.url.removesuffix("/graphql"), http, QUICK).token()
    async with http_server(Reply(503)) as server, httpx.AsyncClient() as http:
        with pytest.raises(Outage):
            await SignedIn("kitchen", server.url.removesuffix("/graphql"), http, QUICK).token()


def test_a_code_that_answers_another_question_is_not_taken():
    assert code_in("http://127.0.0.1/signed-in?code=c&state=mine", "mine") == "c"
    assert code_in("http://127.0.0.1/signed-in?code=c&state=theirs", "mine") is None
    assert code_in("http://127.0.0.1/signed-in?error=access_denied&state=mine", "mine") is None
    assert code_in("", "mine") is None
