"""Reviews in the graph."""

import strawberry

from kernel.graph.audiences import Audience
from kernel.graph.federation import subgraph_schema
from subgraphs.reviews.schema.asking import Query
from subgraphs.reviews.schema.reviews import Courier, Order, Restaurant, Review
from subgraphs.reviews.schema.writing import ModeratorMutation, WriterMutation


@strawberry.type
class Mutation(WriterMutation, ModeratorMutation):
    pass


PARTNER = Audience("partner", fields=("Restaurant.rating",))
SCHEMA = subgraph_schema(Query, Mutation, types=(Review, Restaurant, Order, Courier), audiences=(PARTNER,))
