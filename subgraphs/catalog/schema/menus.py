"""Menus in the graph: what there is to eat, and what is off."""

from asyncio import gather
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from kernel.graph.context import Info
from kernel.graph.types import Money
from kernel.ids import sibling_id
from subgraphs.catalog import events
from subgraphs.catalog.events import MenuCategoryRow, MenuItemRow, OptionGroupRow, is_off
from subgraphs.catalog.schema import loading
from subgraphs.catalog.views import MenuHead

if TYPE_CHECKING:
    from subgraphs.catalog.schema.restaurants import Restaurant

RestaurantRef = Annotated["Restaurant", strawberry.lazy("subgraphs.catalog.schema.restaurants")]


@strawberry.enum(description="The fourteen allergens that the European Union has declared. More may be listed later.")
class Allergen(Enum):
    CELERY = "CELERY"
    CRUSTACEANS = "CRUSTACEANS"
    EGGS = "EGGS"
    FISH = "FISH"
    GLUTEN = "GLUTEN"
    LUPIN = "LUPIN"
    MILK = "MILK"
    MOLLUSCS = "MOLLUSCS"
    MUSTARD = "MUSTARD"
    NUTS = "NUTS"
    PEANUTS = "PEANUTS"
    SESAME = "SESAME"
    SOYBEANS = "SOYBEANS"
    SULPHITES = "SULPHITES"


@strawberry.enum(description="A diet that an item suits. Clients must expect values that are not listed yet.")
class Diet(Enum):
    DAIRY_FREE = "DAIRY_FREE"
    GLUTEN_FREE = "GLUTEN_FREE"
    HALAL = "HALAL"
    KOSHER = "KOSHER"
    LACTOSE_FREE = "LACTOSE_FREE"
    VEGAN = "VEGAN"
    VEGETARIAN = "VEGETARIAN"


@strawberry.type(description="One choice of an option group.")
class Option:
    id: strawberry.ID
    external_id: str = strawberry.field(description="The restaurant's own name for it.")
    name: str
    price: Money = strawberry.field(description="What it adds to the item's price, tax included.")
    available: bool = strawberry.field(description="Whether it can be chosen now.")
    unavailable_until: datetime | None = strawberry.field(
        description="When it is back by itself; null with `available: false` means until further notice."
    )

    @classmethod
    def of(cls, option: events.Option, currency: str, at: datetime) -> Self:
        off = is_off(option.unavailable, option.unavailable_until, at)
        return cls(
            id=strawberry.ID(option.id),
            external_id=option.external_id,
            name=option.name,
            price=Money.of(option.price_minor, currency),
            available=not off,
            unavailable_until=option.unavailable_until if off else None,
        )


@strawberry.federation.type(
    keys=["id"], description="A question asked with an item: between `minChoices` and `maxChoices` of its options."
)
class OptionGroup:
    id: strawberry.ID
    external_id: str = strawberry.field(description="The restaurant's own name for it.")
    name: str
    min_choices: int
    max_choices: int = strawberry.field(description="Each option can be chosen once.")
    version: int = strawberry.field(description="To send as `expectedVersion`.")
    row: strawberry.Private[OptionGroupRow]

    @classmethod
    def of(cls, row: OptionGroupRow) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            external_id=row.external_id,
            name=row.name,
            min_choices=row.min_choices,
            max_choices=row.max_choices,
            version=row.revision,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await loading.option_group(info.context, id)
        return None if row is None else cls.of(row)

    @strawberry.field(description="At most 100, in the order to show them in.")
    async def options(self, info: Info) -> list[Option]:
        place = await loading.restaurant(info.context, self.row.restaurant_id)
        now = info.context.clock.now()
        return [] if place is None else [Option.of(option, place.currency, now) for option in self.row.options]


