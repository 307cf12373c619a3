"""Trips as they are known from orders and from dispatch; `projections/trips.py` keeps them.

Each column is written by the news of one topic and never read while folding the other's, so that the two may come in
any order. A trip exists for delivery orders only, from placing on, and stays when it has ended.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from kernel.ids import person_id
from kernel.messages import Personal, Row
from kernel.ownership import Parties, Viewer
from kernel.places import Position, Vehicle
from kernel.ports import Views
from kernel.projecting import View
from subgraphs.tracking.eta import WITH_FOOD, Phase

CUSTOMER, COURIER = "customer", "courier"


class TripRow(Row):
    """One delivery order's way to its customer."""

    order_id: str

    # Of orders:
    customer_id: Annotated[str | None, Personal(subject="customer_id")] = None
    pickup: Position | None = None
    dropoff: Annotated[Position | None, Personal(subject="customer_id")] = None
    placed_at: datetime | None = None
    """None until orders has told of it: then nobody may see anything of it."""
    usual_prep_minutes: int | None = None
    ready_by: datetime | None = None
    ready_at: datetime | None = None
    order_ended_at: datetime | None = None

    # Of dispatch:
    delivery_id: str | None = None
    stage: Phase = Phase.LOOKING_FOR_COURIER
    """Where dispatch has it. Food that is being returned comes to no door: that trip has ended."""
    courier_id: str | None = None
    """Who is on the way, or was."""
    offer_id: str | None = None
    vehicle: Vehicle | None = None
    assigned_at: datetime | None = None
    pickup_expected_at: datetime | None = None
    picked_up_at: datetime | None = None
    delivery_ended_at: datetime | None = None

    @property
    def phase(self) -> Phase:
        """Where it stands; whoever says first that it has ended is believed."""
        return Phase.ENDED if self.order_ended_at is not None else self.stage

    @property
    def under_way(self) -> bool:
        """Whether a courier is on it."""
        return self.courier_id is not None and self.phase not in (Phase.LOOKING_FOR_COURIER, Phase.ENDED)

    @property
    def with_food(self) -> bool:
        """Whether the courier has the food and is on the way to the customer alone."""
        return self.phase in WITH_FOOD

    def parties(self, viewer: Viewer) -> Parties:
        """Who stands in which relation to it, as far as `viewer` is concerned."""
        mine = self.courier_id is not None and person_id("courier", viewer.subject) == self.courier_id
        return {
            CUSTOMER: frozenset() if self.customer_id is None else frozenset({self.customer_id}),
            COURIER: frozenset({viewer.subject}) if mine else frozenset(),
        }


TRIP_VIEW = View(
    name="trip",
    row=TripRow,
    key=("order_id",),
    indexes=("(courier_id) where delivery_ended_at is null and order_ended_at is null",),
)
TOPICS = ("orders.events", "dispatch.events")


async def trips(views: Views, order_ids: Sequence[str]) -> Mapping[str, TripRow]:
    """The trips of these orders, as far as there are any."""
    rows = await views.fetch(TripRow, "select * from trip where order_id = any($1::text[])", [*order_ids])
    return {row.order_id: row for row in rows}


async def trips_of_couriers(views: Views, courier_ids: Sequence[str]) -> Sequence[TripRow]:
    """The trips that these couriers are on now."""
    sql = """
        select * from trip
        where courier_id = any($1::text[]) and delivery_ended_at is null and order_ended_at is null
        order by order_id
    """
    return [row for row in await views.fetch(TripRow, sql, [*courier_ids]) if row.under_way]
