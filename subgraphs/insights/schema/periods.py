"""Which period figures are of, and up to when they are complete."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, TypeVar

import strawberry

from kernel.graph.context import Info
from kernel.graph.errors import BadUserInput
from kernel.graph.scalars import TimeZone
from subgraphs.insights.analytics import Analytics, Progress
from subgraphs.insights.domain import ImpossiblePeriod
from subgraphs.insights.reactions import TOPICS, consumer_of

FirstDay = Annotated[
    date, strawberry.argument(name="from", description="The first day. Figures are kept for three years.")
]
LastDay = Annotated[date, strawberry.argument(name="to", description="The last day, which is part of the period.")]

CheckedT = TypeVar("CheckedT")


@strawberry.type
class Figures:
    """Figures that grow as the log is read. Types of the graph begin with it; it is none itself."""

    until: strawberry.Private[datetime | None]
    """As `complete_until` says."""

    @strawberry.field(
        description="The figures tell of everything that had happened by then, and perhaps of more: now, but when the "
        "platform cannot keep up."
    )
    def as_of(self) -> datetime:
        assert self.until is not None, "`complete_until` did not see that it would be asked for"
        return self.until


@strawberry.type
class FiguresOfDays(Figures):
    """Figures of whole days by somebody's clock."""

    first: strawberry.Private[date]
    last: strawberry.Private[date]
    time_zone: TimeZone = strawberry.field(description="In which the days begin and end.")

    @strawberry.field(name="from", description="The first day.")
    def first_day(self) -> date:
        return self.first

    @strawberry.field(name="to", description="The last day, which is part of the period.")
    def last_day(self) -> date:
        return self.last


def checked(check: Callable[[], CheckedT]) -> CheckedT:
    """What a look at the arguments comes to. Raises BadUserInput for a period that nobody can be told about."""
    try:
        return check()
    except ImpossiblePeriod as impossible:
        raise BadUserInput(str(impossible)) from None


async def complete_until(info: Info) -> datetime | None:
    """What `asOf` says; None when the document nowhere asks for it. Ask before the figures are reckoned."""
    if info.query is not None and "asOf" not in info.query:
        return None
    context = info.context
    now = context.clock.now()
    behind = await context.port(Progress).behind_s(consumer_of(context.port(Analytics).engine), TOPICS)
    return now - timedelta(seconds=behind) * context.clock.rate
