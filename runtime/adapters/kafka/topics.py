"""The topics: how each kind is divided and kept; declared here alone, applied by `python -m runtime migrate`.

None is compacted. A topic's key is its stream, and compaction would keep each stream's last record alone: an event says
only what changed, and the stream of a restaurant's changes carries many rows. Whoever needs what has expired reads the
journal, which forgets nothing.
"""

from collections.abc import Mapping, Sequence

from kernel.deciding import Keeper
from kernel.ports import Outage
from kernel.subgraph import Subgraph
from runtime.adapters.kafka.administering import Administration, Topic, open_administration
from runtime.adapters.postgres.log import PARTITIONS
from runtime.prerequisites import CannotStart

POSITIONS = "tracking.positions"
GREATEST_RECORD_BYTES = 8 * 1024 * 1024
"""Of a record with its headers. What clients send has 128 KiB at most and a change carries a row twice; the largest
record is an order with every name that it is made on (`tests/orders/test_sizes.py`)."""
_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS


def kept(retention_ms: int, segment_ms: int) -> Mapping[str, str]:
    """Kafka deletes whole segments, and only those that are closed: a record lives for both times at most."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention_ms),
        "segment.ms": str(segment_ms),
        "max.message.bytes": str(GREATEST_RECORD_BYTES),
        "message.timestamp.type": "CreateTime",
    }


KINDS: Mapping[str, Mapping[str, str]] = {
    "commands": kept(7 * _DAY_MS, _DAY_MS),
    "events": kept(7 * _DAY_MS, _DAY_MS),
    "changes": kept(7 * _DAY_MS, _DAY_MS),
    "positions": kept(15 * _MINUTE_MS, 5 * _MINUTE_MS),  # where somebody was is nobody's business an hour later
}


class TopicsRefused(CannotStart):
    """A topic is there and cannot be what it should be; the text says what to do."""


def topics_of(subgraphs: Sequence[Subgraph], replication: int = 1) -> tuple[Topic, ...]:
    """Every topic of the journals of `subgraphs`, and the couriers' positions."""
    names = [name for subgraph in subgraphs for name in journal_topics(subgraph)]
    return tuple(topic(name, replication) for name in (*names, POSITIONS))


def journal_topics(subgraph: Subgraph) -> tuple[str, ...]:
    """The topics of its journal."""
    return tuple(f"{subgraph.name}.{kind}" for kind in kinds_of(subgraph))


def kinds_of(subgraph: Subgraph) -> Sequence[str]:
    """What its journal holds: deciders' events, keepers' changes, and the commands of both."""
    kinds = {"changes" if isinstance(aggregate, Keeper) else "events" for aggregate in subgraph.aggregates}
    return ["commands", *sorted(kinds)] if subgraph.commands else sorted(kinds)


def topic(name: str, replication: int) -> Topic:
    """One replica fewer than there are must have a record before it counts as written."""
    written = {"min.insync.replicas": str(max(1, replication - 1))}
    settings = {**KINDS[name.partition(".")[2]], **written}
    return Topic(name=name, partitions=PARTITIONS, replication=replication, settings=settings)


async def apply_topics(servers: str, topics: Sequence[Topic]) -> None:
    """Makes the topics that are absent and mends the settings of those that are there; quick when nothing differs.

    Topics that are no longer declared are left alone, and so are the replicas of those that are there.

    Raises:
        TopicsRefused: a topic has another number of partitions.
        CannotStart: Kafka does not answer, or refuses.
    """
    try:
        async with open_administration(servers) as kafka:
            await _apply(kafka, topics)
    except Outage as outage:
        raise CannotStart(f"The topics at {servers} cannot be made or mended: {outage}.") from outage


async def _apply(kafka: Administration, topics: Sequence[Topic]) -> None:
    known = await kafka.partitions()
    for each in topics:
        if each.name in known and known[each.name] != each.partitions:
            raise TopicsRefused(
                f"The topic {each.name} has {known[each.name]} partitions in Kafka and {each.partitions} in the "
                "journal: delete the topic, migrate again, and delete the checkpoints of the consumer `relay` in its "
                "domain, so that it is filled anew."
            )
    await kafka.create([each for each in topics if each.name not in known])
    there = [each for each in topics if each.name in known]
    settings = await kafka.settings([each.name for each in there])
    await kafka.change([each for each in there if settings[each.name] != each.settings])
