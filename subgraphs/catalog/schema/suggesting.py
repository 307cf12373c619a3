"""Suggestions in the graph, for search boxes that answer while one types."""

import strawberry

from kernel.graph.context import GraphContext, Info
from kernel.graph.errors import BadUserInput
from kernel.graph.types import PositionInput
from subgraphs.catalog.schema import loading
from subgraphs.catalog.schema.finding import MAX_SEARCH
from subgraphs.catalog.schema.restaurants import Cuisine, Restaurant
from subgraphs.catalog.views import suggesting
from subgraphs.catalog.views.search import Near, Search, Sort, Wanted
from subgraphs.catalog.views.spelling import MAX_WORDS, words
from subgraphs.catalog.views.suggesting import SuggestionKind

strawberry.enum(SuggestionKind, description="What is suggested. Clients must expect values that are not listed yet.")


@strawberry.type(description="Something to go on with.")
class Suggestion:
    kind: SuggestionKind
    text: str = strawberry.field(description="What to show, and to search for.")
    restaurant_id: strawberry.Private[str | None]

    @strawberry.field(description="The restaurant suggested; null for a cuisine or a dish.")
    async def restaurant(self, info: Info) -> Restaurant | None:
        row = None if self.restaurant_id is None else await loading.restaurant(info.context, self.restaurant_id)
        return None if row is None else Restaurant.of(row)


async def suggested(context: GraphContext, prefix: str, near: PositionInput | None) -> list[Suggestion]:
    """At most ten, the nearest first where words match equally well."""
    if len(prefix) > MAX_SEARCH:
        raise BadUserInput(f"Search with at most {MAX_SEARCH} characters.")
    if near is not None and not near.on_earth():
        raise BadUserInput("There is no such place on Earth.")
    sought = words(prefix)[:MAX_WORDS]
    wanted = Wanted(
        at=context.clock.now(),
        near=None if near is None else Near(latitude=near.latitude, longitude=near.longitude),
        words=sought,
        sort=Sort.RELEVANCE,
    )
    answer = await context.port(Search).find(wanted, suggesting.DOCUMENTS)
    found = await suggesting.documents(context.views, [hit.restaurant_id for hit in answer.hits])
    return [_of(suggestion) for suggestion in suggesting.suggestions(sought, found)]


def _of(suggestion: suggesting.Suggestion) -> Suggestion:
    is_cuisine = suggestion.kind is SuggestionKind.CUISINE
    text = Cuisine.of(suggestion.text).name if is_cuisine else suggestion.text
    return Suggestion(kind=suggestion.kind, text=text, restaurant_id=suggestion.restaurant_id)
