"""Suggesting: what somebody who has typed this much may want, out of the documents that were found for it."""

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice

from kernel.messages import Value
from kernel.ports import Views
from subgraphs.catalog.views.documents import SearchDocument
from subgraphs.catalog.views.spelling import folded, keys, keys_sought, words

MAX_SUGGESTIONS = 10
MAX_RESTAURANTS = 5
MAX_CUISINES = 2
DOCUMENTS = 30
"""How many of the best restaurants are looked through."""


class SuggestionKind(Enum):
    RESTAURANT = "RESTAURANT"
    CUISINE = "CUISINE"
    DISH = "DISH"


class Suggestion(Value):
    """A text to go on with; a restaurant's comes with its id."""

    kind: SuggestionKind
    text: str
    restaurant_id: str | None = None


async def documents(views: Views, restaurant_ids: Sequence[str]) -> Sequence[SearchDocument]:
    """The documents of these restaurants, in that order."""
    sql = "select * from search_documents where restaurant_id = any($1)"
    found = {row.restaurant_id: row for row in await views.fetch(SearchDocument, sql, [*restaurant_ids])}
    return [found[restaurant_id] for restaurant_id in restaurant_ids if restaurant_id in found]


def suggestions(sought: Sequence[str], found: Sequence[SearchDocument]) -> Sequence[Suggestion]:
    """Restaurants, then cuisines, then dishes that have all the words sought, the best document's first."""
    wanted = [frozenset(keys_sought(word)) for word in sought]
    told: set[str] = set()

    def fitting(kind: SuggestionKind, texts: Iterator[tuple[str, str | None]]) -> Iterator[Suggestion]:
        for text, restaurant_id in texts:
            here = {key for word in words(text) for key in keys(word)}
            name = restaurant_id or folded(text)
            if name not in told and all(here & keys_ for keys_ in wanted):
                told.add(name)
                yield Suggestion(kind=kind, text=text, restaurant_id=restaurant_id)

    named = [document for document in found if document.names]
    restaurants = fitting(SuggestionKind.RESTAURANT, ((each.names[0], each.restaurant_id) for each in named))
    cuisines = fitting(SuggestionKind.CUISINE, ((slug, None) for each in named for slug in each.names[1:]))
    dishes = fitting(
        SuggestionKind.DISH, ((item.name, None) for each in found for item in each.items.values() if item.name)
    )
    best = [*islice(restaurants, MAX_RESTAURANTS), *islice(cuisines, MAX_CUISINES)]
    return [*best, *islice(dishes, MAX_SUGGESTIONS - len(best))]
