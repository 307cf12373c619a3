"""Search over Postgres: keys for words, the captured tables for everything that must be true at this moment."""

from collections.abc import Mapping, Sequence

from kernel.hours import is_open
from kernel.messages import Row
from kernel.places import EARTH_RADIUS_M
from kernel.ports import Views
from subgraphs.catalog.views.documents import SEARCH_DOCUMENTS
from subgraphs.catalog.views.ratings import PRIOR_REVIEWS, PRIOR_STARS
from subgraphs.catalog.views.search import CuisineCount, Found, Hit, Near, Place, Sort, Wanted
from subgraphs.catalog.views.spelling import EXACT, FORM, PREFIX, keys_sought

METRES_PER_DEGREE = 111_195
WORTH: Mapping[str, tuple[int, int]] = {EXACT: (100, 70), PREFIX: (80, 50), FORM: (60, 40)}
"""What finding a word is worth, in a name and in a dish: whole words before beginnings before misspellings."""
STANDING = f"(coalesce(rated.stars, 0) + {PRIOR_STARS}) * 1000000 / (coalesce(rated.reviews, 0) + {PRIOR_REVIEWS})"
"""The Bayesian mean in millionths of a star: whole numbers, so that a place is the same whoever computes it."""


class Schedule(Row):
    """When some restaurants are open."""

    opening_hours: str
    time_zone: str


class Count(Row):
    """How many."""

    restaurants: int


