"""Sharing: which partitions of the log are whose to consume, among the workers of one group."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from kernel.log import TopicPartition


class Share(Protocol):
    """One worker's part of its group's work. It saves doing work twice, and guards nothing: that do checkpoints."""

    @property
    def parts(self) -> frozenset[TopicPartition]:
        """What this worker is to consume now; may be another set whenever it is looked at, and never blocks.

        Each partition is in somebody's share. While workers come and go it may be in several at once, or for seconds
        in that of one who has died; a worker that has not heard of its share yet takes everything.
        """
        ...


class Whole:
    """The share of whoever works alone, or beside others on everything."""

    def __init__(self, parts: Iterable[TopicPartition]) -> None:
        self.parts = frozenset(parts)


@asynccontextmanager
async def unshared(parts: Iterable[TopicPartition]) -> AsyncGenerator[Share]:
    """Everything, for as long as it is wanted."""
    yield Whole(parts)
