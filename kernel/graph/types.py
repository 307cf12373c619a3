"""Types that several subgraphs share: money, positions and the page of a connection. Scalars only, shareable."""

from typing import Self

import strawberry

from kernel.graph.currencies import format_money
from kernel.graph.scalars import Currency, Locale, MinorUnits

ENGLISH = Locale("en")


@strawberry.federation.type(shareable=True, description="An amount of money in its currency's minor unit.")
class Money:
    minor: MinorUnits = strawberry.field(description="The amount in minor units, such as cents.")
    currency: Currency

    @strawberry.field(description="The amount as people of that language write it, for display only.")
    def formatted(self, locale: Locale = ENGLISH) -> str:
        return format_money(self.minor, self.currency, locale)

    @classmethod
    def of(cls, minor: int, currency: str) -> Self:
        """The amount a domain keeps as an integer and a code."""
        return cls(minor=MinorUnits(minor), currency=Currency(currency))


@strawberry.federation.type(shareable=True, description="A place on Earth (WGS 84).")
class Position:
    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")


NANOMETRE = 1e-14
"""In degrees of latitude."""


@strawberry.input(description="A place on Earth (WGS 84): degrees north (-90 to 90) and east (-180 to 180).")
class PositionInput:
    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        """Less than a nanometre from the equator or from Greenwich is there: Postgres refuses such small numbers."""
        self.latitude = 0.0 if abs(self.latitude) < NANOMETRE else self.latitude
        self.longitude = 0.0 if abs(self.longitude) < NANOMETRE else self.longitude

    def on_earth(self) -> bool:
        """Whether both coordinates are within their bounds."""
        return -90 <= self.latitude <= 90 and -180 <= self.longitude <= 180


@strawberry.federation.type(shareable=True, description="Where a page stands in its connection.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether some come before this page.")
    start_cursor: str | None
    end_cursor: str | None
