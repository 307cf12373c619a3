"""Ratings and the order of the search follow the rows, whoever changes them, however many workers count."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from random import Random

import asyncpg
import pytest

from kernel.calling import Accepted
from kernel.ids import person_id, typed_id
from kernel.messages import Row
from subgraphs.catalog.views.search import Hit, Sort, Wanted
from subgraphs.reviews.commands import RecountRating, Tally
from subgraphs.reviews.events import Distribution, RatingRow
from subgraphs.reviews.views import inform_recount
from tests.patience import eventually
from tests.reviews.bench import Bench, Json
from tests.reviews.reviewing import AINO, COURIER, RESTAURANT, SANNA
from tests.spelling import AT, uuid_of

pytestmark = pytest.mark.anyio

RESTAURANTS = [typed_id("restaurant", uuid_of(number)) for number in range(1, 5)]
COURIERS = [person_id("courier", f"courier-{number}") for number in range(1, 4)]

COUNTED = """
select target, json_build_array(
  count(*) filter (where stars = 1), count(*) filter (where stars = 2), count(*) filter (where stars = 3),
  count(*) filter (where stars = 4), count(*) filter (where stars = 5)) as distribution
from (
  select restaurant_id as target, stars from reviews where not hidden and not retired
  union all select courier_id, courier_stars from reviews where not hidden and not retired and courier_id is not null
) given group by target
"""


class Counted(Row):
    target: str
    distribution: Distribution


async def counted(bench: Bench) -> Mapping[str, Distribution]:
    """The stars of each restaurant and courier, as SQL counts them."""
    rows = await bench.equipment.views.fetch(Counted, COUNTED)
    return {row.target: row.distribution for row in rows if sum(row.distribution)}


async def kept(bench: Bench) -> Mapping[str, Distribution]:
    """The stars of each restaurant and courier, as ratings have them."""
    rows = await bench.equipment.views.fetch(RatingRow, "select * from ratings")
    return {row.target: row.distribution for row in rows if row.count}


async def follow(bench: Bench) -> None:
    """Until ratings are what SQL counts."""

    async def the_same() -> bool:
        return await kept(bench) == await counted(bench)

    await eventually(the_same)


async def rating(bench: Bench, kind: str = "Restaurant", target: str = RESTAURANT) -> Json:
    (found,) = await bench.entities(AINO, kind, [target], "rating { count mean distribution }")
    assert found is not None
    return found["rating"]


async def test_a_rating_follows_a_review(bench: Bench) -> None:
    async with bench.following():
        await bench.reviewed(1, stars=5)
        await follow(bench)
        await bench.reviewed(2, stars=2)
        await follow(bench)
    assert await rating(bench) == {"count": 2, "mean": 3.5, "distribution": [0, 1, 0, 0, 1]}
    assert await rating(bench, "Courier", COURIER) == {"count": 2, "mean": 4.0, "distribution": [0, 0, 0, 2, 0]}


async def test_a_hidden_review_counts_nowhere(bench: Bench) -> None:
    review_id = await bench.reviewed(1, stars=1)
    async with bench.following():
        await follow(bench)
        await bench.change(SANNA, "hideReview", {"reviewId": review_id})
        await follow(bench)
        nothing = {"count": 0, "mean": None, "distribution": [0, 0, 0, 0, 0]}
        assert await rating(bench) == nothing
        assert await rating(bench, "Courier", COURIER) == nothing
        await bench.change(SANNA, "showReview", {"reviewId": review_id})
        await follow(bench)
    assert (await rating(bench))["count"] == 1


TYPED = [
    "update reviews.reviews set stars = 1, courier_stars = null where stars = 5",
    "update reviews.reviews set stars = 6 - stars",
    "update reviews.reviews set hidden = true where stars = 2",
    "update reviews.reviews set retired = true where stars = 3",
    f"update reviews.reviews set restaurant_id = '{RESTAURANTS[3]}' where stars = 4",
    "delete from reviews.reviews where stars = 1",
    "delete from reviews.reviews",
]


async def test_what_is_typed_into_psql_is_counted_too(bench: Bench) -> None:
    for number in range(1, 16):
        await bench.reviewed(number, stars=number % 5 + 1, restaurant_id=RESTAURANTS[number % 2])
    async with bench.following():
        await follow(bench)
        for sql in TYPED:
            await bench.at_psql(sql)
            await follow(bench)
    assert await counted(bench) == {}


async def test_two_workers_counting_what_many_change_end_at_the_same(bench: Bench) -> None:
    chance = Random(7)
    async with bench.following(workers=2):
        for first in range(1, 61, 20):
            await asyncio.gather(
                *(
                    bench.reviewed(
                        number,
                        stars=chance.randint(1, 5),
                        restaurant_id=chance.choice(RESTAURANTS[:2]),
                        courier_id=chance.choice(COURIERS),
                    )
                    for number in range(first, first + 20)
                ),
                bench.at_psql("update reviews.reviews set stars = 6 - stars, hidden = not hidden"),
            )
        await follow(bench)
    assert len(await counted(bench)) >= 3


async def test_counting_again_changes_what_is_shown_in_nothing(bench: Bench) -> None:
    await bench.reviewed(1, stars=4)
    for _ in range(3):
        assert isinstance(await bench.do(RecountRating(target=RESTAURANT)), Accepted)
        assert (await rating(bench))["distribution"] == [0, 0, 0, 1, 0]


WRITE = """insert into reviews.reviews (id, order_id, customer_id, restaurant_id, stars, reviewed_at, hidden, retired)
values ($1, $1, $1, $2, 3, $3, false, false)"""


async def test_a_later_count_is_known_from_an_earlier_one_while_writers_come_and_go(bench: Bench) -> None:
    """The first of two writers commits last: the counts before and after differ by nothing but its being done."""

    async def tally() -> Tally:
        informed = await inform_recount(RecountRating(target=RESTAURANT), bench.equipment.views)
        assert informed.tally is not None
        return informed.tally

    slow, quick = await asyncpg.connect(bench.url), await asyncpg.connect(bench.url)
    try:
        writing = slow.transaction()
        await writing.start()
        await slow.execute(WRITE, "review_slow", RESTAURANT, AT)
        before = await tally()
        await quick.execute(WRITE, "review_quick", RESTAURANT, AT)
        between = await tally()
        await writing.commit()
        after = await tally()
    finally:
        await slow.close()
        await quick.close()
    assert [each.distribution[2] for each in (before, between, after)] == [0, 1, 2]
    assert before.as_of < between.as_of < after.as_of


INSERT = """insert into catalog.restaurants (id, name, description, cuisines, address, latitude, longitude, time_zone,
  opening_hours, delivery_radius_m, currency, prep_minutes, minimum_basket_minor, registered_at, retired, revision)
