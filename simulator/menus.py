"""Menus: what each place of the city cooks and asks for it, the same on every machine."""

import re
import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from simulator.city import Place
from simulator.cuisines import cuisines_of, menu_table_of
from simulator.dishes import Dish, Question, Section, questions, table
from simulator.lots import Lots

CURRENCY = "EUR"
TAX_RATES_BP = {"food": 1350, "goods": 2550}
"""Finland in 2026, in basis points: food and what goes with it, and the general rate. No menu has alcohol."""

DEAREST_IN_SMALL_CHANGE = 600
"""Cents; up to here a price may end in any ten cents, above it looks like a price on a menu."""


class Option(Struct, frozen=True, rename="camel"):
    external_id: str
    name: str
    price_minor: int


class OptionGroup(Struct, frozen=True, rename="camel"):
    external_id: str
    name: str
    min_choices: int
    max_choices: int
    options: tuple[Option, ...]


class MenuItem(Struct, frozen=True, rename="camel"):
    """`price_minor` is in cents with tax, `tax_rate` in basis points, `option_groups` names groups of the menu."""

    external_id: str
    name: str
    description: str
    price_minor: int
    tax_rate: int
    allergens: tuple[str, ...]
    diets: tuple[str, ...]
    option_groups: tuple[str, ...]


class MenuCategory(Struct, frozen=True, rename="camel"):
    name: str
    description: str
    items: tuple[MenuItem, ...]


class Menu(Struct, frozen=True, rename="camel"):
    categories: tuple[MenuCategory, ...]
    option_groups: tuple[OptionGroup, ...]

    @property
    def items(self) -> tuple[MenuItem, ...]:
        return tuple(item for category in self.categories for item in category.items)


class Pricing(Struct, frozen=True):
    """How dear a place is, in percent of the tables' prices, and whether its prices end in .90 or in .00 and .50."""

    percent: int
    ends_in_ninety: bool

    def price(self, cents: int) -> int:
        """Cents, rounded to something one would print."""
        exact = cents * self.percent
        if exact <= DEAREST_IN_SMALL_CHANGE * 100:
            return (exact + 500) // 1000 * 10
        if self.ends_in_ninety:
            return (exact + 6000) // 10000 * 100 - 10
        return (exact + 2500) // 5000 * 50


def menu_of(place: Place) -> Menu:
    """The menu of a place: drawn by its number on the map, so that it never changes while the tables do not."""
    lots = Lots(str(place.osm_id))
    pricing = Pricing(lots.number("price level", 92, 112), bool(lots.number("price ending", 0, 1)))
    categories = list[MenuCategory]()
    known = set[str]()
    for section in table(menu_table_of(cuisines_of(place))):
        dishes = [dish for dish in _served(section, place, lots) if slug(dish.name) not in known]
        known.update(slug(dish.name) for dish in dishes)
        if dishes:
            items = tuple(_item(dish, section, pricing) for dish in dishes)
            categories.append(MenuCategory(section.name, section.about, items))
    asked = dict.fromkeys(group for category in categories for item in category.items for group in item.option_groups)
    return Menu(tuple(categories), tuple(_group(name, questions()[name]) for name in asked))


def slug(name: str) -> str:
    """The name in plain small letters: what a till would call the dish."""
    plain = unicodedata.normalize("NFKD", name.replace("đ", "d").replace("ı", "i").replace("œ", "oe"))
    ascii_only = plain.encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")


def _served(section: Section, place: Place, lots: Lots) -> Iterable[Dish]:
    """What this place has of the section; where the map says that it serves vegans, something vegan if there is any."""
    suitable = [dish for dish in section.dishes if _suits(dish, place)]
    if "only" in (place.vegan, place.vegetarian):
        return suitable  # Little is left of most tables, so nothing more is left out.
    count = lots.number(f"{section.name}/count", *section.take)
    chosen = set(lots.some(section.name, [dish.name for dish in suitable], count))
    if place.vegan == "yes" and not any(dish.diet == "V" for dish in suitable if dish.name in chosen):
        chosen.update([dish.name for dish in suitable if dish.diet == "V"][:1])
    return [dish for dish in suitable if dish.name in chosen]


def _suits(dish: Dish, place: Place) -> bool:
    if place.vegan == "only":
        return dish.diet == "V"
    return place.vegetarian != "only" or dish.diet in ("V", "K")


def _item(dish: Dish, section: Section, pricing: Pricing) -> MenuItem:
    is_food = section.kind == "food"
    return MenuItem(
        external_id=slug(dish.name),
        name=dish.name,
        description=dish.about,
        price_minor=pricing.price(dish.cents),
        tax_rate=TAX_RATES_BP[section.kind],
        allergens=tuple(word.upper() for word in dish.allergens.split()),
        diets=_diets(dish) if is_food else (),
        option_groups=tuple(dish.groups.split()),
    )


def _diets(dish: Dish) -> tuple[str, ...]:
    contained = dish.allergens.split()
    holds = {
        "VEGAN": dish.diet == "V",
        "VEGETARIAN": dish.diet in ("V", "K"),
        "GLUTEN_FREE": "gluten" not in contained,
        "DAIRY_FREE": "milk" not in contained,
        "LACTOSE_FREE": "milk" not in contained or dish.diet == "L",
    }
    return tuple(name for name, is_so in holds.items() if is_so)


def _group(name: str, question: Question) -> OptionGroup:
    options = tuple(Option(slug(choice.name), choice.name, choice.cents) for choice in question.options)
    return OptionGroup(name, question.name, question.least, question.most, options)
