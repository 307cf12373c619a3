"""What is wrong with an evening: pure functions from its facts to findings, one for each thing that must be zero."""

from collections.abc import Iterator

from simulator.demo.engagements import doubled_couriers, doubled_deliveries
from simulator.demo.facts import Evening, Story
from simulator.demo.findings import Finding, Verdict
from simulator.demo.hearing import misheard
from simulator.demo.money import unbalanced


def audit(evening: Evening) -> Verdict:
    findings = (*lost(evening), *misheard(evening), *unbalanced(evening), *doubled(evening))
    stories = evening.by_order()
    paid = [stories[order] for order in evening.acknowledged if order in stories and was_paid(stories[order])]
    return Verdict(findings, len(paid), sum(story.status == "DELIVERED" for story in paid))


def was_paid(story: Story) -> bool:
    """Whether its money was reserved, whatever became of it; an order that nobody served in time counts too."""
    return any(payment.status != "DECLINED" for payment in story.payments)


def lost(evening: Evening) -> Iterator[Finding]:
    """Acknowledged by `placeOrder`, and not in an ended state when all is quiet."""
    stories = evening.by_order()
    for order_id in evening.acknowledged:
        story = stories.get(order_id)
        if story is None:
            yield Finding("lost", order_id, "it was acknowledged, and there is no such order")
        elif not story.has_ended:
            yield Finding("lost", order_id, f"it is still {story.status}")


def doubled(evening: Evening) -> Iterator[Finding]:
    """A courier or an order with two live engagements at any time."""
    for subject, says in (*doubled_deliveries(evening.stories), *doubled_couriers(evening.couriers, evening.stories)):
        yield Finding("double", subject, says)
