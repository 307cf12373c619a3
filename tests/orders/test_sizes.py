"""The largest order there can be fits into what carries it: a larger record would stop its partition in Kafka."""

import msgspec

from kernel.messages import Event
from runtime.adapters.kafka.topics import GREATEST_RECORD_BYTES
from subgraphs.catalog.domain.drafts import MAX_GROUPS, MAX_GROUPS_PER_ITEM, MAX_NAME
from subgraphs.orders.commands import PlaceOrder, QuoteOrder
from subgraphs.orders.domain.placing import place as place_order
from subgraphs.orders.domain.quoting import MAX_LINES, MAX_OPTIONS, quote
from subgraphs.orders.events import QuoteGiven
from subgraphs.orders.kitchens import Counter, KitchenGroupRow, KitchenItemRow, KitchenOption, Selection
from tests.orders.ordering import COUNTER, a_group, an_item, place, quote_order

NAME = "\x01" * MAX_NAME
"""Six bytes a character: `\\u0001`."""
PER_GROUP = -(-MAX_LINES * MAX_OPTIONS // MAX_GROUPS)


def largest() -> tuple[Counter, tuple[Selection, ...]]:
    """As many lines, options and groups as there may be, every option chosen once, and every name as long as can be."""
    groups = tuple(group(number) for number in range(MAX_GROUPS))
    items: list[KitchenItemRow] = []
    lines: list[Selection] = []
    chosen = iter(option.id for group in groups for option in group.options)
    for number in range(MAX_LINES):
        options = tuple(option for option, _ in zip(chosen, range(MAX_OPTIONS), strict=False))
        asked = [group.id for group in groups if any(option.id in options for option in group.options)]
        others = [group.id for group in groups if group.id not in asked]
        questions = [*asked, *others][:MAX_GROUPS_PER_ITEM]
        items.append(an_item(f"item_{number:026}", NAME, 1000, *questions))
        lines.append(Selection(item_id=items[-1].id, quantity=1, option_ids=options))
    return msgspec.structs.replace(COUNTER, items=tuple(items), groups=groups), tuple(lines)


def group(number: int) -> KitchenGroupRow:
    options = [
        KitchenOption(id=f"option_{number:013}{option:013}", name=NAME, price_minor=1) for option in range(PER_GROUP)
    ]
    return a_group(f"group_{number:026}", NAME, (0, PER_GROUP), *options)


def size_of(message: object) -> int:
    return len(msgspec.json.encode(message))


def test_the_largest_quote_and_the_largest_order_fit_into_a_record() -> None:
    counter, lines = largest()
    asked: QuoteOrder = msgspec.structs.replace(quote_order, counter=counter, lines=lines)
    given = quote(asked, None)
    assert isinstance(given, list)
    (quoted,) = given
    assert isinstance(quoted, QuoteGiven)
    assert sum(len(line.options) for line in quoted.price.lines) == MAX_LINES * MAX_OPTIONS
    ordered: PlaceOrder = msgspec.structs.replace(place, quote=quoted, counter=counter)
    decided = place_order(ordered, None)
    assert isinstance(decided, list)
    events = [each for each in decided if isinstance(each, Event)]
    assert len(events) == 1
    for message in (asked, quoted, ordered, *events):
        assert size_of(message) < GREATEST_RECORD_BYTES, type(message).__name__
