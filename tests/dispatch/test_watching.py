"""Watching offers: how things are, then every change of it, within moments; the same again after a reconnect."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

import pytest

from kernel.codes import PICKUP
from kernel.messages import ANONYMOUS
from tests.dispatch.bench import MYSELF, Bench, Json, code_of, pin_of
from tests.dispatch.courses import AINO, DISPATCHER, DROPOFF, ILVES, OTSO
from tests.patience import AT_MOST_S, eventually

pytestmark = pytest.mark.anyio

OFFERS = """subscription { courierOffers { __typename
    ... on OpenOffers { offers { id status } delivery { id status version } }
    ... on OfferOpened { offer { id status } } ... on OfferClosed { offer { id status } }
    ... on CourierDeliveryChanged { deliveryId delivery { id status version dropoff { street } } } } }"""


async def taken(stream: AsyncGenerator[Json], number: int) -> list[Json]:
    """The next items, which are awaited at most a while."""
    async with asyncio.timeout(AT_MOST_S):
        return [await anext(stream) for _ in range(number)]


async def until(stream: AsyncGenerator[Json], kind: str, status: str) -> Json:
    """The next item of that kind and status; what comes before it is read over."""
    async with asyncio.timeout(AT_MOST_S):
        async for item in stream:
            thing: Json | None = item.get("delivery") or item.get("offer")
            if item["__typename"] == kind and thing is not None and thing["status"] == status:
                return item
    raise AssertionError("the stream ended")


async def test_a_courier_hears_of_an_offer_and_of_all_that_follows(bench: Bench) -> None:
    await bench.begin_shift()
    async with aclosing(bench.watch(OTSO, OFFERS)) as watch:
        (first,) = await taken(watch, 1)
        assert first == {"__typename": "OpenOffers", "offers": [], "delivery": None}
        delivery_id = await bench.order()
        opened = await until(watch, "OfferOpened", "OPEN")
        offer_id = opened["offer"]["id"]
        await bench.change(OTSO, "acceptOffer", offerId=offer_id)
        closed, mine = await taken(watch, 2)
        assert closed == {"__typename": "OfferClosed", "offer": {"id": offer_id, "status": "ACCEPTED"}}
        assert (mine["__typename"], mine["deliveryId"]) == ("CourierDeliveryChanged", delivery_id)
        assert (mine["delivery"]["status"], mine["delivery"]["dropoff"]) == ("ASSIGNED", {"street": DROPOFF.street})
        code = code_of(delivery_id, PICKUP)
        await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code=code)
        assert (await until(watch, "CourierDeliveryChanged", "PICKED_UP"))["delivery"]["id"] == delivery_id
        await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=pin_of(delivery_id))
        brought = await until(watch, "CourierDeliveryChanged", "DELIVERED")
        assert brought["delivery"]["dropoff"] is None


async def test_news_come_by_wake_ups_and_not_by_polling(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kernel.graph.subscribing.POLL_S", 2 * AT_MOST_S)
    await bench.begin_shift()
    async with aclosing(bench.watch(OTSO, OFFERS)) as watch:
        await taken(watch, 1)
        delivery_id = await bench.order()
        offer_id = (await until(watch, "OfferOpened", "OPEN"))["offer"]["id"]
        await bench.change(OTSO, "acceptOffer", offerId=offer_id)
        await until(watch, "CourierDeliveryChanged", "ASSIGNED")
        await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code=code_of(delivery_id, PICKUP))
        await until(watch, "CourierDeliveryChanged", "PICKED_UP")


async def test_what_is_taken_away_is_said(bench: Bench) -> None:
    await bench.begin_shift()
    delivery_id = await bench.assigned()
    async with aclosing(bench.watch(OTSO, OFFERS)) as watch:
        (first,) = await taken(watch, 1)
        assert (first["delivery"]["id"], first["offers"]) == (delivery_id, [])
        await bench.change(DISPATCHER, "reassignDelivery", deliveryId=delivery_id)
        (gone,) = await taken(watch, 1)
        assert gone == {"__typename": "CourierDeliveryChanged", "deliveryId": delivery_id, "delivery": None}


async def test_an_offer_that_nobody_answers_closes(bench: Bench) -> None:
    await bench.begin_shift()
    _, offer_id = await bench.offered()
    async with aclosing(bench.watch(OTSO, OFFERS)) as watch:
        (first,) = await taken(watch, 1)
        assert first["offers"] == [{"id": offer_id, "status": "OPEN"}]
        bench.clock.advance(timedelta(seconds=46))
        assert (await until(watch, "OfferClosed", "EXPIRED"))["offer"]["id"] == offer_id


async def test_after_a_reconnect_the_first_item_is_what_a_query_answers(bench: Bench) -> None:
    """A stream without a sequence: each first item equals the query's answer, and versions never go back."""
    await bench.begin_shift()
    await bench.begin_shift(ILVES, metres_north=900.0)
    delivery_id, offer_id = await bench.offered(OTSO)
    versions: list[int] = []
    first: Json = {}
    for step in range(4):
        async with aclosing(bench.watch(OTSO, OFFERS)) as watch:
            (first,) = await taken(watch, 1)
        mine = (await bench.ask(OTSO, MYSELF))["courier"]
        assert [each["id"] for each in first["offers"]] == [each["id"] for each in mine["offers"]]
        assert first["delivery"] == mine["delivery"]
        versions += [] if first["delivery"] is None else [first["delivery"]["version"]]
        if step == 0:
            assert [each["id"] for each in first["offers"]] == [offer_id]
            await bench.change(OTSO, "acceptOffer", offerId=offer_id)
        if step == 1:
            code = code_of(delivery_id, PICKUP)
            await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code=code)
        if step == 2:
            await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=pin_of(delivery_id))
    assert versions == sorted(versions)
    assert (len(versions), first["delivery"], first["offers"]) == (2, None, [])


