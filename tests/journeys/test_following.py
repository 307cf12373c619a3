"""One request is followed through the logs of every process it reached, by the id and the trace its client gave it."""

import json
import uuid

import pytest

from tests.journeys.conftest import SignIn
from tests.journeys.dining import kept_restaurant, quoted, reaches
from tests.journeys.person import Json, mutation_document
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

REQUEST, TRACE = "follow-me-1", "4bf92f3577b34da6a3ce929d0e0e4737"
CAUSED = {
    ("serve", "PlaceOrder"),
    ("work", "RequestAuthorisation"),
    ("work", "RecordAuthorisation"),
    ("work", "ConfirmOrder"),
}


async def test_an_order_is_followed_from_its_client_to_the_payment_provider_and_back(
    platform: RunningPlatform, sign_in: SignIn, kept: dict[str, str]
) -> None:
    aino, restaurant = await sign_in("aino"), await kept_restaurant(sign_in, kept)
    quote = await quoted(aino, restaurant)
    given = {"idempotencyKey": str(uuid.uuid4()), "quoteId": quote["id"], "paymentToken": "tok_visa"}
    headers = {**aino.headers, "x-request-id": REQUEST, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    body = {"query": mutation_document("placeOrder", "order { id }", ""), "variables": {"input": given}}
    answer = (await aino.http.post(platform.graph_url, json=body, headers=headers)).json()
    await reaches(aino, answer["data"]["result"]["order"]["id"], "CONFIRMED")

    def lines() -> list[Json]:
        text = (platform.data_dir / "logs" / "platform.log").read_text()
        return [json.loads(line) for line in text.splitlines() if REQUEST in line]

    async def all_said() -> bool:
        return {(line["process"], line.get("command")) for line in lines()} >= CAUSED

    await eventually(all_said)
    assert {line.get("trace_id") for line in lines() if line.get("command")} == {TRACE}
    told = [(line["process"], line["event"]) for line in lines()]
    assert ("work", "called the provider") in told
    assert ("provide-payments", "answered") in told
    assert "gateway" in {process for process, _ in told}
    assert not any(personal in json.dumps(lines()) for personal in ("aino", "tok_visa"))
