"""Dispatch, assembled."""

from kernel.subgraph import Subgraph
from subgraphs.dispatch.commands import (
    AcceptOffer,
    ConfirmDropoff,
    ConfirmPickup,
    ConfirmReturn,
    ReassignDelivery,
    RecordCandidates,
    ReportUndeliverable,
)
from subgraphs.dispatch.domain import COURIERS, DELIVERIES
from subgraphs.dispatch.domain.refusals import REFUSALS
from subgraphs.dispatch.effects import EFFECTS
from subgraphs.dispatch.reactions import REACTIONS
from subgraphs.dispatch.schema import SCHEMA
from subgraphs.dispatch.views import PROJECTIONS, inform_accepting, inform_candidates, inform_carrying

SUBGRAPH = Subgraph(
    name="dispatch",
    schema=SCHEMA,
    aggregates=(COURIERS, DELIVERIES),
    refusals=REFUSALS,
    facts={
        AcceptOffer: inform_accepting,
        RecordCandidates: inform_candidates,
        ReassignDelivery: inform_carrying,
        ConfirmPickup: inform_carrying,
        ConfirmDropoff: inform_carrying,
        ReportUndeliverable: inform_carrying,
        ConfirmReturn: inform_carrying,
    },
    reactions=REACTIONS,
    effects=EFFECTS,
    projections=PROJECTIONS,
)