async def test_offers_go_to_their_courier_alone(bench: Bench) -> None:
    await bench.begin_shift()
    await bench.begin_shift(ILVES, metres_north=9_000.0)
    async with aclosing(bench.watch(ILVES, OFFERS)) as other, aclosing(bench.watch(OTSO, OFFERS)) as watch:
        await taken(watch, 1)
        await taken(other, 1)
        waiting = asyncio.ensure_future(anext(other))
        _, offer_id = await bench.offered(OTSO)
        await until(watch, "OfferOpened", "OPEN")
        await bench.change(OTSO, "acceptOffer", offerId=offer_id)
        await until(watch, "CourierDeliveryChanged", "ASSIGNED")
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


@pytest.mark.parametrize("somebody", [AINO, DISPATCHER, ANONYMOUS], ids=lambda viewer: viewer.subject)
async def test_only_couriers_watch(bench: Bench, somebody: object) -> None:
    async with aclosing(bench.watch(somebody, OFFERS)) as watch:  # pyright: ignore[reportArgumentType]
        with pytest.raises(PermissionError):
            await taken(watch, 1)


async def test_who_was_never_online_watches_nothing_yet(bench: Bench) -> None:
    async with aclosing(bench.watch(OTSO, OFFERS)) as watch:
        (first,) = await taken(watch, 1)
        assert first == {"__typename": "OpenOffers", "offers": [], "delivery": None}
        await bench.begin_shift()
        await bench.order()
        assert (await until(watch, "OfferOpened", "OPEN"))["offer"]["id"]


async def test_a_courier_who_is_released_is_free_for_the_next(bench: Bench) -> None:
    await bench.begin_shift()
    first, second = await bench.order(), await bench.order()
    seen: set[str] = set()
    for _ in (first, second):
        offer_id = await bench.offer_to(OTSO)
        accepted = await bench.change(OTSO, "acceptOffer", "delivery { id }", offerId=offer_id)
        delivery_id = accepted["delivery"]["id"]
        seen.add(delivery_id)
        code = code_of(delivery_id, PICKUP)
        await bench.change(OTSO, "confirmPickup", deliveryId=delivery_id, code=code)
        await bench.change(OTSO, "confirmDropoff", deliveryId=delivery_id, pin=pin_of(delivery_id))

        async def free() -> bool:
            mine = (await bench.ask(OTSO, MYSELF))["courier"]
            return mine["delivery"] is None

        await eventually(free)
        bench.clock.advance(timedelta(seconds=21))
        await bench.appear()
    assert seen == {first, second}
