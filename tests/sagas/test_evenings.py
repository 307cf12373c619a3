"""Any evening over four domains, however its news cross: it comes to rest, and everybody agrees how it ended."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subgraphs.orders.events import Fulfilment, OrderStatus
from tests.sagas.choices import Choices
from tests.sagas.holding import check
from tests.sagas.people import COURIERS, RIDERS, Cast, place_order, tokens
from tests.sagas.world import World

SHORT = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 10, 20, 45, 60))
LONG = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 9, 10, 31, 60, 121))
D, T = Fulfilment.DELIVERY, Fulfilment.TAKEAWAY
FULFILMENTS = ((D,), (D, D), (D, D, D), (D, T))


def an_evening(drawn: bytes) -> tuple[World, list[str]]:
    """The evening that these choices make, come to rest."""
    choices = Choices(drawn)
    world = World(choices, COURIERS)
    fulfilments = choices.of(FULFILMENTS)
    order_ids = [place_order(world, n, each, token=tokens(choices)) for n, each in enumerate(fulfilments, start=1)]
    casts = [Cast(world, order_id, choices) for order_id in order_ids]
    for rider in RIDERS[: choices.of((3, 1, 2, 0))]:
        casts[0].go_online(rider)
    for cast in casts:
        bring_forward(world, cast, choices.of((3, 4, 1, 2, 5, 6, 8, 0)))
    mood = choices.of((54, 58, 51, 62))
    while choices.left:
        step(world, casts, choices, mood)
    world.streets.afterwards = frozenset(COURIERS) if drawn and drawn[-1] % 8 == 7 else frozenset()
    world.come_to_rest()
    return world, order_ids


def bring_forward(world: World, cast: Cast, steps: int) -> None:
    """All goes well for a while: chance alone would seldom bring food to a door."""
    for _ in range(steps):
        world.settle()
        cast.act(helpfully=True)
        world.now += SHORT[0]
        if world.state(cast.order_id).status is OrderStatus.PREPARING and cast.delivery is not None:
            cast.mark_ready()


def step(world: World, casts: list[Cast], choices: Choices, mood: int) -> None:
    """Something happens next: mostly news are heard, or the evening would soon be over; people are as they are in that
    mood."""
    kind = choices.number() % 64
    if kind < 32 and world.waiting:
        world.follow(choices.number())
    elif 32 <= kind < 36 and world.waiting:
        world.follow(choices.number(), again=True)
    elif 36 <= kind < 38 and world.reports:
        world.report_late(choices.number())
    elif 38 <= kind < 44:
        world.now += choices.of(LONG if kind == 43 and choices.number() % 4 == 3 else SHORT)
    elif 44 <= kind < 50 and ((kind == 49 and choices.number() % 4 == 3) or world.has_due) and world.timers:
        world.ring(choices.number())
    else:
        choices.of(casts).act(helpfully=kind < mood)


@pytest.mark.parametrize("seed", range(300))
def test_an_evening_comes_to_rest(seed: int) -> None:
    check(*an_evening(Random(seed).randbytes(1200)))


@settings(max_examples=100)
@given(st.one_of(st.binary(max_size=100), st.binary(min_size=300, max_size=600)))
def test_any_evening_comes_to_rest(drawn: bytes) -> None:
    check(*an_evening(drawn))
