"""Facts: what handling adds to a command, so that the journaled command shows what it was decided on."""

from typing import TypeVar

import msgspec

from kernel.ports import Views
from subgraphs.orders.commands import PlaceOrder, QuoteOrder, ViewerCommand
from subgraphs.orders.views.kitchens import counter, workplaces

CommandT = TypeVar("CommandT", bound=ViewerCommand)


async def inform_quote(command: QuoteOrder, views: Views) -> QuoteOrder:
    """With the kitchen and what was chosen from its menu."""
    items = (line.item_id for line in command.lines)
    options = (option_id for line in command.lines for option_id in line.option_ids)
    return msgspec.structs.replace(command, counter=await counter(views, command.restaurant_id, items, options))


async def inform_placing(command: PlaceOrder, views: Views) -> PlaceOrder:
    """With the kitchen and what was quoted, as they are now."""
    quote = command.quote
    if quote is None:
        return command
    items = (line.item_id for line in quote.price.lines)
    options = (option.option_id for line in quote.price.lines for option in line.options)
    return msgspec.structs.replace(command, counter=await counter(views, quote.restaurant_id, items, options))


async def inform_viewer(command: CommandT, views: Views) -> CommandT:
    """With the restaurants at which the viewer works."""
    found = await workplaces(views, command.viewer)
    return msgspec.structs.replace(command, workplaces=tuple(sorted(found)))
