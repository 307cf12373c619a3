"""What the mutations of orders have in common: from an input to a command, and from its outcome to an answer."""

from typing import Protocol, TypeVar
from uuid import UUID

import strawberry

from kernel.calling import Accepted
from kernel.graph.context import Info
from kernel.graph.refusals import MalformedId, UserError
from kernel.ids import parse_id
from subgraphs.orders.commands import ViewerCommand
from subgraphs.orders.schema.access import order_at
from subgraphs.orders.schema.orders import Order
from subgraphs.orders.schema.refusals import REFUSALS
from subgraphs.orders.views import OrderView


@strawberry.type(description="The mutation was carried out.")
class OrderChanged:
    order: Order | None = strawberry.field(description="The order as the mutation left it.")
    consistency_token: str | None = strawberry.field(
        description="Send it back as `x-consistency-token`, and queries see what this mutation did."
    )


class OrderInput(Protocol):
    """What the inputs of all mutations of an existing order say."""

    idempotency_key: UUID
    order_id: strawberry.ID


ChangedT = TypeVar("ChangedT", bound=OrderChanged)


async def change(info: Info, mutation: str, given: OrderInput, command: ViewerCommand) -> Accepted | UserError:
    """Hands the command to the domain."""
    if parse_id("order", given.order_id) is None:
        return MalformedId(path=["orderId"])
    outcome = await info.context.handle(command, mutation=mutation, key=given.idempotency_key, given=given)
    return REFUSALS.accepted(outcome)


async def changed(info: Info, outcome: Accepted | UserError, success: type[ChangedT]) -> ChangedT | UserError:
    """The success of a mutation of an order, or its refusal."""
    if isinstance(outcome, UserError):
        return outcome
    view = await order_at(info.context, outcome.stream, outcome.version)
    return success(order=_of(view), consistency_token=outcome.token)


def _of(view: OrderView | None) -> Order | None:
    return None if view is None else Order.of(view)


def malformed(prefix: str, ids: list[strawberry.ID], path: list[str]) -> MalformedId | None:
    """A refusal that names the first of `ids` that is not one of that kind."""
    for number, text in enumerate(ids):
        if parse_id(prefix, text) is None:
            return MalformedId(path=[*path, str(number)])
    return None