@strawberry.federation.type(keys=["id"], description="Something to order.")
class MenuItem:
    id: strawberry.ID
    external_id: str = strawberry.field(description="The restaurant's own name for it, unique on the menu.")
    name: str
    description: str
    price: Money = strawberry.field(description="Tax included, options not.")
    tax_rate: int = strawberry.field(description="Basis points: 1350 is 13.5 %.")
    allergens: list[Allergen] | None = strawberry.field(
        description="Null means that nobody has said; empty means none of the fourteen."
    )
    diets: list[Diet]
    version: int = strawberry.field(description="To send as `expectedVersion`.")
    row: strawberry.Private[MenuItemRow]

    @classmethod
    def of(cls, row: MenuItemRow) -> Self:
        allergens, diets = Allergen.__members__, Diet.__members__
        return cls(
            id=strawberry.ID(row.id),
            external_id=row.external_id,
            name=row.name,
            description=row.description,
            price=Money.of(row.price_minor, row.currency),
            tax_rate=row.tax_rate_bp,
            allergens=None
            if row.allergens is None
            else [allergens[name] for name in row.allergens if name in allergens],
            diets=[diets[name] for name in row.diets if name in diets],
            version=row.revision,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await loading.item(info.context, id)
        return None if row is None else cls.of(row)

    @strawberry.field(
        description="Whether it can be ordered now, as far as the item goes: its restaurant may be closed."
    )
    def available(self, info: Info) -> bool:
        return self.row.is_available(info.context.clock.now())

    @strawberry.field(description="When it is back by itself; null with `available: false` means until further notice.")
    def unavailable_until(self, info: Info) -> datetime | None:
        return None if self.row.is_available(info.context.clock.now()) else self.row.unavailable_until

    @strawberry.field(description="The questions to ask with it, at most 20, in that order.")
    async def option_groups(self, info: Info) -> list[OptionGroup]:
        found = await gather(*(loading.option_group(info.context, each) for each in self.row.option_groups))
        return [OptionGroup.of(row) for row in found if row is not None]

    @strawberry.field(description="The part of the menu it stands in.")
    async def category(self, info: Info) -> "MenuCategory | None":
        row = await loading.category(info.context, self.row.category_id)
        return None if row is None else MenuCategory.of(row)

    @strawberry.field(description="Whose item it is.")
    async def restaurant(self, info: Info) -> RestaurantRef | None:
        return await _restaurant(info, self.row.restaurant_id)


@strawberry.federation.type(keys=["id"], description="A part of a menu.")
class MenuCategory:
    id: strawberry.ID
    name: str
    description: str
    row: strawberry.Private[MenuCategoryRow]

    @classmethod
    def of(cls, row: MenuCategoryRow) -> Self:
        return cls(id=strawberry.ID(row.id), name=row.name, description=row.description, row=row)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await loading.category(info.context, id)
        return None if row is None else cls.of(row)

    @strawberry.field(description="At most 200, in menu order; those that are off are among them.")
    async def items(self, info: Info) -> list[MenuItem]:
        rows = await loading.items(info.context, self.row.restaurant_id)
        return [MenuItem.of(row) for row in rows if row.category_id == self.row.id]


@strawberry.federation.type(keys=["id"], description="A restaurant's menu.")
class Menu:
    id: strawberry.ID
    version: int = strawberry.field(
        description="Counts every change of any part of the menu; to send as `expectedVersion`."
    )
    changed_at: datetime = strawberry.field(description="When its items, categories or option groups last changed.")
    restaurant_id: strawberry.Private[str]

    @classmethod
    def of(cls, head: MenuHead) -> Self:
        menu_id = sibling_id("menu", "restaurant", head.restaurant_id) or ""
        return cls(
            id=strawberry.ID(menu_id),
            version=head.version,
            changed_at=head.changed_at,
            restaurant_id=head.restaurant_id,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        restaurant_id = sibling_id("restaurant", "menu", id)
        head = None if restaurant_id is None else await loading.menu(info.context, restaurant_id)
        return None if head is None else cls.of(head)

    @strawberry.field(description="At most 50, in menu order.")
    async def categories(self, info: Info) -> list[MenuCategory]:
        return [MenuCategory.of(row) for row in await loading.categories(info.context, self.restaurant_id)]

    @strawberry.field(description="Whose menu it is.")
    async def restaurant(self, info: Info) -> RestaurantRef | None:
        return await _restaurant(info, self.restaurant_id)


async def _restaurant(info: Info, restaurant_id: str) -> "Restaurant | None":
    from subgraphs.catalog.schema.restaurants import Restaurant

    row = await loading.restaurant(info.context, restaurant_id)
    return None if row is None else Restaurant.of(row)
