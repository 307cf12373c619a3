"""Payments, assembled."""

from kernel.subgraph import Subgraph
from subgraphs.payments.domain import PAYMENTS, PaymentNotAuthorised, PaymentNotOpen
from subgraphs.payments.effects import EFFECTS
from subgraphs.payments.reactions import REACTIONS
from subgraphs.payments.schema import SCHEMA
from subgraphs.payments.views import PROJECTIONS

SUBGRAPH = Subgraph(
    name="payments",
    schema=SCHEMA,
    aggregates=(PAYMENTS,),
    refusals=(PaymentNotAuthorised, PaymentNotOpen),
    reactions=REACTIONS,
    effects=EFFECTS,
    projections=PROJECTIONS,
)
