"""Dispatch in the graph: shifts and offers, what is carried, what is asked and what is watched."""

from strawberry.tools import merge_types

from kernel.graph.federation import subgraph_schema
from subgraphs.dispatch.schema.asking import Query
from subgraphs.dispatch.schema.carrying import CarryingMutation
from subgraphs.dispatch.schema.entities import Courier, Delivery, Offer, Order
from subgraphs.dispatch.schema.shifts import ShiftMutation
from subgraphs.dispatch.schema.streams import Subscription

Mutation = merge_types("Mutation", (ShiftMutation, CarryingMutation))

SCHEMA = subgraph_schema(Query, Mutation, Subscription, types=(Courier, Delivery, Offer, Order))