select id, name, '', '["pizza"]', '{}', 60.17, 24.94, 'Europe/Helsinki', '24/7', 3000, 'EUR', 20, 0, $3, false, 0
from unnest($1::text[], $2::text[]) as r(id, name)"""
NAMES = ["Aalto", "Beetroot", "Caraway", "Dill"]


async def listed(bench: Bench) -> list[str]:
    """The names of the restaurants, by rating."""
    hits = (await bench.search.find(Wanted(at=AT, sort=Sort.RATING), 10)).hits
    return [NAMES[RESTAURANTS.index(hit.restaurant_id)] for hit in hits]


async def test_pages_by_rating_make_the_whole_list(bench: Bench) -> None:
    await bench.at_psql(INSERT, RESTAURANTS, NAMES, AT)
    await bench.reviewed(1, stars=5, restaurant_id=RESTAURANTS[2])
    await bench.reviewed(2, stars=1, restaurant_id=RESTAURANTS[0])
    wanted = Wanted(at=AT, sort=Sort.RATING)
    async with bench.following():
        await eventually(lambda: shows(bench, "Caraway", "Beetroot", "Dill", "Aalto"))
    whole = (await bench.search.find(wanted, 10)).hits
    forwards: list[Hit] = []
    while len(forwards) < len(whole):
        forwards += (await bench.search.find(wanted, 1, forwards[-1].place if forwards else None)).hits
    assert forwards == [*whole]
    backwards = (await bench.search.find(wanted, 10, whole[-1].place, backwards=True)).hits
    assert [*backwards] == [*whole[-2::-1]]


async def shows(bench: Bench, *names: str) -> bool:
    return await listed(bench) == [*names]


async def test_restaurants_are_listed_by_a_mean_that_few_reviews_hardly_move(bench: Bench) -> None:
    aalto, beetroot, caraway, dill = RESTAURANTS
    await bench.at_psql(INSERT, RESTAURANTS, NAMES, AT)
    assert await listed(bench) == NAMES, "as long as nobody is rated, by name"

    async def in_order(*names: str) -> None:
        await eventually(lambda: shows(bench, *names))

    async with bench.following():
        await bench.reviewed(1, stars=5, restaurant_id=dill)
        await in_order("Dill", "Aalto", "Beetroot", "Caraway")
        for number in range(2, 22):
            await bench.reviewed(number, stars=5 if number % 4 else 4, restaurant_id=caraway)
        # A mean of 4.75 by twenty customers stands above a mean of 5 by one.
        await in_order("Caraway", "Dill", "Aalto", "Beetroot")
        await bench.reviewed(30, stars=1, restaurant_id=aalto)
        await in_order("Caraway", "Dill", "Beetroot", "Aalto")
        await bench.at_psql("update reviews.reviews set stars = 1 where restaurant_id = $1", caraway)
        await in_order("Dill", "Beetroot", "Aalto", "Caraway")
        bench.clock.advance(timedelta(days=1))
        for number in (31, 32):
            await bench.reviewed(number, stars=number % 2 * 3 + 2, restaurant_id=beetroot, received_at=AT)
        # 5 and 2 make the prior mean of 3.5: as good as nobody's, only known better.
        await in_order("Dill", "Beetroot", "Aalto", "Caraway")
