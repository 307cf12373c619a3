"""What the graph says of its statuses, reasons and news: each value what it means, so that nobody has to guess."""

from enum import Enum

import pytest
import strawberry
from graphql import GraphQLEnumType

from kernel.graph.describing import describe_values
from kernel.subgraph import Subgraph
from subgraphs.dispatch.subgraph import SUBGRAPH as DISPATCH
from subgraphs.insights.subgraph import SUBGRAPH as INSIGHTS
from subgraphs.orders.subgraph import SUBGRAPH as ORDERS
from subgraphs.reviews.subgraph import SUBGRAPH as REVIEWS
from subgraphs.tracking.subgraph import SUBGRAPH as TRACKING

STATUSES = [
    (ORDERS, "OrderStatus"),
    (DISPATCH, "DeliveryStatus"),
    (DISPATCH, "OfferStatus"),
    (TRACKING, "DeliveryPhase"),
]
REASONS = [
    (ORDERS, "CancellationReason"),
    (ORDERS, "FailureReason"),
    (ORDERS, "RejectionReason"),
    (DISPATCH, "DeclineReason"),
    (DISPATCH, "DeliveryFailure"),
    (DISPATCH, "ReassignmentReason"),
    (DISPATCH, "UndeliverableReason"),
    (TRACKING, "PositionDropReason"),
    (REVIEWS, "NotReviewableReason"),
    (REVIEWS, "ReportReason"),
    (INSIGHTS, "Fault"),
    (INSIGHTS, "InsightsGrain"),
]
NEWS = [(ORDERS, "OrderEventType"), (DISPATCH, "DeliveryEventType"), (DISPATCH, "CourierEventType")]


@pytest.mark.parametrize(("subgraph", "name"), [*STATUSES, *REASONS, *NEWS])
def test_every_value_says_what_it_means(subgraph: Subgraph, name: str) -> None:
    kind = subgraph.schema.core.type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    meanings = [value.description for value in kind.values.values()]
    assert all(meanings)
    assert len(set(meanings)) == len(meanings)


def test_no_value_may_be_left_out() -> None:
    class Weather(Enum):
        SUN = "SUN"
        RAIN = "RAIN"

    with pytest.raises(AssertionError):
        describe_values(Weather, {})
    strawberry.enum(Weather)
    with pytest.raises(KeyError):
        describe_values(Weather, {Weather.SUN: "It is warm."})
