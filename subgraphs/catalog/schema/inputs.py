"""Menus as restaurants write them, from the graph's inputs to drafts."""

import strawberry

from kernel.graph.scalars import MinorUnits
from subgraphs.catalog.commands import CategoryDraft, ItemDraft, MenuDocument, OptionDraft, OptionGroupDraft
from subgraphs.catalog.schema.menus import Allergen, Diet


@strawberry.input(description="An option; its price is added to the item's, tax included.")
class OptionInput:
    external_id: str
    name: str
    price_minor: MinorUnits = MinorUnits(0)

    def draft(self) -> OptionDraft:
        return OptionDraft(external_id=self.external_id, name=self.name, price_minor=self.price_minor)


@strawberry.input(description="A question asked with an item: 0 ≤ minChoices ≤ maxChoices ≤ number of options.")
class OptionGroupInput:
    external_id: str
    name: str
    min_choices: int
    max_choices: int
    options: list[OptionInput]

    def draft(self) -> OptionGroupDraft:
        return OptionGroupDraft(
            external_id=self.external_id,
            name=self.name,
            min_choices=self.min_choices,
            max_choices=self.max_choices,
            options=tuple(option.draft() for option in self.options),
        )


@strawberry.input(description="Something to order.")
class MenuItemInput:
    external_id: str = strawberry.field(description="The restaurant's own name for it, unique on the menu.")
    name: str
    description: str = ""
    price_minor: MinorUnits = strawberry.field(description="In the restaurant's currency, tax included.")
    tax_rate: int = strawberry.field(description="Basis points: 1350 is 13.5 %.")
    allergens: list[Allergen] | None = strawberry.field(
        default=None, description="Null means that nobody has said; empty means none of the fourteen."
    )
    diets: list[Diet] = strawberry.field(default_factory=list[Diet])
    option_groups: list[str] = strawberry.field(
        default_factory=list[str], description="External ids of option groups, in the order of asking."
    )

    def draft(self) -> ItemDraft:
        return ItemDraft(
            external_id=self.external_id,
            name=self.name,
            description=self.description,
            price_minor=self.price_minor,
            tax_rate_bp=self.tax_rate,
            allergens=None if self.allergens is None else allergen_names(self.allergens),
            diets=diet_names(self.diets),
            option_groups=tuple(self.option_groups),
        )


@strawberry.input(description="A part of a menu; its name is what it is known by.")
class MenuCategoryInput:
    name: str
    description: str = ""
    items: list[MenuItemInput]

    def draft(self) -> CategoryDraft:
        return CategoryDraft(
            name=self.name, description=self.description, items=tuple(item.draft() for item in self.items)
        )


@strawberry.input(description="A whole menu.")
class MenuDocumentInput:
    categories: list[MenuCategoryInput]
    option_groups: list[OptionGroupInput] = strawberry.field(default_factory=list[OptionGroupInput])

    def draft(self) -> MenuDocument:
        return MenuDocument(
            categories=tuple(category.draft() for category in self.categories),
            option_groups=tuple(group.draft() for group in self.option_groups),
        )


def allergen_names(allergens: list[Allergen]) -> tuple[str, ...]:
    """Each once, as rows keep them."""
    return tuple(dict.fromkeys(allergen.name for allergen in allergens))


def diet_names(diets: list[Diet]) -> tuple[str, ...]:
    """Each once, as rows keep them."""
    return tuple(dict.fromkeys(diet.name for diet in diets))
