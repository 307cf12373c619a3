"""The port of search over every adapter: whatever is searched where, the same is found in the same order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from runtime.adapters.opensearch.opening import open_search
from subgraphs.catalog.views.search import Hit, Near, Place, Sort, Wanted
from subgraphs.catalog.views.spelling import words
from tests.contracts.towns import CENTRE, NOON, Town, dish, open_town, place, wanted

pytestmark = pytest.mark.anyio
PATIENT_S = 30.0
"""How long an engine may take here before the reserve answers: this machine may be busy."""


@pytest.fixture(params=["postgresql", pytest.param("opensearch", marks=pytest.mark.engines)])
async def town(request: pytest.FixtureRequest, town_url: str, valkey_url: str) -> AsyncIterator[Town]:
    """An empty town, searched through one of the adapters."""
    is_indexed = request.param == "opensearch"
    cluster = request.getfixturevalue("opensearch") if is_indexed else ""
    async with open_town(town_url, valkey_url) as empty:
        if not is_indexed:
            yield empty
            return
        async with open_search(cluster, empty.postgres, empty.catalog, empty.log, PATIENT_S) as opened:
            await opened.builder.rebuild()
            empty.index(opened)
            yield empty
            await empty.stop()


async def found(town: Town, **asked: Any) -> list[str]:
    answer = await town.search.find(wanted(**asked), 50)
    assert not answer.degraded
    return [hit.restaurant_id.removeprefix("restaurant_") for hit in answer.hits]


def sought(text: str, **asked: Any) -> dict[str, Any]:
    return {"words": words(text), "sort": Sort.RELEVANCE, **asked}


async def a_street(town: Town) -> None:
    """Five places, each about 555 m further north, as `tests/catalog/test_search.py` has them."""
    names: Sequence[tuple[str, str, Mapping[str, Any]]] = (
        ("raffaello", "Raffaello", {"cuisines": ("italian", "pizza"), "opening_hours": "Mo-Su 11:00-23:00"}),
        ("koket", "Café Köket", {"cuisines": ("cafe", "finnish"), "opening_hours": "Mo-Fr 08:00-13:00"}),
        ("sushi", "Sushi Bar", {"cuisines": ("sushi", "japanese")}),
        ("pho", "Phở Hà Nội", {"cuisines": ("vietnamese",)}),
        ("napoli", "Pizzeria Napoli", {"cuisines": ("pizza",), "delivery_radius_m": 1000}),
    )
    for n, (key, name, more) in enumerate(names):
        await town.register(place(key, name=name, latitude=CENTRE.latitude + n * 0.005, **more))
    dishes = {"raffaello": ("Lasagne", "Tiramisù"), "koket": ("Korvapuusti", "Lohikeitto")}
    dishes["sushi"] = ("Lohi nigiri", "Pizza roll")
    for key, names_ in dishes.items():
        await town.cook(*(dish(f"restaurant_{key}", name) for name in names_))
    await town.settled()


SEARCHES: Sequence[tuple[str, list[str]]] = (
    ("raffaello", ["raffaello"]),
    ("RAFAELLO", ["raffaello"]),
    ("rafafello", ["raffaello"]),
    ("raff", ["raffaello"]),
    ("koket", ["koket"]),
    ("cafe köket", ["koket"]),
    ("pho", ["pho"]),
    ("phoo", []),
    ("suhsi", ["sushi"]),
    ("tiramisu", ["raffaello"]),
    ("tirammisu", ["raffaello"]),
    ("lohi", ["sushi", "koket"]),
    ("vietnamesse", ["pho"]),
    ("pizza", ["raffaello", "napoli", "sushi"]),
    ("piazz", ["raffaello", "napoli", "sushi"]),
    ("pizza raffaello", ["raffaello"]),
    ("raffaello sushi", []),
    ("p", []),
    ("burger", []),
    ("!!!", []),
)


async def test_words_are_found_however_spelt(town: Town) -> None:
    await a_street(town)
    for text, expected in SEARCHES:
        assert await found(town, **sought(text, near=CENTRE)) == expected, text
        assert await town.search.count(wanted(**sought(text))) == len(expected), text


async def test_distance_radius_and_cuisine_narrow_it_down(town: Town) -> None:
    await a_street(town)
    nearest = await town.search.find(wanted(near=CENTRE, sort=Sort.DISTANCE), 3)
    assert [hit.distance_m for hit in nearest.hits] == [0, 556, 1112]
    named = await town.search.find(wanted(near=CENTRE), 1)
    assert [(hit.restaurant_id, hit.distance_m) for hit in named.hits] == [("restaurant_koket", 556)]
    assert (await town.search.find(wanted(), 1)).hits[0].distance_m is None
    for most, expected in ((555, ["raffaello"]), (556, ["koket", "raffaello"]), (0, ["raffaello"])):
        assert await found(town, near=CENTRE, max_distance_m=most) == expected
    assert await found(town, near=CENTRE, delivers_here=True) == ["koket", "pho", "raffaello", "sushi"]
    assert await found(town, cuisines=("pizza", "sushi")) == ["napoli", "raffaello", "sushi"]


async def test_hours_and_pauses_hold_at_the_moment_of_the_search(town: Town) -> None:
    await a_street(town)
    assert await found(town, open_now=True) == ["pho", "napoli", "raffaello", "sushi"]
    assert await found(town, open_now=True, at=NOON - timedelta(hours=2)) == [
        *("koket", "pho", "napoli", "raffaello", "sushi")
    ]
    pause_end = NOON + timedelta(hours=1)
    await town.type("update catalog.restaurants set paused_until = $1 where id = 'restaurant_pho'", pause_end)
    await town.settled()
    just_before = pause_end - timedelta(microseconds=1)
    assert await found(town, open_now=True, at=just_before) == ["napoli", "raffaello", "sushi"]
    assert await found(town, open_now=True, at=pause_end) == ["pho", "napoli", "raffaello", "sushi"]
    assert await found(town, open_now=True, at=NOON + timedelta(hours=10)) == ["pho", "napoli", "sushi"]
    await town.type("update catalog.restaurants set paused_until = '9999-12-31' where id = 'restaurant_sushi'")
    await town.type("update catalog.restaurants set opening_hours = 'whenever' where id = 'restaurant_napoli'")
    await town.settled()
    assert await found(town, open_now=True) == ["raffaello"]
    assert await found(town) == ["koket", "pho", "napoli", "raffaello", "sushi"]


async def test_facets_count_as_if_no_cuisine_had_been_asked_for(town: Town) -> None:
    await a_street(town)
    asked = wanted(near=CENTRE, max_distance_m=1200, cuisines=("sushi",), open_now=True)
    assert await town.search.count(asked) == 1
    counted = [(each.slug, each.restaurants) for each in await town.search.cuisines(asked, 3)]
    assert counted == [("italian", 1), ("japanese", 1), ("pizza", 1)]
    pizzas = await town.search.cuisines(wanted(**sought("pizza")), 50)
    assert [(each.slug, each.restaurants) for each in pizzas][:1] == [("pizza", 2)]


async def test_the_best_rated_come_first_and_few_reviews_move_nobody_far(town: Town) -> None:
    await town.register(*(place(number) for number in range(4)))
    await town.settled()
    await town.rate("restaurant_1", (0, 0, 0, 0, 1))
    await town.rate("restaurant_2", (0, 0, 0, 40, 160))
    await town.rate("restaurant_3", (3, 0, 0, 0, 0))
    await town.settled()
    assert await found(town, sort=Sort.RATING) == ["2", "1", "0", "3"]
    await town.type("update reviews.ratings set distribution = '[0,0,0,0,900]' where target = 'restaurant_3'")
    await town.settled()
    assert await found(town, sort=Sort.RATING) == ["3", "2", "1", "0"]


ORDERS: Sequence[dict[str, Any]] = (
    {},
    {"near": CENTRE},
    {"near": CENTRE, "sort": Sort.DISTANCE},
    {"sort": Sort.RATING},
    {"near": CENTRE, "sort": Sort.RATING},
    sought("place"),
    sought("place", near=CENTRE),
    sought("plcae", near=CENTRE, sort=Sort.NAME),
)


async def test_pages_forwards_and_backwards_make_the_whole_list(town: Town) -> None:
    await town.register(*(place(n, name=f"Place {n // 3}", latitude=60.17 + n % 4 / 1000) for n in range(12)))
    await town.rate("restaurant_5", (0, 0, 0, 0, 3))
    await town.rate("restaurant_7", (0, 0, 0, 0, 3))
    await town.settled()
    for asked in ORDERS:
        whole = (await town.search.find(wanted(**asked), 50)).hits
        assert len(whole) == 12, asked
        assert await turned(town, wanted(**asked)) == whole
        assert await turned(town, wanted(**asked), backwards=True) == [*reversed(whole)]


async def turned(town: Town, asked: Wanted, *, backwards: bool = False) -> list[Hit]:
    """All hits, five to a page."""
    hits: list[Hit] = []
    beyond: Place | None = None
    if backwards:
        last = (await town.search.find(asked, 50)).hits[-1]
        hits, beyond = [last], last.place
    while page := (await town.search.find(asked, 5, beyond, backwards=backwards)).hits:
        hits += page
        beyond = page[-1].place
    return hits


async def test_a_page_stays_where_it_was_when_others_come_and_go(town: Town) -> None:
    await town.register(*(place(number) for number in range(1, 6)))
    await town.settled()
    first = (await town.search.find(wanted(), 2)).hits
    await town.type("update catalog.restaurants set retired = true where id = 'restaurant_2'")
    await town.register(place(0))
    await town.settled()
    rest = (await town.search.find(wanted(), 9, first[-1].place)).hits
    assert [hit.restaurant_id for hit in rest] == ["restaurant_3", "restaurant_4", "restaurant_5"]


async def test_a_change_is_found_and_the_retired_vanish(town: Town) -> None:
    await town.register(place(1))
    await town.cook(dish("restaurant_1", "Lasagne"))
    await town.settled()
    assert await found(town, **sought("lasagne")) == ["1"]
    await town.type("update catalog.menu_items set name = 'Ravioli'")
    await town.settled()
    assert await found(town, **sought("ravioli")) == ["1"]
    assert await found(town, **sought("lasagne")) == []
    await town.type("update catalog.menu_items set retired = true")
    await town.type("update catalog.restaurants set name = 'Trattoria', longitude = 25.0")
    await town.settled()
    assert await found(town, **sought("ravioli")) == []
    assert await found(town, **sought("trattoria")) == ["1"]
    assert await found(town, near=CENTRE, max_distance_m=2900) == []
    await town.type("update catalog.restaurants set retired = true")
    await town.settled()
    assert await found(town) == []
    assert (await town.search.count(wanted()), await town.search.cuisines(wanted(), 5)) == (0, [])
    await town.type("update catalog.restaurants set retired = false")
    await town.settled()
    assert await found(town) == ["1"]
    await town.type("delete from catalog.restaurants")
    await town.settled()
    assert await found(town) == []


async def test_the_poles_and_the_date_line_are_near_each_other(town: Town) -> None:
    await town.register(place("west", latitude=65.0, longitude=-179.999), place("pole", latitude=89.999, longitude=10))
    await town.settled()
    east, north = Near(latitude=65.0, longitude=179.999), Near(latitude=89.999, longitude=-170)
    assert await found(town, near=east, max_distance_m=500) == ["west"]
    assert await found(town, near=north, max_distance_m=500) == ["pole"]


async def test_who_delivers_here_may_be_far_away_or_beyond_the_date_line(town: Town) -> None:
    far = {"latitude": CENTRE.latitude + 0.9, "delivery_radius_m": 100_076}
    await town.register(place("far", **far), place("too_far", **{**far, "delivery_radius_m": 100_075}))
    await town.register(place("edge", latitude=CENTRE.latitude + 0.449, delivery_radius_m=50_000))
    await town.register(place("west", latitude=65.0, longitude=-179.999, delivery_radius_m=500))
    await town.register(place("pole", latitude=89.999, longitude=10, delivery_radius_m=500))
    await town.settled()
    assert await found(town, near=CENTRE, delivers_here=True) == ["edge", "far"]
    assert await found(town, near=Near(latitude=65.0, longitude=179.999), delivers_here=True) == ["west"]
    assert await found(town, near=Near(latitude=89.999, longitude=-170), delivers_here=True) == ["pole"]


HARD: Sequence[dict[str, Any]] = (
    {"words": words("🍕" * 500 + "pizza")},
    {"words": words('pizza AND (sushi OR *) ~2 NOT \\ " {}[]: /.*/')[:6]},
    {"words": words("ö" * 1000)},
    {"words": words("Café\0Köket\ud800 ＫÖＫＥＴ")},
    {"cuisines": ("pizza", "*", "é" * 40_000)},
    {"cuisines": ("🍕",)},
    {"near": Near(latitude=90, longitude=180), "max_distance_m": 2**31 - 1, "delivers_here": True},
    {"near": Near(latitude=-90, longitude=-180), "max_distance_m": 0, "sort": Sort.DISTANCE},
    {"near": Near(latitude=1e-12, longitude=-0.0), "sort": Sort.DISTANCE},
)


async def test_whatever_is_asked_gets_an_answer(town: Town) -> None:
    await a_street(town)
    answers = [await found(town, **{"sort": Sort.NAME, **asked}) for asked in HARD]
    everything = ["koket", "pho", "napoli", "raffaello", "sushi"]
    pizzas = ["napoli", "raffaello", "sushi"]
    assert answers == [pizzas, [], [], ["koket"], ["napoli", "raffaello"], [], [], [], [*answers[-1]]]
    assert sorted(answers[-1]) == sorted(everything)
    for asked in HARD:
        await town.search.count(wanted(**asked))
        await town.search.cuisines(wanted(**asked), 50)
