"""What restaurants are found by: the words of their names, cuisines and dishes, as keys that forgive misspelling.

Nothing else is in here: hours, pauses, places and distances are read where they are true, at the moment of the search.
"""

from collections.abc import Mapping, Sequence

from msgspec import field
from msgspec.structs import replace

from kernel.log import Recorded
from kernel.messages import Row, Value
from kernel.projecting import Key, Projection, View
from subgraphs.catalog.events import MenuItemChanged, MenuItemRow, RestaurantChanged
from subgraphs.catalog.views.spelling import keys, words


class IndexedItem(Value):
    """An item as far as searching goes; `name` is None once it is off the menu."""

    name: str | None
    revision: int


class SearchDocument(Row):
    """One restaurant's words. Changes may come out of order, so every part keeps the highest revision it has seen."""

    restaurant_id: str
    names: tuple[str, ...] = ()
    """Its name and its cuisines."""
    items: Mapping[str, IndexedItem] = field(default_factory=dict[str, IndexedItem])
    keys: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """The keys of all its words: true for a word of its names, false for one of its dishes only."""
    revision: int = 0


SEARCH_DOCUMENTS = View(
    name="search_documents", row=SearchDocument, key=("restaurant_id",), indexes=("using gin (keys)",)
)


def keys_of(record: Recorded) -> Sequence[Key]:
    """Changes are journaled under their restaurant's id."""
    return [(record.stream,)] if isinstance(record.message, RestaurantChanged | MenuItemChanged) else []


def fold(document: SearchDocument | None, record: Recorded, key: Key) -> SearchDocument | None:
    """The document after the change."""
    known = document if document is not None else SearchDocument(restaurant_id=str(key[0]))
    match record.message:
        case RestaurantChanged() as change:
            return _with_restaurant(known, change)
        case MenuItemChanged() as change:
            return _with_item(known, change)
        case _:
            return document


def _with_restaurant(document: SearchDocument, change: RestaurantChanged) -> SearchDocument:
    if change.revision <= document.revision:
        return document
    names = () if change.after is None else (change.after.name, *change.after.cuisines)
    known = replace(document, revision=change.revision)
    return known if names == document.names else _indexed(replace(known, names=names))


def _with_item(document: SearchDocument, change: MenuItemChanged) -> SearchDocument:
    row = change.after or change.before
    if row is None:
        return document
    known = document.items.get(row.id)
    if known is not None and change.revision <= known.revision:
        return document
    item = IndexedItem(name=_name_on_menu(change.after), revision=change.revision)
    changed = replace(document, items={**document.items, row.id: item})
    return changed if known is not None and known.name == item.name else _indexed(changed)


def _indexed(document: SearchDocument) -> SearchDocument:
    found_by: dict[str, bool] = {}
    for item in document.items.values():
        found_by.update((key, False) for word in words(item.name or "") for key in keys(word))
    for name in document.names:
        found_by.update((key, True) for word in words(name) for key in keys(word))
    return replace(document, keys=found_by)


def _name_on_menu(row: MenuItemRow | None) -> str | None:
    return None if row is None or row.retired else row.name


SEARCH_PROJECTION = Projection(
    domain="catalog",
    view=SEARCH_DOCUMENTS,
    topics=("catalog.changes",),
    keys=keys_of,
    fold=fold,
    sharing="stream",
)
