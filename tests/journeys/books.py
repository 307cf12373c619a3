"""The payment provider's own books, to hold the platform's word against."""

import httpx

from runtime.settings import Settings
from tests.journeys.dining import now
from tests.journeys.person import Json, Person
from tests.patience import eventually
from tests.running_platform import RunningPlatform

PAGE = 1000


def provider_journal(platform: RunningPlatform) -> list[Json]:
    """Everything the provider has written down, the oldest first."""
    secret = Settings.from_environment({"DATA_DIR": str(platform.data_dir)}).provider_secret
    headers = {"authorization": f"Bearer {secret}"}
    address, entries, more = platform.address(4, "/v1/journal"), list[Json](), True
    with httpx.Client(headers=headers) as http:
        while more:
            after = entries[-1]["position"] if entries else 0
            answer = http.get(address, params={"limit": PAGE, "after": after}).json()
            entries += answer["entries"]
            more = answer["has_more"]
    return entries


def written_of(platform: RunningPlatform, order_id: str) -> list[str]:
    """What the provider did for that order."""
    return [entry["kind"] for entry in provider_journal(platform) if entry["reference"] == order_id]


async def settles(platform: RunningPlatform, customer: Person, order_id: str, status: str) -> None:
    """Returns when the order's one payment has that status, and fails if the provider's books say otherwise."""

    async def has_it() -> bool:
        order = await now(customer, order_id)
        assert order is not None, "the customer sees the order"
        return [payment["status"] for payment in order["payments"]] == [status]

    await eventually(has_it)
    assert written_of(platform, order_id) == ["authorised", status.lower()]
