"""Variables: what no resolver should ever have to refuse, refused before any resolver runs.

Every string of a request, in variables as in the document, has at most `MAX_TEXT` characters and no NUL, which Postgres
cannot store; every list has at most `MAX_LIST` items, of keys that a router joins by `MAX_REPRESENTATIONS`. Shorter
bounds are the domain's own.
"""

from collections.abc import Iterable
from typing import cast

from kernel.graph.errors import BadUserInput, LimitExceeded

MAX_TEXT = 2_000
MAX_LIST = 250
MAX_REPRESENTATIONS = 2_000
"""Not every router cuts its joins into portions: a page of pages must go through in one."""
MAX_DEPTH = 20
MAX_VALUES = 20_000
MAX_DIGITS = 20


def check_text(text: str, limit: int = MAX_TEXT) -> None:
    """Raises `BadUserInput` for a string that nothing behind the graph could keep."""
    if len(text) > limit:
        raise BadUserInput(f"A string may have at most {limit} characters.")
    if "\x00" in text:
        raise BadUserInput("A string may not contain the NUL character.")


def check_variables(variables: object) -> None:
    """Looks through decoded JSON without recursion.

    Raises:
        BadUserInput: a string or a list is too long, or the nesting too deep.
        LimitExceeded: there are too many values altogether.
    """
    seen = 0
    level: list[object] = [variables]
    for _ in range(MAX_DEPTH):
        seen += len(level)
        if seen > MAX_VALUES:
            raise LimitExceeded(f"The variables hold more than {MAX_VALUES} values.")
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise BadUserInput(f"The variables are nested deeper than {MAX_DEPTH} levels.")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, str):
        check_text(value)
        return ()
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        for name in members:
            check_text(name)
        return members.values()
    if isinstance(value, list):
        items = cast("list[object]", value)
        if len(items) > MAX_LIST and not _are_representations(items):
            raise BadUserInput(f"A list may have at most {MAX_LIST} items.")
        return items
    return ()


def _are_representations(items: list[object]) -> bool:
    """Whether they are keys of entities and no more than may be; a client's own input never holds `__typename`."""
    return len(items) <= MAX_REPRESENTATIONS and all(isinstance(item, dict) and "__typename" in item for item in items)
