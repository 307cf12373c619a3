"""The report at the end of an evening."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from msgspec import Struct

from simulator.demo.facts import Evening
from simulator.demo.findings import KINDS, LEAST_DELIVERED, Verdict
from simulator.demo.numbers import dropped_positions, eta_errors, spread_of

MOST_FINDINGS = 20
MOST_MUTATIONS = 12
WIDTH = 22


class Circumstances(Struct, frozen=True, kw_only=True):
    """How the evening was played."""

    seed: str
    rate: float
    real_s: float
    time_zone: str
    processor_s: Mapping[str, float] = {}
    """By process."""
    killed: Sequence[str] = ()
    """What the nemesis did, in sentences."""
    spared: Sequence[str] = ()
    """Whom it should have killed, and did not, or who never came back."""


def report(evening: Evening, verdict: Verdict, circumstances: Circumstances) -> str:
    sections = (
        how_it_was(evening, circumstances),
        how_orders_ended(evening, verdict),
        what_must_be_zero(verdict),
        how_fast(evening),
        where_couriers_were(evening),
        how_wrong_etas_were(evening),
        what_went_wrong(evening),
        what_was_killed(circumstances),
    )
    lines = [line for section in sections for line in section]
    passed = "The evening passes." if passes(verdict, circumstances) else "THE EVENING DOES NOT PASS."
    return "\n".join(["", *lines, "", passed, ""])


def passes(verdict: Verdict, circumstances: Circumstances) -> bool:
    """Chaos that did not happen proves nothing."""
    return verdict.exit_code == 0 and not circumstances.spared


def row(name: str, text: str) -> str:
    return f"{name:<{WIDTH}}{text}"


def tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def how_it_was(evening: Evening, circumstances: Circumstances) -> Iterator[str]:
    here = ZoneInfo(circumstances.time_zone)
    moments = [event.occurred_at.astimezone(here) for story in evening.stories for event in story.events]
    span = f"{min(moments):%A %H:%M} to {max(moments):%H:%M}" if moments else "nothing happened"
    played = f"{circumstances.real_s:.0f} s at {circumstances.rate:g} times the speed, seed {circumstances.seed}"
    yield row("evening", f"{span}, in {played}")
    if circumstances.processor_s:
        costs = ", ".join(f"{name} {seconds:.0f}" for name, seconds in circumstances.processor_s.items())
        yield row("processor seconds", costs)


def how_orders_ended(evening: Evening, verdict: Verdict) -> Iterator[str]:
    stories = evening.by_order()
    reasons = {order.order_id: order.reason for order in evening.diary.acknowledged}
    endings = Counter[str]()
    for order_id in evening.acknowledged:
        status = stories[order_id].status if order_id in stories else "UNKNOWN"
        reason = reasons[order_id] if status != "DELIVERED" else ""
        endings[f"{status} ({reason})" if reason else status] += 1
    yield row("orders", f"{len(evening.acknowledged)} acknowledged: {tally(dict(endings.most_common()))}")
    gave_up = Counter(order.gave_up for order in evening.diary.orders.values() if order.gave_up)
    if gave_up:
        yield row("never ordered", tally(gave_up))
    share = verdict.delivered / verdict.placed_and_paid if verdict.placed_and_paid else 0.0
    said = f"{verdict.delivered} of {verdict.placed_and_paid} placed and paid: {share:.1%}"
    yield row("delivered", f"{said}, at least {LEAST_DELIVERED:.0%} wanted")


def what_must_be_zero(verdict: Verdict) -> Iterator[str]:
    yield row("must be zero", " · ".join(f"{kind} {verdict.count(kind)}" for kind in KINDS))
    for finding in verdict.findings[:MOST_FINDINGS]:
        yield f"  {finding}"
    if len(verdict.findings) > MOST_FINDINGS:
        yield f"  … and {len(verdict.findings) - MOST_FINDINGS} more"


def how_fast(evening: Evening) -> Iterator[str]:
    diary = evening.diary
    watched = diary.watched.values()
    cut_off = [watch for watch in watched if watch.cuts]
    heard = sum(len(watch.heard) for watch in watched)
    cuts = sum(watch.cuts for watch in cut_off)
    yield row("watchers", f"{len(watched)}, {len(cut_off)} of them cut off {cuts} times; {heard} events heard")
    yield row("event to subscriber", milliseconds(diary.events))
    yield row("all mutations", milliseconds([ms for latencies in diary.mutations.values() for ms in latencies]))
    busiest = sorted(diary.mutations.items(), key=lambda item: -len(item[1]))
    for name, latencies in busiest[:MOST_MUTATIONS]:
        yield row(f"  {name}", milliseconds(latencies))


def milliseconds(latencies: Iterable[float]) -> str:
    spread = spread_of(latencies)
    if spread is None:
        return "not measured"
    return f"p50 {spread.p50:5.0f} ms, p95 {spread.p95:6.0f} ms, {spread.count} in real time"


def where_couriers_were(evening: Evening) -> Iterator[str]:
    couriers = evening.diary.couriers.values()
    sent, unsent = sum(courier.sent for courier in couriers), sum(courier.unsent for courier in couriers)
    dropped = dropped_positions(evening)
    said = f"{sent} sent by {len(couriers)} couriers, {sum(dropped.values())} dropped: {tally(dropped)}"
    yield row("positions", said + (f"; {unsent} waited for an outage to pass" if unsent else ""))


def how_wrong_etas_were(evening: Evening) -> Iterator[str]:
    for error in eta_errors(evening):
        wrong = error.wrong_by
        said = f"mean {wrong.mean:4.1f} min, p50 {wrong.p50:4.1f}, p90 {wrong.p90:4.1f}, bias {error.bias:+5.1f}"
        asked = f"{wrong.count} asked when {error.status}"
        yield row("ETA error", f"{said}, {error.within_band:4.0%} in the band, {asked}")


def what_went_wrong(evening: Evening) -> Iterator[str]:
    if evening.diary.refusals:
        yield row("refusals", tally(dict(sorted(evening.diary.refusals.items(), key=lambda item: -item[1]))))
    mishaps = Counter(mishap.doing for mishap in evening.diary.mishaps)
    if mishaps:
        yield row("outlived mishaps", tally(dict(mishaps.most_common(8))))


def what_was_killed(circumstances: Circumstances) -> Iterator[str]:
    for deed in circumstances.killed:
        yield row("killed", deed)
    if circumstances.spared:
        yield row("NOT KILLED", ", ".join(circumstances.spared))
