"""Restaurants in the graph: who they are, where they are and when they serve."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from kernel.graph.context import Info
from kernel.graph.scalars import Currency, TimeZone
from kernel.graph.types import Money, Position
from kernel.hours import is_open, next_closing, next_opening
from kernel.ownership import may
from subgraphs.catalog.domain.premises import STAFF_ROLES, WORK_AT_RESTAURANT, parties_of
from subgraphs.catalog.events import RestaurantRow, StaffRow
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.menus import Menu


@strawberry.enum(description="What somebody works as: owners appoint everybody, managers run the place.")
class StaffRole(Enum):
    OWNER = "owner"
    MANAGER = "manager"
    STAFF = "staff"


@strawberry.type(description="Somebody who works at a restaurant.")
class StaffMember:
    subject: str = strawberry.field(description="Who it is, as tokens say.")
    role: StaffRole

    @classmethod
    def of(cls, row: StaffRow) -> Self:
        return cls(subject=row.subject, role=StaffRole(row.role))


@strawberry.type(description="A kind of cooking.")
class Cuisine:
    slug: str = strawberry.field(description="What to filter by, such as pub_food.")
    name: str = strawberry.field(description="What to show, such as Pub food.")

    @classmethod
    def of(cls, slug: str) -> Self:
        return cls(slug=slug, name=slug.replace("_", " ").capitalize())


@strawberry.type(description="Where a restaurant stands, as a letter would have it.")
class Address:
    street: str
    house_number: str
    postal_code: str
    city: str


@strawberry.type(description="When a restaurant is open, by the clock on its own wall. A pause is told apart from it.")
class OpeningHours:
    expression: str = strawberry.field(description="OpenStreetMap's syntax, such as Mo-Fr 11:00-14:30,17:00-22:30.")
    time_zone: TimeZone

    @strawberry.field(description="Whether it is open now.")
    def open_now(self, info: Info) -> bool:
        return is_open(self.expression, self.time_zone, info.context.clock.now())

    @strawberry.field(description="When it opens next; null while it is open, and when it does not open within a year.")
    def opens_at(self, info: Info) -> datetime | None:
        now = info.context.clock.now()
        opens_at = next_opening(self.expression, self.time_zone, now)
        return opens_at if opens_at is not None and opens_at > now else None

    @strawberry.field(description="When it closes next; null while it is closed, and when it never closes.")
    def closes_at(self, info: Info) -> datetime | None:
        now = info.context.clock.now()
        closes_at = next_closing(self.expression, self.time_zone, now)
        return closes_at if closes_at is not None and closes_at > now else None


@strawberry.federation.type(keys=["id"], description="A restaurant on the platform.")
class Restaurant:
    id: strawberry.ID
    name: str
    description: str
    cuisines: list[Cuisine] = strawberry.field(description="At most ten.")
    address: Address
    position: Position
    opening_hours: OpeningHours
    delivery_radius_m: int = strawberry.field(description="How far it delivers, in metres as the crow flies.")
    currency: Currency = strawberry.field(description="The currency of all its prices.")
    prep_minutes: int = strawberry.field(description="How long it usually takes to prepare an order.")
    minimum_basket: Money = strawberry.field(description="The least to order, tips and fees not counted.")
    version: int = strawberry.field(description="To send as `expectedVersion`; the menu has a version of its own.")
    row: strawberry.Private[RestaurantRow]

    @classmethod
    def of(cls, row: RestaurantRow) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            name=row.name,
            description=row.description,
            cuisines=[Cuisine.of(slug) for slug in row.cuisines],
            address=Address(
                street=row.address.street,
                house_number=row.address.house_number,
                postal_code=row.address.postal_code,
                city=row.address.city,
            ),
            position=Position(latitude=row.latitude, longitude=row.longitude),
            opening_hours=OpeningHours(expression=row.opening_hours, time_zone=TimeZone(row.time_zone)),
            delivery_radius_m=row.delivery_radius_m,
            currency=Currency(row.currency),
            prep_minutes=row.prep_minutes,
            minimum_basket=Money.of(row.minimum_basket_minor, row.currency),
            version=row.revision,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await loading.restaurant(info.context, id)
        return None if row is None else cls.of(row)

    @strawberry.field(description="Until when it takes no orders although it may be open; null when it is not paused.")
    def paused_until(self, info: Info) -> datetime | None:
        return self.row.paused_until if self.row.is_paused(info.context.clock.now()) else None

    @strawberry.field(description="What there is to order.")
    async def menu(self, info: Info) -> Menu | None:
        head = await loading.menu(info.context, self.id)
        return None if head is None else Menu.of(head)

    @strawberry.field(description="Who works there, at most 100; null for everybody who does not.")
    async def staff(self, info: Info) -> list[StaffMember] | None:
        members = await loading.staff(info.context, self.id)
        if not may(info.context.viewer, WORK_AT_RESTAURANT, parties_of(members)):
            return None
        return [StaffMember.of(member) for member in members if member.role in STAFF_ROLES]