class PostgresSearch:
    """Searches the catalog's own tables, through the catalog's views."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def follower(self, wanted: Wanted) -> str | None:
        """Only words are a copy; all else is read where it is written."""
        return None if wanted.words is None else SEARCH_DOCUMENTS.name

    async def find(self, wanted: Wanted, limit: int, beyond: Place | None = None, *, backwards: bool = False) -> Found:
        if wanted.words == ():
            return Found(hits=())
        question = await self._question(wanted)
        found = question.found(wanted)
        condition = "true"
        if beyond is not None:
            values = ", ".join(question.argument(part) for part in beyond)
            condition = f"(k1, k2, k3, restaurant_id) {'<' if backwards else '>'} ({values})"
        direction = "desc" if backwards else "asc"
        sql = f"""
            select restaurant_id, distance_m, json_build_array(k1, k2, k3, restaurant_id) as place
            from ({found}) f where {condition}
            order by k1 {direction}, k2 {direction}, k3 {direction}, restaurant_id {direction}
            limit {question.argument(limit)}
        """
        return Found(hits=await self._views.fetch(Hit, sql, *question.arguments))

    async def cuisines(self, wanted: Wanted, limit: int) -> Sequence[CuisineCount]:
        if wanted.words == ():
            return []
        question = await self._question(wanted)
        found = question.found(wanted, any_cuisine=True)
        sql = f"""
            select slug, count(*) as restaurants from ({found}) f, jsonb_array_elements_text(f.cuisines) as c(slug)
            group by slug order by restaurants desc, slug limit {question.argument(limit)}
        """
        return await self._views.fetch(CuisineCount, sql, *question.arguments)

    async def count(self, wanted: Wanted) -> int:
        if wanted.words == ():
            return 0
        question = await self._question(wanted)
        sql = f"select count(*) as restaurants from ({question.found(wanted)}) f"
        return (await self._views.fetch(Count, sql, *question.arguments))[0].restaurants

    async def _question(self, wanted: Wanted) -> "Question":
        return Question(await self._open_schedules(wanted) if wanted.open_now else None)

    async def _open_schedules(self, wanted: Wanted) -> Sequence[Schedule]:
        """Restaurants share their hours, so each is read once, now: no index knows what time it is."""
        sql = "select distinct opening_hours, time_zone from restaurants where not retired"
        schedules = await self._views.fetch(Schedule, sql)
        return [each for each in schedules if is_open(each.opening_hours, each.time_zone, wanted.at)]


class Question:
    """One statement in the making, with its arguments."""

    def __init__(self, open_schedules: Sequence[Schedule] | None) -> None:
        self.arguments: list[object] = []
        self._open_schedules = open_schedules

    def argument(self, value: object) -> str:
        """The placeholder of `value`."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def found(self, wanted: Wanted, *, any_cuisine: bool = False) -> str:
        """Everything that is wanted, unordered, with the parts of its place: k1, k2, k3, restaurant_id."""
        distance = "null::bigint" if wanted.near is None else self._distance(wanted.near)
        relevance = "0" if wanted.words is None else " + ".join(self._worth(word) for word in wanted.words)
        joined = "" if wanted.words is None else "join search_documents d on d.restaurant_id = r.id"
        standing, reviews = "0", "0"
        if wanted.sort is Sort.RATING:
            joined += " left join restaurant_ratings rated on rated.restaurant_id = r.id"
            standing, reviews = STANDING, "coalesce(rated.reviews, 0)"
        conditions = " and ".join(["not r.retired", *self._conditions(wanted, any_cuisine=any_cuisine)])
        within = " and ".join(["true", *self._within(wanted)])
        k1, k2, k3 = _order(wanted.sort)
        return f"""
            select id as restaurant_id, distance_m, cuisines, {k1} as k1, {k2} as k2, {k3} as k3
            from (
              select r.id, r.name, r.cuisines, r.delivery_radius_m, {distance} as distance_m,
                {relevance} as relevance, {standing} as standing, {reviews} as reviews
              from restaurants r {joined} where {conditions}
            ) c where {within}
        """

    def _conditions(self, wanted: Wanted, *, any_cuisine: bool) -> list[str]:
        conditions = [self._matching(word) for word in wanted.words or ()]
        if wanted.cuisines and not any_cuisine:
            conditions.append(f"r.cuisines ?| {self.argument([*wanted.cuisines])}::text[]")
        if self._open_schedules is not None:
            hours = self.argument([each.opening_hours for each in self._open_schedules])
            zones = self.argument([each.time_zone for each in self._open_schedules])
            conditions.append(f"(r.paused_until is null or r.paused_until <= {self.argument(wanted.at)})")
            conditions.append(
                f"(r.opening_hours, r.time_zone) in (select * from unnest({hours}::text[], {zones}::text[]))"
            )
        if wanted.near is not None and wanted.max_distance_m is not None:
            # A band of latitudes holds everything near, also across the poles and the date line, and cheaply.
            band = wanted.max_distance_m / METRES_PER_DEGREE + 0.01
            south, north = self.argument(wanted.near.latitude - band), self.argument(wanted.near.latitude + band)
            conditions.append(f"r.latitude between {south}::float8 and {north}::float8")
        return conditions

    def _within(self, wanted: Wanted) -> list[str]:
        conditions: list[str] = []
        if wanted.max_distance_m is not None:
            conditions.append(f"distance_m <= {self.argument(wanted.max_distance_m)}")
        if wanted.delivers_here:
            conditions.append("distance_m <= delivery_radius_m")
        return conditions

    def _matching(self, word: str) -> str:
        return f"d.keys ?| {self.argument([*keys_sought(word)])}::text[]"

    def _worth(self, word: str) -> str:
        sought = keys_sought(word)
        in_name, in_dish = zip(*(WORTH[key[0]] for key in sought), strict=True)
        keys, names, dishes = self.argument([*sought]), self.argument([*in_name]), self.argument([*in_dish])
        return f"""(select max(case (d.keys -> w.key)::boolean when true then w.name when false then w.dish end)
            from unnest({keys}::text[], {names}::int[], {dishes}::int[]) as w(key, name, dish))"""

    def _distance(self, near: Near) -> str:
        """Great-circle distance in whole metres: the haversine formula, exact enough on a sphere."""
        latitude, longitude = self.argument(near.latitude), self.argument(near.longitude)
        return f"""round({2 * EARTH_RADIUS_M} * asin(least(1, sqrt(
            sin(radians(r.latitude - {latitude}::float8) / 2) ^ 2 + cos(radians({latitude}::float8))
            * cos(radians(r.latitude)) * sin(radians(r.longitude - {longitude}::float8) / 2) ^ 2))))::bigint"""


def _order(sort: Sort) -> tuple[str, str, str]:
    match sort:
        case Sort.RELEVANCE:
            return "-relevance::bigint", "coalesce(distance_m, 0)", "lower(name)"
        case Sort.DISTANCE:
            return "distance_m", "0::bigint", "''::text"
        case Sort.NAME:
            return "0::bigint", "0::bigint", "lower(name)"
        case Sort.RATING:
            return "-standing::bigint", "-reviews::bigint", "lower(name)"
