"""Tracking in the graph: what couriers report, and what of it others see."""

from kernel.graph.federation import subgraph_schema
from subgraphs.tracking.schema.locating import Delivery, Order, Query
from subgraphs.tracking.schema.reporting import Mutation
from subgraphs.tracking.schema.watching import Subscription

SCHEMA = subgraph_schema(Query, Mutation, Subscription, types=(Order, Delivery))
