"""A thousand lost connections, over all subscriptions, while orders move: nobody misses anything, or hears it twice.

What has a sequence has neither gap, repeat nor inversion. What has none begins with what the query answers, never goes
back in time, and ends up with the final state. And when everybody has gone, the platform holds nothing for them.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.journeys.carrying import settle
from tests.journeys.conftest import SignIn
from tests.journeys.evening import Evening, Shift
from tests.journeys.holdings import handles, watched
from tests.journeys.person import Json, Person
from tests.journeys.streams import Beholder, Watcher
from tests.patience import eventually
from tests.running_platform import RunningPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.journey, pytest.mark.timeout(240)]

WARMING_UP, CUTS = 100, 1000
COURIERS = 4
LEAST_OF_A_KIND, LEAST_COMPARED = 20, 4
BREATH = 15
"""So many tasks or files more than before may be connections kept for what comes next; a leak would hold hundreds."""


async def test_every_watcher_hears_the_truth_whatever_happens_to_its_connection(
    platform: RunningPlatform, aino: Person, sign_in: SignIn
) -> None:
    town = await settle(sign_in)
    place = replace(town, door=town.kitchen.moved(90))
    couriers = [await place.courier(sign_in, away_m=20) for _ in range(COURIERS)]
    await Evening(place, aino, couriers, WARMING_UP).live()
    await eventually(lambda: nobody_watches(platform))
    before = handles(platform)

    evening = Evening(place, aino, couriers, CUTS)
    await evening.live()

    await eventually(lambda: nobody_watches(platform))
    await eventually(lambda: holds_no_more(platform, before))
    of_a_kind = [evening.kitchens, evening.shifts, evening.menus, evening.screens, evening.maps]
    assert sum(map(cuts, of_a_kind)) >= CUTS
    assert min(map(cuts, of_a_kind)) >= LEAST_OF_A_KIND, [*map(cuts, of_a_kind)]
    assert_nothing_missed_or_heard_twice(evening)
    for shift in evening.shifts:
        assert_offers_never_go_back(shift)
    for menu in evening.menus:
        assert_rises([item["asOf"] for item in menu.items])
        assert_rises([item["menuVersion"] for item in menu.items])
    for watcher in evening.maps:
        assert_locations_never_go_back(watcher)
    for beholders in (evening.shifts, evening.menus, evening.maps):
        assert sum(beholder.compared for beholder in beholders) >= LEAST_COMPARED


def assert_nothing_missed_or_heard_twice(evening: Evening) -> None:
    for screen in evening.screens:
        assert screen.events == evening.stories[screen.id or ""][screen.items[0]["sequence"] :]
    for kitchen in evening.kitchens:
        assert kitchen.events == evening.kitchens[0].events
        for order_id, told in evening.stories.items():
            heard = [event for event in kitchen.events if event["order"]["id"] == order_id]
            assert [without_cursor(event) for event in heard] == [without_cursor(event) for event in told[1:]]


def assert_offers_never_go_back(shift: Shift) -> None:
    """What is carried gets ever newer, and what is closed is never open again."""
    carried = [item["delivery"] for item in shift.items if item.get("delivery")]
    for delivery_id in {delivery["id"] for delivery in carried}:
        assert_rises([delivery["version"] for delivery in carried if delivery["id"] == delivery_id])
    closed: set[str] = set()
    for item in shift.items:
        opened = item.get("offers") or ([item["offer"]] if item["__typename"] == "OfferOpened" else [])
        assert closed.isdisjoint(offer["id"] for offer in opened)
        if item["__typename"] == "OfferClosed":
            closed.add(item["offer"]["id"])


def assert_locations_never_go_back(watcher: Beholder) -> None:
    """Neither positions nor estimates; and the last word is that it has ended."""
    assert_rises([item["position"]["recordedAt"] for item in watcher.items if item["position"]])
    assert_rises([item["eta"]["calculatedAt"] for item in watcher.items if item["eta"]])
    assert watcher.items[-1] == {"phase": "ENDED", "signalLost": False, "position": None, "eta": None}


def assert_rises(values: Sequence[int] | Sequence[str]) -> None:
    assert [*values] == sorted(values)


def cuts(watchers: Sequence[Watcher]) -> int:
    return sum(watcher.cuts for watcher in watchers)


async def nobody_watches(platform: RunningPlatform) -> bool:
    """Whether no stream is left, and no socket of one."""
    return set(watched(platform).values()) == {0}


async def holds_no_more(platform: RunningPlatform, before: dict[str, float]) -> bool:
    """Whether nobody's tasks and files are left."""
    return all(value <= before[name] + BREATH for name, value in handles(platform).items())


def without_cursor(event: Json) -> Json:
    return {name: value for name, value in event.items() if name != "cursor"}
