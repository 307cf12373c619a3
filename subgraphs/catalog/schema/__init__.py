"""The catalog in the graph."""

import strawberry

from kernel.graph.context import Info
from kernel.graph.federation import subgraph_schema
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.choosing import OptionMutation
from subgraphs.catalog.schema.editing import MenuMutation
from subgraphs.catalog.schema.restaurants import Restaurant
from subgraphs.catalog.schema.running import RestaurantMutation


@strawberry.type
class Query:
    @strawberry.field(description="The restaurant with that id; null when there is none.")
    async def restaurant(self, info: Info, id: strawberry.ID) -> Restaurant | None:
        row = await loading.restaurant(info.context, id)
        return None if row is None else Restaurant.of(row)


@strawberry.type
class Mutation(RestaurantMutation, MenuMutation, OptionMutation):
    pass


SCHEMA = subgraph_schema(Query, Mutation)
