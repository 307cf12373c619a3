"""What a menu has to fulfil before it is written."""

from collections.abc import Iterable, Iterator, Sequence

from subgraphs.catalog.commands import CategoryDraft, ItemDraft, MenuDocument, OptionDraft, OptionGroupDraft
from subgraphs.catalog.domain.refusals import InvalidMenu, MenuProblem, MenuProblemCode, Path

MAX_NAME = 120
MAX_DESCRIPTION = 1000
MAX_EXTERNAL_ID = 80
MAX_PRICE_MINOR = 10_000_000
MAX_TAX_RATE_BP = 10_000
MAX_CATEGORIES = 50
MAX_ITEMS_PER_CATEGORY = 200
MAX_ITEMS = 1000
MAX_GROUPS = 200
MAX_OPTIONS = 100
MAX_GROUPS_PER_ITEM = 20
MAX_PROBLEMS = 100
"""How many problems are told at once."""

Problems = Iterator[MenuProblem]


def refused(problems: Iterable[MenuProblem]) -> InvalidMenu | None:
    """The refusal that tells these problems, if there are any."""
    told = tuple(problem for problem, _ in zip(problems, range(MAX_PROBLEMS), strict=False))
    return InvalidMenu(problems=told) if told else None


def problems_of_document(document: MenuDocument) -> Problems:
    """Everything that is wrong with a whole menu."""
    path = ("document",)
    items = [item for category in document.categories for item in category.items]
    yield from _size(len(document.categories), MAX_CATEGORIES, (*path, "categories"))
    yield from _size(len(document.option_groups), MAX_GROUPS, (*path, "optionGroups"))
    yield from _size(len(items), MAX_ITEMS, (*path, "categories"))
    yield from _repeated(
        [(each.name.strip(), (*path, "categories", str(n), "name")) for n, each in enumerate(document.categories)],
        MenuProblemCode.DUPLICATE_NAME,
    )
    yield from _repeated(_item_names(document, path), MenuProblemCode.DUPLICATE_EXTERNAL_ID)
    yield from _repeated(
        [
            (each.external_id, (*path, "optionGroups", str(n), "externalId"))
            for n, each in enumerate(document.option_groups)
        ],
        MenuProblemCode.DUPLICATE_EXTERNAL_ID,
    )
    known = frozenset(group.external_id for group in document.option_groups)
    for n, category in enumerate(document.categories):
        yield from _problems_of_category(category, known, (*path, "categories", str(n)))
    for n, group in enumerate(document.option_groups):
        yield from problems_of_group(group, (*path, "optionGroups", str(n)))


def _item_names(document: MenuDocument, path: Path) -> Sequence[tuple[str, Path]]:
    return [
        (item.external_id, (*path, "categories", str(n), "items", str(m), "externalId"))
        for n, category in enumerate(document.categories)
        for m, item in enumerate(category.items)
    ]


def _problems_of_category(category: CategoryDraft, known_groups: frozenset[str], path: Path) -> Problems:
    yield from _name(category.name, path)
    yield from _text(category.description, (*path, "description"), MAX_DESCRIPTION)
    yield from _size(len(category.items), MAX_ITEMS_PER_CATEGORY, (*path, "items"))
    for n, item in enumerate(category.items):
        yield from problems_of_item(item, known_groups, (*path, "items", str(n)))


def problems_of_item(item: ItemDraft, known_groups: frozenset[str], path: Path) -> Problems:
    """Everything that is wrong with one item; `known_groups` are what it may name in `option_groups`."""
    yield from _external_id(item.external_id, path)
    yield from _name(item.name, path)
    yield from _text(item.description, (*path, "description"), MAX_DESCRIPTION)
    yield from _range(item.price_minor, MAX_PRICE_MINOR, (*path, "priceMinor"))
    yield from _range(item.tax_rate_bp, MAX_TAX_RATE_BP, (*path, "taxRate"))
    yield from _size(len(item.option_groups), MAX_GROUPS_PER_ITEM, (*path, "optionGroups"))
    asked = [(group, (*path, "optionGroups", str(n))) for n, group in enumerate(item.option_groups)]
    yield from _repeated(asked, MenuProblemCode.DUPLICATE_EXTERNAL_ID)
    for group, place in asked:
        if group not in known_groups:
            message = f"There is no option group {group!r}."
            yield MenuProblem(code=MenuProblemCode.UNKNOWN_OPTION_GROUP, path=place, message=message)


def problems_of_group(group: OptionGroupDraft, path: Path) -> Problems:
    """Everything that is wrong with one option group."""
    yield from _external_id(group.external_id, path)
    yield from _name(group.name, path)
    yield from _size(len(group.options), MAX_OPTIONS, (*path, "options"))
    if not (0 <= group.min_choices <= group.max_choices <= len(group.options) and group.max_choices > 0):
        message = "Needed: 0 ≤ minChoices ≤ maxChoices ≤ number of options, and maxChoices above 0."
        yield MenuProblem(code=MenuProblemCode.CHOICES_BROKEN, path=path, message=message)
    yield from _repeated(
        [(each.external_id, (*path, "options", str(n), "externalId")) for n, each in enumerate(group.options)],
        MenuProblemCode.DUPLICATE_EXTERNAL_ID,
    )
    for n, option in enumerate(group.options):
        yield from _problems_of_option(option, (*path, "options", str(n)))


def _problems_of_option(option: OptionDraft, path: Path) -> Problems:
    yield from _external_id(option.external_id, path)
    yield from _name(option.name, path)
    yield from _range(option.price_minor, MAX_PRICE_MINOR, (*path, "priceMinor"))


def _name(name: str, path: Path) -> Problems:
    yield from _text(name, (*path, "name"), MAX_NAME, least=1)


def _external_id(external_id: str, path: Path) -> Problems:
    yield from _text(external_id, (*path, "externalId"), MAX_EXTERNAL_ID, least=1)


def _text(text: str, path: Path, most: int, least: int = 0) -> Problems:
    if not least <= len(text.strip()) or len(text) > most:
        message = f"Between {least} and {most} characters."
        yield MenuProblem(code=MenuProblemCode.TEXT_LENGTH, path=path, message=message)


def _range(number: int, most: int, path: Path) -> Problems:
    if not 0 <= number <= most:
        yield MenuProblem(code=MenuProblemCode.OUT_OF_RANGE, path=path, message=f"Between 0 and {most}.")


def _size(size: int, most: int, path: Path) -> Problems:
    if size > most:
        yield MenuProblem(code=MenuProblemCode.TOO_MANY, path=path, message=f"At most {most}.")


def _repeated(named: Sequence[tuple[str, Path]], code: MenuProblemCode) -> Problems:
    seen: set[str] = set()
    for name, path in named:
        if name in seen:
            yield MenuProblem(code=code, path=path, message=f"{name!r} stands here twice.")
        seen.add(name)
