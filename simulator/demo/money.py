"""The payment provider's own journal against what the platform shows of its payments."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from simulator.demo.facts import Entry, Evening, Story
from simulator.demo.findings import Finding


def unbalanced(evening: Evening) -> Iterator[Finding]:
    """For every order that either of them knows."""
    stories = evening.by_order()
    by_order: dict[str, list[Entry]] = defaultdict(list)
    for entry in evening.journal:
        by_order[entry.reference].append(entry)
    for order_id in by_order.keys() | stories.keys():
        story = stories.get(order_id)
        if story is None:
            yield Finding("unbalanced", order_id, "the provider has an order that the platform does not show")
            continue
        theirs, ours = money_of(by_order[order_id]), money_shown(story)
        for word in sorted(theirs.keys() | ours.keys()):
            if theirs[word] != ours[word]:
                yield Finding("unbalanced", order_id, f"{word}: {theirs[word]} at the provider, {ours[word]} here")
        yield from wrongly_charged(story, theirs)


def money_of(entries: Sequence[Entry]) -> Counter[str]:
    """What moved, in minor units by what happened to it; an authorisation that is neither taken nor let go is held."""
    sums = Counter[str]()
    held: dict[str, int] = {}
    for entry in entries:
        if entry.kind == "authorised":
            held[entry.authorisation_id] = entry.amount_minor
        elif entry.kind in ("captured", "voided"):
            held.pop(entry.authorisation_id, None)
        if entry.kind in ("captured", "voided", "refunded"):
            sums[entry.kind] += entry.amount_minor
    sums["held"] += sum(held.values())
    return sums


def money_shown(story: Story) -> Counter[str]:
    """The same of `Order.payments`; the platform gives nothing back yet, so nothing may be refunded."""
    sums = Counter[str]()
    for payment in story.payments:
        sums["captured"] += payment.captured_minor
        if payment.status == "VOIDED":
            sums["voided"] += payment.amount_minor
        elif payment.status in ("AUTHORISED", "CAPTURING", "VOIDING"):
            sums["held"] += payment.amount_minor
    return sums


CHARGED = frozenset({"COMPLETED", "DELIVERED"})
FREE = frozenset({"CANCELLED", "EXPIRED", "FAILED", "REJECTED"})
"""A RETURNED order is in neither: whose fault it was decides."""


def wrongly_charged(story: Story, theirs: Mapping[str, int]) -> Iterator[Finding]:
    """Both books may agree on a mistake: who got the food pays for it once, who did not pays nothing."""
    taken = theirs["captured"] - theirs["refunded"]
    price = story.payments[0].amount_minor if story.payments else None
    if story.status in CHARGED and taken != price:
        yield Finding("unbalanced", story.order_id, f"it is {story.status}, and {taken} was taken")
    if story.status in FREE and taken:
        yield Finding("unbalanced", story.order_id, f"it is {story.status}, and {taken} was taken")
