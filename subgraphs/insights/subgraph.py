"""Insights, assembled. What fills its engine stands in `reactions.py` and is named when the engine is known."""

from kernel.subgraph import Subgraph
from subgraphs.insights.schema import SCHEMA

SUBGRAPH = Subgraph(name="insights", schema=SCHEMA, aggregates=(), refusals=())
