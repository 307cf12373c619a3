"""What the mutations of deliveries have in common: from an input to a command, and from its outcome to an answer."""

from typing import Protocol, TypeVar
from uuid import UUID

import strawberry

from kernel.calling import Accepted
from kernel.graph.context import Info
from kernel.graph.refusals import MalformedId, UserError
from kernel.ids import parse_id
from subgraphs.dispatch.commands import ViewerCommand
from subgraphs.dispatch.domain.carrying import CODE_ATTEMPTS
from subgraphs.dispatch.schema.access import delivery_at
from subgraphs.dispatch.schema.entities import Delivery
from subgraphs.dispatch.schema.refusals import REFUSALS, WrongCode
from subgraphs.dispatch.views import DeliveryView

CONSISTENCY = "Send it back as `x-consistency-token`, and queries see what this mutation did."


@strawberry.type(description="The mutation was carried out.")
class DeliveryMoved:
    delivery: Delivery | None = strawberry.field(
        description="The delivery as the mutation left it; null for a courier who handed it back."
    )
    consistency_token: str | None = strawberry.field(description=CONSISTENCY)


class DeliveryInput(Protocol):
    """What the inputs of all mutations of an existing delivery say."""

    idempotency_key: UUID
    delivery_id: strawberry.ID


ChangedT = TypeVar("ChangedT", bound=DeliveryMoved)


async def change(info: Info, mutation: str, given: DeliveryInput, command: ViewerCommand) -> Accepted | UserError:
    """Hands the command to the domain."""
    if parse_id("delivery", given.delivery_id) is None:
        return MalformedId(path=["deliveryId"])
    outcome = await info.context.handle(command, mutation=mutation, key=given.idempotency_key, given=given)
    return REFUSALS.accepted(outcome)


async def changed(info: Info, outcome: Accepted | UserError, success: type[ChangedT]) -> ChangedT | UserError:
    """The success of a mutation of a delivery, or its refusal."""
    if isinstance(outcome, UserError):
        return outcome
    view = await delivery_at(info.context, outcome.stream, outcome.version)
    return success(delivery=None if view is None else Delivery.of(view), consistency_token=outcome.token)


def wrong_code(view: DeliveryView, path: list[str]) -> WrongCode:
    """What the courier is told of a wrong code, which is news and no refusal to the domain."""
    left = CODE_ATTEMPTS - view.wrong_codes if view.wrong_codes else 0
    return WrongCode(path=path, attempts_left=left, locked_until=view.code_locked_until)
