"""Connections: Relay pages over keysets, with cursors that are opaque, signed and bound to their connection.

    @strawberry.field
    async def orders(self, info: Info, first: int | None = None, after: str | None = None, …) -> Connection[Order]:
        page = Page.read(info.context.cursor_secret, "orders", first=first, after=after, last=last, before=before)
        rows = await ask(info.context.views, viewer, page)      # ≤ page.fetch rows, beyond page.keyset, page.backwards
        return page.connection(rows, node=Order.of, keyset=lambda row: (row.placed_at_ms, row.id))

In the graph the types are called OrderConnection and OrderEdge. The ordering ends with the id, so that it is total.

A list read from a projected view is a `Listing[Order]`, which has `asOf` too and the same names in the graph:

        until = await shown_until(info, ORDER_PROJECTION)       # before the rows are read
        rows = …
        return page.listing(rows, until, node=…, keyset=…)
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Self, TypeVar, cast

import strawberry

from kernel.graph.context import Info
from kernel.graph.cursors import BadCursor, Keyset, open_cursor, seal_cursor
from kernel.graph.errors import BadUserInput
from kernel.graph.types import PageInfo
from kernel.messages import Value
from kernel.projecting import Projection

MAX_PAGE = 100
AS_OF = (
    "The list shows everything that had happened by then, and perhaps more: now, but when the platform cannot keep up."
)

NodeT = TypeVar("NodeT")
RowT = TypeVar("RowT")


@strawberry.type(description="One node of a connection, with the cursor to continue from.")
class Edge(Generic[NodeT]):
    cursor: str
    node: NodeT


@strawberry.type(description="A page of a list: ask with `first` and `after`, or with `last` and `before`.")
class Connection(Generic[NodeT]):
    edges: list[Edge[NodeT]]
    page_info: PageInfo

    @strawberry.field(description="The nodes of the edges, for clients that need no cursor per node.")
    def nodes(self) -> list[NodeT]:
        return [edge.node for edge in self.edges]


@strawberry.type(
    name="Connection", description="A page of a list: ask with `first` and `after`, or with `last` and `before`."
)
class Listing(Connection[NodeT]):
    """A page of a projected view, which may be behind what it shows."""

    until: strawberry.Private[datetime | None]

    @strawberry.field(description=AS_OF)
    def as_of(self) -> datetime:
        assert self.until is not None, "`shown_until` did not see that it would be asked for"
        return self.until


async def shown_until(info: Info, projection: Projection[Any]) -> datetime | None:
    """The moment up to which the projection's view shows everything; None when the document nowhere asks for `asOf`."""
    return await info.context.as_of(projection.view.name, projection.topics) if asks_how_old(info) else None


def asks_how_old(info: Info) -> bool:
    """Whether the document asks for `asOf`, wherever."""
    return info.query is None or "asOf" in info.query


class Page(Value):
    """One page as it was asked for."""

    secret: bytes
    scope: str
    size: int
    backwards: bool = False
    keyset: Keyset | None = None
    """Continue strictly beyond this place: after it, or before it when `backwards`."""

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than the page, to know whether more follow."""
        return self.size + 1

    @classmethod
    def read(
        cls,
        secret: bytes,
        scope: str,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Self:
        """The page that these arguments ask for.

        `scope` names the connection and whatever else its order depends on: a cursor of one is refused by another.

        Raises:
            BadUserInput: not exactly one of `first` and `last`, a size outside 1–100, a cursor that is not ours.
        """
        if (first is None) == (last is None):
            raise BadUserInput("Ask for a page with either `first` or `last`.")
        backwards = last is not None
        size = cast("int", last if backwards else first)
        if not 1 <= size <= MAX_PAGE:
            raise BadUserInput(f"A page has between 1 and {MAX_PAGE} items.")
        if (after if backwards else before) is not None:
            raise BadUserInput("`after` goes with `first`, `before` goes with `last`.")
        cursor = before if backwards else after
        keyset = None if cursor is None else open_cursor(secret, scope, cursor)
        if isinstance(keyset, BadCursor):
            raise BadUserInput("The cursor is not one of this list.")
        return cls(secret=secret, scope=scope, size=size, backwards=backwards, keyset=keyset)

    def connection(
        self, rows: Sequence[RowT], *, node: Callable[[RowT], NodeT], keyset: Callable[[RowT], Keyset]
    ) -> Connection[NodeT]:
        """The page made of `rows`: at most `fetch` of them, in the order read (reversed when `backwards`)."""
        more = len(rows) > self.size
        kept = [*rows[: self.size]]
        if self.backwards:
            kept.reverse()
        edges = [Edge(cursor=seal_cursor(self.secret, self.scope, keyset(row)), node=node(row)) for row in kept]
        page_info = PageInfo(
            has_next_page=self.keyset is not None if self.backwards else more,
            has_previous_page=more if self.backwards else self.keyset is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return Connection(edges=edges, page_info=page_info)

    def listing(
        self,
        rows: Sequence[RowT],
        until: datetime | None,
        *,
        node: Callable[[RowT], NodeT],
        keyset: Callable[[RowT], Keyset],
    ) -> Listing[NodeT]:
        """As `connection`, of a view that shows everything `until` then."""
        page = self.connection(rows, node=node, keyset=keyset)
        return Listing(edges=page.edges, page_info=page.page_info, until=until)
