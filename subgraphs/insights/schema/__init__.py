"""Insights in the graph."""

from kernel.graph.federation import subgraph_schema
from subgraphs.insights.schema.couriers import Courier
from subgraphs.insights.schema.operating import Query
from subgraphs.insights.schema.restaurants import Restaurant

SCHEMA = subgraph_schema(Query, types=(Restaurant, Courier))
