"""Search over OpenSearch: one small request for each question, answered within a second or not at all."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace
from opensearchpy import AsyncOpenSearch

from kernel.hours import is_open
from kernel.messages import UNSTAMPED
from runtime.adapters.opensearch.connecting import asked, outages
from runtime.adapters.opensearch.documents import SCHEDULE_PARTS
from runtime.adapters.opensearch.questions import Query, distance, order, place_of, query, sorted_at
from subgraphs.catalog.views.search import CuisineCount, Found, Hit, Near, Place, Sort, Wanted

ANSWER_WITHIN_S = 1.0
WARM_WITHIN_S = 10.0
"""How long an engine that has just started is given; its first answers take seconds."""
MAX_SCHEDULES = 65_000
"""How many different opening hours a query may name."""
INDEX = "restaurants_index"
"""The consumer that keeps the index."""


_ANYWHERE = Wanted(at=UNSTAMPED, near=Near(latitude=0, longitude=0), max_distance_m=20_037_000, sort=Sort.DISTANCE)
WARMING = (
    _ANYWHERE,
    replace(_ANYWHERE, words=("warm", "up"), sort=Sort.RELEVANCE, delivers_here=True, open_now=True),
    Wanted(at=UNSTAMPED, sort=Sort.RATING),
)
"""Every script, sort and aggregation there is, over all documents."""


class Listed(Struct):
    sort: list[Any]
    fields: dict[str, list[Any]] = {}


class Hits(Struct):
    hits: list[Listed] = []


class Bucket(Struct):
    key: str
    doc_count: int


class Buckets(Struct):
    buckets: list[Bucket]
    sum_other_doc_count: int = 0


class Answer(Struct):
    """What a search says, as far as we ask for it."""

    hits: Hits = field(default_factory=Hits)
    aggregations: dict[str, Buckets] = {}


class Counted(Struct):
    count: int


class OpenSearch:
    """Searches the index that serves under the alias `name`. Everything is a copy, at most two seconds old."""

    def __init__(self, client: AsyncOpenSearch, name: str, within_s: float = ANSWER_WITHIN_S) -> None:
        self._client, self._name, self._within_s = client, name, within_s

    def follower(self, wanted: Wanted) -> str | None:
        """As the port says: words or not, it is found in the index."""
        del wanted
        return INDEX

    async def find(self, wanted: Wanted, limit: int, beyond: Place | None = None, *, backwards: bool = False) -> Found:
        if wanted.words == ():
            return Found(hits=())
        body: dict[str, Any] = {
            "size": limit,
            "query": query(wanted, await self._open_schedules(wanted)),
            "sort": order(wanted, backwards=backwards),
            "_source": False,
            "track_total_hits": False,
        }
        if beyond is not None:
            body["search_after"] = sorted_at(wanted, beyond)
        if wanted.near is not None:
            body["script_fields"] = {"distance_m": {"script": distance(wanted.near)}}
        answer = await self._search(body, "hits.hits.sort,hits.hits.fields")
        return Found(hits=[_hit(wanted, listed) for listed in answer.hits.hits])

    async def cuisines(self, wanted: Wanted, limit: int) -> Sequence[CuisineCount]:
        if wanted.words == ():
            return []
        found = query(wanted, await self._open_schedules(wanted), any_cuisine=True)
        by_count = {"field": "cuisines", "size": limit, "order": [{"_count": "desc"}, {"_key": "asc"}]}
        body = {"size": 0, "query": found, "aggs": {"cuisines": {"terms": by_count}}}
        buckets = (await self._search(body, "aggregations")).aggregations["cuisines"].buckets
        return [CuisineCount(slug=bucket.key, restaurants=bucket.doc_count) for bucket in buckets]

    async def count(self, wanted: Wanted) -> int:
        if wanted.words == ():
            return 0
        found = query(wanted, await self._open_schedules(wanted))
        with outages():
            body: Query = {"query": found}
            answer = await asked(
                self._client, "POST", f"/{self._name}/_count", within_s=self._within_s, body=body, filter_path="count"
            )
            return msgspec.convert(answer, Counted).count

    async def warm(self) -> None:
        """Asks questions of every kind until they are answered in half of a client's time.

        Raises:
            Outage: the engine is away, has no such index, or is not that quick within `WARM_WITHIN_S`.
        """
        patient = OpenSearch(self._client, self._name, WARM_WITHIN_S)
        with outages():
            async with asyncio.timeout(WARM_WITHIN_S):
                while max([await patient._seconds_for(wanted) for wanted in WARMING]) > self._within_s / 2:
                    pass

    async def _seconds_for(self, wanted: Wanted) -> float:
        began = monotonic()
        await self.find(wanted, 1)
        await self.cuisines(wanted, 1)
        await self.count(wanted)
        return monotonic() - began

    async def _open_schedules(self, wanted: Wanted) -> Sequence[str] | None:
        """Restaurants share their hours, so each is read once, now: no index knows what time it is."""
        if not wanted.open_now:
            return None
        kept = {"terms": {"field": "schedule", "size": MAX_SCHEDULES}}
        body = {"size": 0, "query": {"term": {"listed": True}}, "aggs": {"schedules": kept}}
        schedules = (await self._search(body, "aggregations")).aggregations["schedules"].buckets
        return [bucket.key for bucket in schedules if is_open(*_parts(bucket.key), wanted.at)]

    async def _search(self, body: Query, parts: str) -> Answer:
        with outages():
            answer = await asked(
                self._client,
                "POST",
                f"/{self._name}/_search",
                within_s=self._within_s,
                body=body,
                filter_path=parts,
                allow_partial_search_results="false",
                cancel_after_time_interval=f"{self._within_s * 1000:.0f}ms",
            )
            return msgspec.convert(answer, Answer)


def _hit(wanted: Wanted, listed: Listed) -> Hit:
    place = place_of(wanted, listed.sort)
    return Hit(
        restaurant_id=place[-1],
        distance_m=None if wanted.near is None else int(listed.fields["distance_m"][0]),
        place=place,
    )


def _parts(schedule: str) -> tuple[str, str]:
    hours, _, zone = schedule.rpartition(SCHEDULE_PARTS)
    return hours, zone
