"""Couriers report where they are."""

from datetime import datetime

import strawberry

from kernel.calling import Call
from kernel.graph.context import GraphContext, Info
from kernel.graph.describing import describe_values
from kernel.graph.refusals import InvalidInput, NotAllowed, UserError, result
from kernel.graph.types import PositionInput
from kernel.ids import person_id
from kernel.ownership import may
from kernel.ports import Outage
from subgraphs.tracking.effects import take
from subgraphs.tracking.positions import DropReason, Point, PositionStream, PositionTally
from subgraphs.tracking.sieve import sift
from subgraphs.tracking.views.sight import REPORT

MOST_POINTS = 100

strawberry.enum(
    DropReason,
    name="PositionDropReason",
    description="Why a reported position is of no use: recorded more than 60 s ahead of the platform's clock (FUTURE) "
    "or 10 minutes ago (STALE), off by more than 200 m (INACCURATE), its sequence sent before (REPEATED), not after "
    "the one accepted before it (LATE), or further from that one than 150 km/h lead (IMPOSSIBLE).",
)
describe_values(
    DropReason,
    {
        DropReason.FUTURE: "It lies more than 60 s ahead of the platform's clock.",
        DropReason.STALE: "It is more than 10 minutes old.",
        DropReason.INACCURATE: "It may be off by more than 200 m.",
        DropReason.REPEATED: "Its sequence was sent before.",
        DropReason.LATE: "It is not after the one accepted before it.",
        DropReason.IMPOSSIBLE: "Nobody rides there so fast: more than 150 km/h.",
    },
)


@strawberry.input(description="Where the courier was at a moment.")
class ReportedPositionInput:
    latitude: float
    longitude: float
    accuracy_m: float = strawberry.field(description="The radius the device gives, in metres.")
    sequence: int = strawberry.field(
        description="Counted up by the device with each position it takes, over its restarts too: the seconds "
        "since 1970 will do."
    )
    recorded_at: datetime


@strawberry.input
class ReportPositionsInput:
    positions: list[ReportedPositionInput] = strawberry.field(description="From 1 to 100, in any order.")


@strawberry.type(description="How many positions were dropped for one reason.")
class DroppedPositions:
    reason: DropReason
    count: int


@strawberry.type(description="The positions were looked at; sent again, they count as repeated or late.")
class ReportPositionsSuccess:
    accepted: int
    dropped: list[DroppedPositions]


REPORT_POSITIONS_RESULT = result(ReportPositionsSuccess, (NotAllowed, InvalidInput))


@strawberry.type
class Mutation:
    @strawberry.mutation(
        graphql_type=REPORT_POSITIONS_RESULT,
        description="Says where the courier is, best every few seconds and several positions at a time. For couriers. "
        "It needs no idempotency key: `sequence` is one.",
    )
    async def report_positions(self, info: Info, input: ReportPositionsInput) -> ReportPositionsSuccess | UserError:
        context = info.context
        if not may(context.viewer, REPORT, {}):
            return NotAllowed()
        wrong = _invalid(input)
        if wrong is not None:
            return wrong
        stream, courier_id = context.port(PositionStream), person_id("courier", context.viewer.subject)
        now = context.clock.now()
        sifted = sift([_point(each, courier_id, now) for each in input.positions], await stream.last(courier_id), now)
        await _pass_on(context, stream, sifted.kept)
        dropped = {reason.value: number for reason, number in sifted.dropped.items()}
        context.port(PositionTally).count(len(sifted.kept), dropped)
        return ReportPositionsSuccess(
            accepted=len(sifted.kept),
            dropped=[DroppedPositions(reason=DropReason(name), count=dropped[name]) for name in sorted(dropped)],
        )


async def _pass_on(context: GraphContext, stream: PositionStream, points: tuple[Point, ...]) -> None:
    """Into the stream; while its engine is away, straight to where the intake would have taken them."""
    if not points:
        return
    try:
        await stream.append(points[0].courier_id, points)
    except Outage:
        for command in await take(points, stream, context.views, context.clock.now()):
            await context.handler.handle(command, Call(correlation=context.request_id, traceparent=context.traceparent))


def _invalid(given: ReportPositionsInput) -> InvalidInput | None:
    if not 1 <= len(given.positions) <= MOST_POINTS:
        return InvalidInput(path=["positions"], reason=f"Report from 1 to {MOST_POINTS} positions at a time.")
    for number, each in enumerate(given.positions):
        path = ["positions", str(number)]
        if not PositionInput(latitude=each.latitude, longitude=each.longitude).on_earth():
            return InvalidInput(path=path, reason="There is no such place on Earth.")
        if each.accuracy_m < 0 or each.sequence < 0:
            return InvalidInput(path=path, reason="Neither accuracy nor sequence can be negative.")
    return None


def _point(given: ReportedPositionInput, courier_id: str, now: datetime) -> Point:
    return Point(
        courier_id=courier_id,
        latitude=given.latitude,
        longitude=given.longitude,
        accuracy_m=given.accuracy_m,
        sequence=given.sequence,
        recorded_at=given.recorded_at,
        received_at=now,
    )
