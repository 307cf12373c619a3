"""Facts: what handling adds to a command, so that the journaled command shows what it was decided on."""

import msgspec

from kernel.ids import person_id
from kernel.messages import Command
from kernel.ports import Views
from subgraphs.dispatch.commands import AcceptOffer, RecordCandidates, ViewerCommand
from subgraphs.dispatch.views.asking import couriers_by_id, deliveries_by_id, free, workplaces


async def inform_accepting(command: AcceptOffer, views: Views) -> AcceptOffer:
    """With whether the viewer is on a shift."""
    found = await couriers_by_id(views, [person_id("courier", command.viewer.subject)])
    return msgspec.structs.replace(command, online=any(courier.online for courier in found))


async def inform_carrying(command: ViewerCommand, views: Views) -> Command:
    """With whether the viewer works where the food comes from; only of a kitchen's people it is asked."""
    if "restaurant" not in command.viewer.roles:
        return command
    places = await workplaces(views, command.viewer)
    found = await deliveries_by_id(views, [command.delivery_id])
    return msgspec.structs.replace(command, works_there=any(each.restaurant_id in places for each in found))


async def inform_candidates(command: RecordCandidates, views: Views) -> RecordCandidates:
    """Without those who are not on a shift, or busy: a guess that saves asking them. Their own streams decide."""
    willing = await free(views, [each.courier_id for each in command.candidates])
    return msgspec.structs.replace(
        command, candidates=tuple(each for each in command.candidates if each.courier_id in willing)
    )
