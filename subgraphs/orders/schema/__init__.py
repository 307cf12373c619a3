"""Orders in the graph: by audience what customers and kitchens do, what is asked, and what is watched."""

from strawberry.tools import merge_types

from kernel.graph.audiences import Audience
from kernel.graph.federation import subgraph_schema
from subgraphs.orders.schema.asking import Query
from subgraphs.orders.schema.customer import CustomerMutation
from subgraphs.orders.schema.orders import Order, Quote, Restaurant
from subgraphs.orders.schema.staff import StaffMutation
from subgraphs.orders.schema.streams import Subscription

Mutation = merge_types("Mutation", (CustomerMutation, StaffMutation))

PARTNER = Audience(
    "partner",
    fields=(
        "Query.order",
        "Query.orderEvents",
        "Query.orders",
        "Query.quote",
        "Mutation.cancelOrder",
        "Mutation.placeOrder",
        "Mutation.quoteOrder",
        "Subscription.orderUpdates",
    ),
    without=("Order.pickupCode", "Restaurant.orders"),
)
SCHEMA = subgraph_schema(Query, Mutation, Subscription, types=(Order, Quote, Restaurant), audiences=(PARTNER,))
