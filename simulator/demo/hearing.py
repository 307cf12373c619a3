"""What watchers heard against the events as they are read afterwards: gaps, repeats and inversions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from simulator.demo.facts import Evening, Story
from simulator.demo.findings import Finding
from simulator.living import Heard, Watched

ORDER_STREAM, KITCHEN_STREAM = "orderUpdates", "restaurantOrderUpdates"
SNAPSHOT = "SNAPSHOT"
FIRST_SHOWN_TO_KITCHENS = 2
"""The first event of an order is that it is placed; its kitchen hears of it once it is paid for."""


def misheard(evening: Evening) -> Iterator[Finding]:
    """For every watcher, its forced reconnects included."""
    for story in evening.stories:
        yield from broken_count(story)
    stories = evening.by_order()
    for watched in evening.diary.watched.values():
        by_order: dict[str, list[Heard]] = defaultdict(list)
        for item in watched.heard:
            by_order[item.order_id].append(item)
        for order_id in sorted(owed_to(watched, evening.stories) | by_order.keys()):
            yield from misheard_of(watched, order_id, by_order[order_id], stories.get(order_id))


def owed_to(watched: Watched, stories: Iterable[Story]) -> set[str]:
    """The orders that this watcher should have heard of: its own, or all that its kitchen was asked to cook."""
    if watched.stream == ORDER_STREAM:
        return {watched.of}
    if watched.stream != KITCHEN_STREAM:
        return set()
    return {story.order_id for story in stories if story.restaurant_id == watched.of and story.moment("CONFIRMED")}


def misheard_of(watched: Watched, order_id: str, heard: Sequence[Heard], story: Story | None) -> Iterator[Finding]:
    """Of one order. What it looked like when it was first seen says where the list begins."""
    who = f"{watched.person} of {order_id}"
    told = {} if story is None else {event.sequence: event.type for event in story.events}
    events = [item for item in heard if item.type != SNAPSHOT]
    for before, after in pairwise(events):
        if after.sequence < before.sequence:
            yield Finding("inversion", who, f"{after.sequence} {after.type} came after {before.sequence}")
    times = Counter(item.sequence for item in events)
    for sequence, count in times.items():
        if count > 1:
            yield Finding("repeat", who, f"{sequence} was heard {count} times")
    yield from gaps(who, events, told, first_owed(watched, heard))


def gaps(who: str, events: Sequence[Heard], told: Mapping[int, str], begins: int) -> Iterator[Finding]:
    """On either side: what was not heard, and what was heard and is not there."""
    heard = {item.sequence for item in events}
    for sequence, happened in sorted(told.items()):
        if sequence >= begins and sequence not in heard:
            yield Finding("gap", who, f"{sequence} {happened} was never heard")
    for item in events:
        happened = told.get(item.sequence, "nothing")
        if happened != item.type:
            yield Finding("gap", who, f"heard {item.sequence} {item.type}, and {happened} is read afterwards")


def first_owed(watched: Watched, heard: Sequence[Heard]) -> int:
    """The sequence of the first event that must have been heard."""
    if heard and heard[0].type == SNAPSHOT:
        return heard[0].sequence + 1
    return FIRST_SHOWN_TO_KITCHENS if watched.stream == KITCHEN_STREAM else 1


def broken_count(story: Story) -> Iterator[Finding]:
    """An order's own events are numbered 1, 2, 3 … without holes."""
    for place, event in enumerate(story.events, start=1):
        if event.sequence != place:
            kind = "gap" if event.sequence > place else "repeat"
            yield Finding(kind, story.order_id, f"its event {place} is numbered {event.sequence}")
            return
