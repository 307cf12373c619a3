"""The catalog, assembled."""

from msgspec.structs import replace

from kernel.messages import Command, Refusal
from kernel.ports import Views
from kernel.subgraph import Subgraph
from subgraphs.catalog import views
from subgraphs.catalog.commands import (
    ChangeMenuItem,
    ChangeOptionGroup,
    GroupOrder,
    ItemOrder,
    RemoveMenuItem,
    RemoveOptionGroup,
    SetItemAvailability,
    SetOptionAvailability,
)
from subgraphs.catalog.domain import CATALOG, REFUSALS
from subgraphs.catalog.domain.refusals import NotFound
from subgraphs.catalog.schema import SCHEMA


async def of_item(command: ItemOrder, views_: Views) -> Command | Refusal:
    """The command with the restaurant whose item it is about."""
    found = await views.restaurant_of_item(views_, command.item_id)
    return NotFound(path=("menuItemId",)) if found is None else replace(command, restaurant_id=found)


async def of_group(command: GroupOrder, views_: Views) -> Command | Refusal:
    """The command with the restaurant whose option group it is about."""
    found = await views.restaurant_of_group(views_, command.group_id)
    return NotFound(path=("optionGroupId",)) if found is None else replace(command, restaurant_id=found)


SUBGRAPH = Subgraph(
    name="catalog",
    schema=SCHEMA,
    aggregates=(CATALOG,),
    refusals=REFUSALS,
    facts={
        ChangeMenuItem: of_item,
        RemoveMenuItem: of_item,
        SetItemAvailability: of_item,
        ChangeOptionGroup: of_group,
        RemoveOptionGroup: of_group,
        SetOptionAvailability: of_group,
    },
)
