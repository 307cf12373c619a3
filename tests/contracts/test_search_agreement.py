"""Both engines of search agree: on random towns, whatever is asked, to the last place of a cursor."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest

from runtime.adapters.opensearch.opening import open_search
from subgraphs.catalog.views.search import Near, Sort, Wanted
from subgraphs.catalog.views.spelling import words
from tests.contracts.towns import CENTRE, NOON, Town, dish, open_town, place

pytestmark = pytest.mark.anyio
PATIENT_S = 30.0
SYLLABLES = (
    "pi",
    "zza",
    "sus",
    "hi",
    "ra",
    "men",
    "кафе",
    "寿司",
    "Ø",
    "ß",
    "bao",
    "'",
    "-",
    "é",
    "i\u0307",
    "lá",
    "🍕",
)
HOURS = ("24/7", "Mo-Fr 08:00-15:00", "Sa,Su 10:00-02:00", "Mo-Su 11:00-23:00; Fr off", "nonsense", "")
SLUGS = ("pizza", "sushi", "cafe", "vegan", "ramen")


def a_name(chance: random.Random) -> str:
    return " ".join(
        "".join(chance.choices(SYLLABLES, k=chance.randint(1, 4))).capitalize() for _ in range(chance.randint(1, 3))
    )


async def a_random_town(town: Town, chance: random.Random) -> Sequence[str]:
    """Some seventy restaurants, a few of them anywhere on earth; returns all their names and dishes."""
    texts = [a_name(chance) for _ in range(60)]
    rows = [
        place(
            n,
            name=chance.choice(texts),
            cuisines=tuple(chance.sample(SLUGS, chance.randint(0, 3))),
            latitude=chance.uniform(-90, 90) if n % 9 == 0 else CENTRE.latitude + chance.gauss(0, 0.02),
            longitude=chance.uniform(-180, 180) if n % 9 == 0 else CENTRE.longitude + chance.gauss(0, 0.04),
            opening_hours=chance.choice(HOURS),
            time_zone=chance.choice(("Europe/Helsinki", "Asia/Tokyo", "nowhere")),
            delivery_radius_m=chance.choice((0, 500, 3000, 49_000, 8_000_000)),
            paused_until=chance.choice((None, None, NOON, NOON + timedelta(seconds=chance.randint(-9, 9)))),
            retired=chance.random() < 0.1,
        )
        for n in range(70)
    ]
    await town.register(*rows)
    served = {(row.id, chance.choice(texts)) for row in rows for _ in range(3)}
    await town.cook(*(dish(restaurant_id, text) for restaurant_id, text in sorted(served)))
    for row in chance.sample(rows, 25):
        await town.rate(row.id, [chance.randint(0, 30) for _ in range(5)])
    await town.settled()
    return texts


def a_question(chance: random.Random, texts: Sequence[str]) -> Wanted:
    near = chance.choice((None, CENTRE, Near(latitude=60.18, longitude=24.9), Near(latitude=60.5, longitude=25.2)))
    text = chance.choice(texts)
    at = chance.randint(0, len(text))
    text = chance.choice((text, text[:at], text[:at] + text[at + 1 :], text[:at] + "x" + text[at:]))
    sorts = [Sort.NAME, Sort.RATING] + [Sort.DISTANCE] * (near is not None)
    searching = words(text)[:6] if chance.random() < 0.6 else None
    return Wanted(
        at=NOON + timedelta(hours=chance.randint(0, 60)) if chance.random() < 0.5 else NOON,
        near=near,
        words=searching,
        cuisines=tuple(chance.sample(SLUGS, chance.choice((0, 0, 1, 2)))),
        open_now=chance.random() < 0.3,
        delivers_here=near is not None and chance.random() < 0.3,
        max_distance_m=chance.choice((None, 300, 1500, 4000)) if near is not None else None,
        sort=chance.choice([*sorts, *[Sort.RELEVANCE] * 3] if searching is not None else sorts),
    )


@pytest.mark.engines
@pytest.mark.parametrize("seed", range(3))
async def test_both_engines_agree_on_random_towns(town_url: str, valkey_url: str, opensearch: str, seed: int) -> None:
    chance = random.Random(seed)
    async with (
        open_town(town_url, valkey_url) as town,
        open_search(opensearch, town.postgres, town.catalog, town.log, PATIENT_S) as opened,
    ):
        await opened.builder.rebuild()
        town.index(opened)
        texts = await a_random_town(town, chance)
        hits = 0
        for _ in range(150):
            asked = a_question(chance, texts)
            hits += await agree(town, asked, chance)
        assert hits > 500
        await town.stop()


async def agree(town: Town, asked: Wanted, chance: random.Random) -> int:
    """Checks that both find the same, also from a place that the other named; how many they found."""
    here, there = await town.postgres.find(asked, 100), await town.search.find(asked, 100)
    assert not there.degraded
    assert [*there.hits] == [*here.hits], asked
    assert await town.search.count(asked) == len(here.hits)
    assert await town.search.cuisines(asked, 50) == await town.postgres.cuisines(asked, 50), asked
    if here.hits:
        beyond, backwards = chance.choice(here.hits).place, chance.random() < 0.5
        page = await town.postgres.find(asked, 5, beyond, backwards=backwards)
        assert [*(await town.search.find(asked, 5, beyond, backwards=backwards)).hits] == [*page.hits], asked
    return len(here.hits)
