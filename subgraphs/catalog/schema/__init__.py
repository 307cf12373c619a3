"""The catalog in the graph."""

import strawberry

from kernel.graph.audiences import Audience
from kernel.graph.connections import Page
from kernel.graph.context import Info
from kernel.graph.federation import subgraph_schema
from kernel.graph.types import PositionInput
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.choosing import OptionMutation
from subgraphs.catalog.schema.editing import MenuMutation
from subgraphs.catalog.schema.finding import (
    Asked,
    RestaurantConnection,
    RestaurantFilter,
    RestaurantSort,
    found,
    scope_of,
    wanted,
)
from subgraphs.catalog.schema.restaurants import Restaurant
from subgraphs.catalog.schema.running import RestaurantMutation
from subgraphs.catalog.schema.suggesting import Suggestion, suggested
from subgraphs.catalog.schema.watching import MenuAvailability, Subscription, availability
from subgraphs.catalog.views import workplaces

MOST_WORKPLACES = 100


@strawberry.type
class Query:
    @strawberry.field(description="The restaurant with that id; null when there is none.")
    async def restaurant(self, info: Info, id: strawberry.ID) -> Restaurant | None:
        row = await loading.restaurant(info.context, id)
        return None if row is None else Restaurant.of(row)

    @strawberry.field(
        description="The restaurants the viewer works at, by name, at most 100; empty for everybody who works at none."
    )
    async def workplaces(self, info: Info) -> list[Restaurant] | None:
        context = info.context
        return [Restaurant.of(row) for row in await workplaces(context.views, context.viewer.subject, MOST_WORKPLACES)]

    @strawberry.field(
        description="What of a restaurant's menu is off now: what the first item of `menuChanges` tells. Null when "
        "there is no such restaurant."
    )
    async def menu_availability(self, info: Info, restaurant_id: strawberry.ID) -> MenuAvailability | None:
        return await availability(info.context, restaurant_id)

    @strawberry.field(
        description="Restaurants, by the words of their names, cuisines and dishes, however spelt. In order of "
        "relevance when searched, else of distance when `near` is given, else of name; `sort` says otherwise."
    )
    async def restaurants(  # noqa: PLR0913, PLR0917 - the field's arguments are the graph's
        self,
        info: Info,
        near: PositionInput | None = None,
        search: str | None = None,
        filter: RestaurantFilter | None = None,  # noqa: A002 - the graph's word
        sort: RestaurantSort | None = None,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> RestaurantConnection | None:
        sought = wanted(info.context, Asked(near=near, search=search, filter=filter, sort=sort))
        page = Page.read(
            info.context.cursor_secret, scope_of(sought), first=first, after=after, last=last, before=before
        )
        return await found(info, sought, page)

    @strawberry.field(
        description="What somebody who has typed this much may want: restaurants, cuisines and dishes, at most ten, "
        "the nearest first where words match equally well."
    )
    async def suggestions(self, info: Info, prefix: str, near: PositionInput | None = None) -> list[Suggestion] | None:
        return await suggested(info.context, prefix, near)


@strawberry.type
class Mutation(RestaurantMutation, MenuMutation, OptionMutation):
    pass


PARTNER = Audience(
    "partner",
    fields=(
        "Query.menuAvailability",
        "Query.restaurant",
        "Query.restaurants",
        "Query.suggestions",
        "Subscription.menuChanges",
    ),
    without=(
        "MenuItem.externalId",
        "MenuItem.version",
        "Option.externalId",
        "OptionGroup.externalId",
        "OptionGroup.version",
        "Restaurant.staff",
        "Restaurant.version",
    ),
)
SCHEMA = subgraph_schema(Query, Mutation, Subscription, audiences=(PARTNER,))
