"""Finding restaurants: by words, place, hours and cuisine, as a connection with facets."""

import hashlib
from asyncio import gather
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Self, cast

import msgspec
import strawberry

from kernel.graph.connections import AS_OF, Page, asks_how_old
from kernel.graph.context import GraphContext, Info
from kernel.graph.errors import BadUserInput
from kernel.graph.types import PageInfo, PositionInput
from kernel.messages import UNSTAMPED
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.restaurants import Cuisine, Restaurant
from subgraphs.catalog.views.documents import SEARCH_PROJECTION
from subgraphs.catalog.views.search import CuisineCount, Near, Place, Search, Sort, Wanted
from subgraphs.catalog.views.spelling import MAX_WORDS, words

MAX_SEARCH = 200
MAX_CUISINES = 20
MAX_FACETS = 50


@strawberry.enum(
    description="In which order restaurants are listed. `RATING` takes the mean of a restaurant's stars as if ten more "
    "reviews had given it three and a half, so that who is new stands in the middle and one review changes little."
)
class RestaurantSort(Enum):
    RELEVANCE = "RELEVANCE"
    DISTANCE = "DISTANCE"
    NAME = "NAME"
    RATING = "RATING"


@strawberry.input(description="Everything that is said must hold.")
class RestaurantFilter:
    cuisines: list[str] = strawberry.field(default_factory=list[str], description="Any of these slugs, at most 20.")
    open_now: bool = strawberry.field(default=False, description="Open at this moment, and not paused.")
    delivers_here: bool = strawberry.field(default=False, description="`near` lies within its delivery radius.")
    max_distance_m: int | None = strawberry.field(default=None, description="From `near`, in metres.")


@strawberry.type(description="A restaurant that was found.")
class RestaurantEdge:
    cursor: str
    node: Restaurant
    distance_m: int | None = strawberry.field(description="From `near`, as the crow flies; null without it.")


@strawberry.type(description="How many of the restaurants found cook this.")
class CuisineFacet:
    cuisine: Cuisine
    restaurants: int

    @classmethod
    def of(cls, row: CuisineCount) -> Self:
        return cls(cuisine=Cuisine.of(row.slug), restaurants=row.restaurants)


@strawberry.type(description="What the search could be narrowed down to.")
class RestaurantFacets:
    wanted: strawberry.Private[Wanted]

    @strawberry.field(description="The most frequent first, at most 50, counted as if no cuisine had been asked for.")
    async def cuisines(self, info: Info) -> list[CuisineFacet]:
        rows = await info.context.port(Search).cuisines(self.wanted, MAX_FACETS)
        return [CuisineFacet.of(row) for row in rows]


@strawberry.type(description="A page of restaurants: ask with `first` and `after`, or with `last` and `before`.")
class RestaurantConnection:
    edges: list[RestaurantEdge]
    page_info: PageInfo
    degraded: bool = strawberry.field(
        description="True when what is searched does not yet include what the consistency token asks for, and while a "
        "reserve answers in place of the search engine."
    )
    wanted: strawberry.Private[Wanted]
    until: strawberry.Private[datetime | None]

    @strawberry.field(description=f"{AS_OF} What is asked of each restaurant itself is as it is now.")
    def as_of(self) -> datetime:
        assert self.until is not None, "`found` did not see that it would be asked for"
        return self.until

    @strawberry.field(description="The nodes of the edges, for clients that need no cursor per node.")
    def nodes(self) -> list[Restaurant]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many restaurants were found altogether; counted only when it is asked for.")
    async def total_count(self, info: Info) -> int | None:
        return await info.context.port(Search).count(self.wanted)

    @strawberry.field(description="What the search could be narrowed down to.")
    def facets(self) -> RestaurantFacets:
        return RestaurantFacets(wanted=self.wanted)


@dataclass(frozen=True)
class Asked:
    """The arguments of the field."""

    near: PositionInput | None = None
    search: str | None = None
    filter: RestaurantFilter | None = None
    sort: RestaurantSort | None = None


def wanted(context: GraphContext, asked: Asked) -> Wanted:
    """What is wanted.

    Raises:
        BadUserInput: the arguments do not go together, or one is out of its bounds.
    """
    if asked.near is not None and not asked.near.on_earth():
        raise BadUserInput("There is no such place on Earth.")
    if asked.search is not None and len(asked.search) > MAX_SEARCH:
        raise BadUserInput(f"Search with at most {MAX_SEARCH} characters.")
    chosen = asked.filter or RestaurantFilter()
    _check_filter(chosen, near=asked.near is not None)
    searching = asked.search is not None and asked.search.strip() != ""
    return Wanted(
        at=context.clock.now(),
        near=None if asked.near is None else Near(latitude=asked.near.latitude, longitude=asked.near.longitude),
        words=words(asked.search or "")[:MAX_WORDS] if searching else None,
        cuisines=tuple(chosen.cuisines),
        open_now=chosen.open_now,
        delivers_here=chosen.delivers_here,
        max_distance_m=chosen.max_distance_m,
        sort=_sort(asked, searching=searching),
    )


def _check_filter(chosen: RestaurantFilter, *, near: bool) -> None:
    if len(chosen.cuisines) > MAX_CUISINES:
        raise BadUserInput(f"Filter by at most {MAX_CUISINES} cuisines.")
    if chosen.max_distance_m is not None and chosen.max_distance_m < 0:
        raise BadUserInput("A distance is not negative.")
    if not near and (chosen.delivers_here or chosen.max_distance_m is not None):
        raise BadUserInput("Distances need `near`.")


def _sort(asked: Asked, *, searching: bool) -> Sort:
    if asked.sort is RestaurantSort.DISTANCE and asked.near is None:
        raise BadUserInput("Sorting by distance needs `near`.")
    if asked.sort is RestaurantSort.RELEVANCE and not searching:
        raise BadUserInput("Sorting by relevance needs `search`.")
    if asked.sort is not None:
        return Sort[asked.sort.name]
    if searching:
        return Sort.RELEVANCE
    return Sort.NAME if asked.near is None else Sort.DISTANCE


def scope_of(sought: Wanted) -> str:
    """A cursor belongs to the search it came from, whatever the hour."""
    timeless = msgspec.structs.replace(sought, at=UNSTAMPED)
    return "restaurants:" + hashlib.sha256(msgspec.json.encode(timeless)).hexdigest()[:16]


async def found(info: Info, sought: Wanted, page: Page) -> RestaurantConnection:
    """One page of what is wanted."""
    context = info.context
    search = context.port(Search)
    follower = search.follower(sought)
    until = await _shown_until(context, follower) if asks_how_old(info) else None
    is_current = follower is None or await context.reached(follower, SEARCH_PROJECTION.topics)
    beyond = None if page.keyset is None else cast("Place", page.keyset)
    answer = await search.find(sought, page.fetch, beyond, backwards=page.backwards)
    listed = page.connection(answer.hits, node=lambda hit: hit, keyset=lambda hit: hit.place)
    rows = await gather(*(loading.restaurant(context, edge.node.restaurant_id) for edge in listed.edges))
    edges = [
        RestaurantEdge(cursor=edge.cursor, node=Restaurant.of(row), distance_m=edge.node.distance_m)
        for edge, row in zip(listed.edges, rows, strict=True)
        if row is not None
    ]
    degraded = answer.degraded or not is_current
    return RestaurantConnection(edges=edges, page_info=listed.page_info, degraded=degraded, wanted=sought, until=until)


async def _shown_until(context: GraphContext, follower: str | None) -> datetime:
    return context.clock.now() if follower is None else await context.as_of(follower, SEARCH_PROJECTION.topics)
