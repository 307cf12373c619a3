"""Every view of the platform and who keeps it: the map from topics to read models."""

from typing import Any

from kernel.projecting import Feed, Projection
from projections import insights, kitchens, reviews, staff, trips
from subgraphs.catalog.views import documents as catalog
from subgraphs.dispatch import views as dispatch
from subgraphs.orders import views as orders
from subgraphs.payments import views as payments

# Each projection has a row type of its own; the loop that runs them needs none.
PROJECTIONS: tuple[Projection[Any], ...] = (
    catalog.SEARCH_PROJECTION,
    *kitchens.PROJECTIONS,
    *orders.PROJECTIONS,
    *payments.PROJECTIONS,
    *dispatch.PROJECTIONS,
    *staff.PROJECTIONS,
    *trips.PROJECTIONS,
    *reviews.PROJECTIONS,
    *insights.PROJECTIONS,
)
FEEDS: tuple[Feed, ...] = orders.FEEDS
