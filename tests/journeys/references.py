"""Subgraphs asked as the router asks them: by references to entities, for somebody."""

import httpx

from runtime.settings import Settings
from tests.journeys.person import Json, Person
from tests.running_platform import RunningPlatform


async def referred(
    platform: RunningPlatform, person: Person, subgraph: str, kind: str, id: str, selected: str
) -> Json | None:
    """What a subgraph answers the router of that entity, when it asks for that person."""
    secret = Settings.from_environment({"DATA_DIR": str(platform.data_dir)}).router_secret
    query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {kind} {{ {selected} }} }} }}"
    variables = {"r": [{"__typename": kind, "id": id}]}
    address = platform.address(1, f"/{subgraph}/graphql")
    headers = {**person.headers, "x-router-credential": secret}
    async with httpx.AsyncClient() as http:
        answer = await http.post(address, json={"query": query, "variables": variables}, headers=headers)
    found: list[Json | None] = answer.json()["data"]["_entities"]
    return found[0]
