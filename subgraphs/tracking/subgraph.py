"""Tracking, assembled."""

from kernel.subgraph import Subgraph
from subgraphs.tracking.domain import TRIPS
from subgraphs.tracking.effects import INTAKES
from subgraphs.tracking.schema import SCHEMA

SUBGRAPH = Subgraph(name="tracking", schema=SCHEMA, aggregates=(TRIPS,), refusals=(), intakes=INTAKES)
