"""Indexing: whoever changed is read anew and put into the index, in bulk, as fast as the engine takes it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import TransportError

from kernel.log import ConsistencyToken, Recorded
from kernel.ports import Outage, Views
from kernel.subgraph import Sink
from runtime.adapters.opensearch.connecting import BULK_WITHIN_S, asked, outages, status_of
from runtime.adapters.opensearch.documents import RestaurantState, document, read_states
from runtime.adapters.opensearch.search import INDEX
from runtime.adapters.tallies import INDEXED
from runtime.logs import logger
from subgraphs.catalog.events import MenuItemChanged, RestaurantChanged
from subgraphs.catalog.views.ratings import RESTAURANT_RATINGS
from subgraphs.reviews.events import RatingChanged

DOCUMENTS = 100
"""Of one request: a megabyte or two."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
PATIENCE_S = 60.0
"""How long an engine is pressed that has no room; then it counts as away."""
MALFORMED, ABSENT, CONFLICT, FULL = 400, 404, 409, 429
_logger = logger("indexing")


class Fault(Struct):
    type: str = ""
    reason: str = ""


class Verdict(Struct):
    """What the engine says of one document."""

    status: int
    error: Fault = field(default_factory=Fault)


class Verdicts(Struct):
    items: list[dict[str, Verdict]]


class DocumentsRefused(Exception):
    """The engine cannot take these documents, now or ever: somebody has to look at the rows."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{restaurant_id}: {reason}" for restaurant_id, reason in reasons.items()))
        self.reasons = reasons


class RestaurantIndex:
    """The writing side of the index that serves under the alias `name`, and of the one that is being built.

    The alias of the next index is there while it is built. Neither need be: who builds an index reads the rows after
    its alias is there, and so sees whatever was put before. States are versioned by their moment; a later one stays.
    """

    def __init__(self, client: AsyncOpenSearch, views: Views, name: str) -> None:
        self.client, self.views, self.name = client, views, name
        self.next_name = f"{name}-next"

    async def ratings_known(self, record: Recorded) -> None:
        """Returns when the catalog's copy of ratings holds the record. Raises Outage when that takes too long."""
        token = ConsistencyToken(
            journal=record.journal,
            partition=record.partition,
            txid=record.position.txid,
            position=record.position.position,
        )
        if not await self.views.reached(RESTAURANT_RATINGS.name, (record.topic,), token, wait_s=2.0):
            raise Outage("the catalog's copy of ratings is behind")

    async def put(self, restaurant_ids: Sequence[str]) -> None:
        """Indexes these restaurants as they are now; when it returns they are found.

        Raises:
            DocumentsRefused: of some; all others are in.
            Outage: the engine is away, or has had no room for a minute.
        """
        refused: dict[str, str] = {}
        for some in batched_ids(restaurant_ids):
            states = await read_states(self.views, some)
            refused |= await self.write(states, (self.name, self.next_name), refresh="wait_for")
        if refused:
            raise DocumentsRefused(refused)

    async def write(
        self, states: Sequence[RestaurantState], aliases: Sequence[str], *, refresh: str
    ) -> Mapping[str, str]:
        """Puts each state into the index of each alias, waiting while there is no room; reasons of those refused."""
        pending = [(alias, state) for alias in aliases for state in states]
        refused: dict[str, str] = {}
        pause, waited = FIRST_PAUSE_S, 0.0
        while True:
            verdicts = await self._bulk(pending, refresh)
            for (_, state), verdict in zip(pending, verdicts, strict=True):
                if _is_refused(verdict):
                    refused[state.restaurant_id] = f"{verdict.error.type}: {verdict.error.reason}"
            outcomes = zip(pending, verdicts, strict=True)
            pending = [each for each, verdict in outcomes if not _is_settled(verdict) and not _is_refused(verdict)]
            if not pending:
                return refused
            if waited >= PATIENCE_S:
                raise Outage(f"OpenSearch has no room for {len(pending)} documents")
            _logger.info("waits for the search engine to have room", documents=len(pending), pause_s=pause)
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, LONGEST_PAUSE_S)

    async def _bulk(self, pending: Sequence[tuple[str, RestaurantState]], refresh: str) -> Sequence[Verdict]:
        content = b"".join(part for alias, state in pending for part in _lines(alias, state))
        with outages():
            try:
                answer = await asked(
                    self.client,
                    "POST",
                    "/_bulk",
                    within_s=BULK_WITHIN_S,
                    body=content,
                    refresh=refresh,
                    require_alias="true",
                    filter_path="items.*.status,items.*.error.type,items.*.error.reason",
                )
            except TransportError as error:
                if status_of(error) != FULL:
                    raise
                return [Verdict(status=FULL)] * len(pending)
            items = msgspec.convert(answer, Verdicts).items
        verdicts = [verdict for item in items for verdict in item.values()]
        for verdict in verdicts:
            INDEXED.labels(_outcome(verdict)).inc()
        return verdicts


def batched_ids(restaurant_ids: Sequence[str]) -> Sequence[Sequence[str]]:
    """The ids, each once, in requests' portions."""
    once = list(dict.fromkeys(restaurant_ids))
    return [once[start : start + DOCUMENTS] for start in range(0, len(once), DOCUMENTS)]


def search_sink() -> Sink[RestaurantIndex]:
    """The catalog's sink that keeps the index; a new index is built from the rows, so it begins at the log's head."""
    return Sink(
        name=INDEX, topics=("catalog.changes", "reviews.changes"), port=RestaurantIndex, pour=pour, from_start=False
    )


async def pour(records: Sequence[Recorded], index: RestaurantIndex) -> None:
    """Indexes the restaurants that the records are about, as they are now."""
    concerned = [record for record in records if _concerns(record)]
    if concerned and isinstance(concerned[-1].message, RatingChanged):
        await index.ratings_known(concerned[-1])
    await index.put([record.stream for record in concerned])


def _concerns(record: Recorded) -> bool:
    is_of_restaurant = record.stream.startswith("restaurant_")
    return is_of_restaurant and isinstance(record.message, RestaurantChanged | MenuItemChanged | RatingChanged)


def _lines(alias: str, state: RestaurantState) -> tuple[bytes, bytes, bytes, bytes]:
    action: Mapping[str, Any] = {
        "_index": alias,
        "_id": state.restaurant_id,
        "version": state.version,
        "version_type": "external_gte",
    }
    return msgspec.json.encode({"index": action}), b"\n", msgspec.json.encode(document(state)), b"\n"


def _is_settled(verdict: Verdict) -> bool:
    """Taken; or a later state is there; or there is no such index, and who builds one will read the rows."""
    is_absent = verdict.status == ABSENT and verdict.error.type == "index_not_found_exception"
    return verdict.status < 300 or verdict.status == CONFLICT or is_absent


def _is_refused(verdict: Verdict) -> bool:
    """For what the document says; an index that somebody closed takes none, and is waited for."""
    return verdict.status == MALFORMED and verdict.error.type != "index_closed_exception"


def _outcome(verdict: Verdict) -> str:
    if verdict.status < 300:
        return "taken"
    if _is_settled(verdict):
        return "later_there" if verdict.status == CONFLICT else "no_index"
    return "refused" if _is_refused(verdict) else "no_room"
