"""Many watchers of one order, and a client that reads nothing: everybody hears everything, nobody pays for another."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from graphql import get_introspection_query
from websockets.asyncio.client import connect

from tests.journeys.dining import confirmed, cook, hand_over, story
from tests.journeys.person import PROTOCOL, Json, Person
from tests.journeys.streams import UPDATES
from tests.patience import eventually
from tests.router.asking import Conversation
from tests.router.conformance.deployment import Deployment
from tests.router.conformance.meals import Meal

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(180)]

SOCKETS, ON_EACH = 20, 50
SLOW_CONSUMER = 4490
FLOOD, CUT_WITHIN_S = 60, 60
"""So many whole schemas are more than both ends of a connection hold for each other."""

Heard = dict[str, list[Json]]


async def watch_together(person: Person, order_id: str, all_hear: asyncio.Barrier) -> Heard:
    """What each of the watchers on one socket heard, when all of their streams are complete."""
    heard: Heard = {f"{number}": [] for number in range(ON_EACH)}
    ended: set[str] = set()
    async with person.socket() as opened:
        talk = Conversation(opened)
        for id in heard:
            payload = {"query": UPDATES, "variables": {"id": order_id}}
            await talk.send({"id": id, "type": "subscribe", "payload": payload})
        while not all(heard.values()):
            take(await talk.receive(), heard, ended)
        await all_hear.wait()
        while len(ended) < ON_EACH:
            take(await talk.receive(), heard, ended)
    return heard


def take(frame: Json, heard: Heard, ended: set[str]) -> None:
    if frame["type"] == "complete":
        ended.add(frame["id"])
    else:
        assert frame["type"] == "next", frame
        heard[frame["id"]].append(frame["payload"]["data"]["orderUpdates"])


async def test_a_thousand_watchers_of_one_order_hear_every_event(
    deployment: Deployment, aino: Person, meal: Meal
) -> None:
    order_id, all_hear = await confirmed(aino, meal.restaurant), asyncio.Barrier(SOCKETS + 1)
    spent, began = processor_seconds(deployment), time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        crowds = [tasks.create_task(watch_together(aino, order_id, all_hear)) for _ in range(SOCKETS)]
        await all_hear.wait()
        watching = time.monotonic() - began
        await cook(meal.staff, order_id)
        await hand_over(aino, meal.staff, order_id)
    note(deployment, watching, time.monotonic() - began, spent)
    told = [event["sequence"] for event in await story(aino, order_id)]
    for crowd in crowds:
        for heard in crowd.result().values():
            sequences = [item["sequence"] for item in heard]
            assert sequences == told[told.index(sequences[0]) :]
            assert heard[-1]["order"]["status"] == "COMPLETED"


def note(deployment: Deployment, watching: float, took: float, spent_before: dict[str, float]) -> None:
    """For whoever asks with `-o log_cli=true --log-level=WARNING`; nothing is promised of a machine that others use."""
    spent = {name: round(now - spent_before[name], 1) for name, now in processor_seconds(deployment).items()}
    words = "%s: a thousand watch after %.1f s, all streams are complete after %.1f s; processor seconds %s"
    logging.getLogger(__name__).warning(words, deployment.router, watching, took, spent)


def processor_seconds(deployment: Deployment) -> dict[str, float]:
    """What each process between a client and the journal has used so far."""
    if deployment.platform is None:
        return {}
    running = deployment.platform.processes()
    names = [name for name in ("gateway", "hive-router", "serve") if name in running]
    return {name: sum(psutil.Process(deployment.platform.process(name)).cpu_times()[:2]) for name in names}


@asynccontextmanager
async def narrow(deployment: Deployment) -> AsyncGenerator[Conversation]:
    """A conversation whose client holds little that it has not read."""
    address = urlsplit(deployment.root_url)
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    plain.connect((address.hostname, address.port))
    async with connect(
        deployment.socket_url,
        sock=plain,
        subprotocols=[PROTOCOL],
        compression=None,
        max_queue=1,
        max_size=None,
        ping_interval=None,
        close_timeout=1,
        proxy=None,
    ) as opened:
        yield Conversation(opened)


async def test_a_client_that_reads_nothing_is_cut_off_with_its_own_code(
    deployment: Deployment, aino: Person, client: httpx.AsyncClient
) -> None:
    async def is_cut() -> bool:
        assert "errors" not in await aino.result("{ __typename }")  # others are served meanwhile
        return await cuts(client) > before

    before = await cuts(client)
    async with narrow(deployment) as talk:
        await talk.initialise(aino.headers)
        for number in range(FLOOD):
            await talk.subscribe(get_introspection_query(), id=f"{number}")
        await eventually(is_cut, CUT_WITHIN_S)
        assert await talk.closed() == (SLOW_CONSUMER, "Slow consumer")


async def cuts(client: httpx.AsyncClient) -> float:
    """How many clients were cut off for not reading, as the front counts them."""
    lines = (await client.get("/metrics")).text.splitlines()
    counted = [line for line in lines if line.startswith('gateway_slow_clients_cut_total{transport="websocket"}')]
    return sum(float(line.rsplit(" ", 1)[1]) for line in counted)
