"""Resuming: where a consumer goes on, and where a new one begins."""

from kernel.committing import Advance
from kernel.log import START, Position
from kernel.ports import Checkpoints, TopicPartition
from kernel.tailing import Tail


async def resumed(
    checkpoints: Checkpoints, consumer: str, part: TopicPartition, tail: Tail, *, from_start: bool
) -> Position:
    """The consumer's checkpoint. One never seen before begins at the log's first record, or at its head.

    The head is saved at once: what comes while the worker is down afterwards is not skipped.
    """
    at = await checkpoints.load(consumer, *part)
    if at is None and not from_start:
        head = await tail.head(part)
        await checkpoints.advance(
            Advance(consumer=consumer, topic=part[0], partition=part[1], before=START, after=head)
        )
        at = await checkpoints.load(consumer, *part)
    return at or START
