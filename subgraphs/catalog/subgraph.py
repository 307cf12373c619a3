"""The catalog, assembled."""

from kernel.subgraph import Subgraph
from subgraphs.catalog.domain import CATALOG, REFUSALS
from subgraphs.catalog.schema import SCHEMA

SUBGRAPH = Subgraph(
    name="catalog",
    schema=SCHEMA,
    aggregates=(CATALOG,),
    refusals=REFUSALS,
)
