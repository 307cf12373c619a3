"""Given, when, then for a state-stored domain: what was commanded before, the command, the rows it changes."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from kernel.ids import typed_id
from kernel.messages import Refusal, Row, Viewer
from subgraphs.catalog.commands import (
    AddStaffMember,
    CatalogCommand,
    CategoryDraft,
    ItemDraft,
    MenuDocument,
    OptionDraft,
    OptionGroupDraft,
    PublishMenu,
    RegisterRestaurant,
)
from subgraphs.catalog.domain import CATALOG
from subgraphs.catalog.domain.premises import Premises
from subgraphs.catalog.events import (
    Address,
    MenuCategoryRow,
    MenuItemRow,
    MenuRow,
    OptionGroupRow,
    RestaurantRow,
    StaffRow,
)
from tests.spelling import AT, uuid_of

RESTAURANT = typed_id("restaurant", uuid_of(1))
OWNER = Viewer(subject="owner-1", roles=frozenset({"restaurant"}))
MANAGER = Viewer(subject="minna", roles=frozenset({"restaurant"}))
WAITER = Viewer(subject="veikko", roles=frozenset({"restaurant"}))
STRANGER = Viewer(subject="owner-2", roles=frozenset({"restaurant"}))
CUSTOMER = Viewer(subject="aino", roles=frozenset({"customer"}))
ADMIN = Viewer(subject="admin", roles=frozenset({"admin"}))

RowT = TypeVar("RowT", bound=Row)

register = RegisterRestaurant(
    at=AT,
    viewer=OWNER,
    restaurant_id=RESTAURANT,
    name="Raffaello",
    cuisines=("italian", "pizza"),
    address=Address(street="Aleksanterinkatu", house_number="46", postal_code="00100", city="Helsinki"),
    latitude=60.1688,
    longitude=24.9448,
    time_zone="Europe/Helsinki",
    opening_hours="Mo-Su 11:00-23:00",
    delivery_radius_m=3000,
    currency="EUR",
    prep_minutes=20,
)
margherita = ItemDraft(
    external_id="margherita",
    name="Margherita",
    price_minor=1190,
    tax_rate_bp=1350,
    allergens=("GLUTEN", "MILK"),
    diets=("VEGETARIAN",),
    option_groups=("size",),
)
tiramisu = ItemDraft(external_id="tiramisu", name="Tiramisù", price_minor=790, tax_rate_bp=1350)
size = OptionGroupDraft(
    external_id="size",
    name="Size",
    min_choices=1,
    max_choices=1,
    options=(
        OptionDraft(external_id="normal", name="Normal"),
        OptionDraft(external_id="family", name="Family", price_minor=600),
    ),
)
document = MenuDocument(
    categories=(CategoryDraft(name="Pizzas", items=(margherita,)), CategoryDraft(name="Sweet", items=(tiramisu,))),
    option_groups=(size,),
)
publish = PublishMenu(at=AT, viewer=OWNER, restaurant_id=RESTAURANT, document=document)
hire_manager = AddStaffMember(at=AT, viewer=OWNER, restaurant_id=RESTAURANT, subject=MANAGER.subject, role="manager")
hire_waiter = AddStaffMember(at=AT, viewer=OWNER, restaurant_id=RESTAURANT, subject=WAITER.subject, role="staff")

KEYS: Mapping[type[Row], tuple[str, ...]] = {table.row: table.key for table in CATALOG.tables}


class House:
    """A restaurant's rows after some commands; revisions count as the database's triggers count them."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self._rows = {_key(row): row for row in rows}

    def given(self, *commands: CatalogCommand) -> "House":
        """These commands were accepted before."""
        house = self
        for command in commands:
            house = house.written(*house.when(command).rows)
        return house

    def written(self, *rows: Row) -> "House":
        """These rows were written, by a command or by hand."""
        known = dict(self._rows)
        for row in rows:
            before = known.get(_key(row))
            known[_key(row)] = replace(row, revision=getattr(before, "revision", 0) + 1)
        return House([*known.values()])

    def when(self, command: CatalogCommand) -> "Answer":
        """What is decided on the command."""
        return Answer(CATALOG.decide(command, CATALOG.gather([*self._rows.values()])), self)

    def all(self, kind: type[RowT]) -> list[RowT]:
        """All rows of that kind, retired ones too."""
        return [row for row in self._rows.values() if isinstance(row, kind)]

    @property
    def premises(self) -> Premises:
        found = CATALOG.gather([*self._rows.values()])
        assert found is not None
        return found

    @property
    def restaurant(self) -> RestaurantRow:
        return self.all(RestaurantRow)[0]

    @property
    def menu(self) -> MenuRow:
        return self.all(MenuRow)[0]

    def member(self, subject: str) -> StaffRow:
        return next(row for row in self.all(StaffRow) if row.subject == subject)

    def category(self, name: str) -> MenuCategoryRow:
        return next(row for row in self.all(MenuCategoryRow) if row.name == name)

    def item(self, external_id: str) -> MenuItemRow:
        return next(row for row in self.all(MenuItemRow) if row.external_id == external_id)

    def group(self, external_id: str) -> OptionGroupRow:
        return next(row for row in self.all(OptionGroupRow) if row.external_id == external_id)


class Answer:
    """Rows that change, or a refusal."""

    def __init__(self, decided: Sequence[Row] | Refusal, house: House) -> None:
        self._decided, self._house = decided, house

    @property
    def rows(self) -> Sequence[Row]:
        """The rows; fails when it was refused."""
        assert not isinstance(self._decided, Refusal), f"refused: {self._decided!r}"
        return self._decided

    @property
    def house(self) -> House:
        """The house once the rows are written."""
        return self._house.written(*self.rows)

    def only(self, kind: type[RowT]) -> RowT:
        """The one row of that kind that changes."""
        found = [row for row in self.rows if isinstance(row, kind)]
        assert len(found) == 1
        return found[0]

    def then_nothing(self) -> None:
        """Nothing changes."""
        assert list(self.rows) == []

    def then_refused(self, *kinds: type[Refusal]) -> Refusal:
        """It is refused in one of these ways; the refusal, for a closer look."""
        assert isinstance(self._decided, kinds), f"not refused so: {self._decided!r}"
        return self._decided


def _key(row: Row) -> tuple[str, ...]:
    return (type(row).__name__, *(str(getattr(row, name)) for name in KEYS[type(row)]))


registered = House().given(register)
staffed = registered.given(hire_manager, hire_waiter)
published = staffed.given(publish)
