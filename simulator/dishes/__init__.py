"""The tables that menus are drawn from: one file per kind of kitchen, and the questions asked with a dish.

A dish is a row: name, description, price in cents, allergens, diet, option groups. Allergens are those that EU law
names; the diet letters are those of Finnish menus: V vegan, K vegetarian, L free of lactose. What the row leaves out
follows from its allergens: without milk it is free of dairy and of lactose, without gluten it is free of gluten.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

TABLES = Path(__file__).parent
ALLERGENS = (
    "gluten",
    "crustaceans",
    "eggs",
    "fish",
    "peanuts",
    "soybeans",
    "milk",
    "nuts",
    "celery",
    "mustard",
    "sesame",
    "sulphites",
    "lupin",
    "molluscs",
)
"""Annex II of Regulation (EU) 1169/2011, in its order."""

Words = Annotated[str, Meta(min_length=1)]
Cents = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]


class Dish(Struct, frozen=True, array_like=True):
    name: Words
    about: Words
    cents: Cents
    allergens: str = ""
    diet: Literal["", "V", "K", "L"] = ""
    groups: str = ""


class Section(Struct, frozen=True):
    """A part of a menu; `take` says how few and how many of its dishes one kitchen has."""

    name: Words
    take: tuple[Count, Count]
    dishes: tuple[Dish, ...]
    about: str = ""
    kind: Literal["food", "goods"] = "food"


class Table(Struct, frozen=True):
    """`shared` names sections that many kitchens have, put after its own."""

    sections: tuple[Section, ...]
    shared: tuple[str, ...] = ()


class Choice(Struct, frozen=True, array_like=True):
    name: Words
    cents: Cents


class Question(Struct, frozen=True):
    """What is asked with a dish: at least `least` and at most `most` of the options."""

    name: Words
    least: Count
    most: Annotated[int, Meta(ge=1)]
    options: tuple[Choice, ...]


@cache
def table(menu: str) -> tuple[Section, ...]:
    """The sections of one kind of kitchen, the shared ones included."""
    own = json.decode((TABLES / f"{menu}.json").read_bytes(), type=Table)
    return (*own.sections, *(_shared()[name] for name in own.shared))


@cache
def questions() -> dict[str, Question]:
    return json.decode((TABLES / "options.json").read_bytes(), type=dict[str, Question])


@cache
def _shared() -> dict[str, Section]:
    return json.decode((TABLES / "shared.json").read_bytes(), type=dict[str, Section])
