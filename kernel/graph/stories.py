"""Stories: an event stream's state as it was at each version, folded forward once while a watcher reads along."""

from collections.abc import Callable
from typing import Generic, TypeVar

from kernel.log import Recorded
from kernel.ports import Streams

StateT = TypeVar("StateT")

PAGE = 100


class Story(Generic[StateT]):
    """The state of one stream at versions asked for in rising order; reads only what it has not folded yet.

    story = Story(context.streams, order_id, fold_order)
    Source(holds=story.holds, opening=…(await story.latest()), item=…(await story.tell(recorded)), …)
    """

    def __init__(
        self,
        streams: Streams,
        stream: str,
        fold: Callable[[StateT | None, Recorded], StateT | None],
        known: tuple[int, StateT | None] = (0, None),
    ) -> None:
        """`known`: a version and the state at it, as a view has it, so that only what came since is read."""
        self._streams, self._stream, self._fold = streams, stream, fold
        self.version, self._state = known

    async def at(self, version: int) -> StateT | None:
        """The state at `version`, or at the stream's end when it is shorter.

        Raises:
            ValueError: the story has been told beyond `version` already.
        """
        if version < self.version:
            raise ValueError(f"told up to {self.version}, asked for {version}")
        while self.version < version:
            page = await self._streams.read(self._stream, self.version, min(PAGE, version - self.version))
            if not page:
                break
            for recorded in page:
                self._take(recorded)
        return self._state

    async def tell(self, recorded: Recorded) -> StateT | None:
        """The state with `recorded` as its last event."""
        version = recorded.version or 0
        if version == self.version + 1:
            self._take(recorded)
        return await self.at(version)

    async def latest(self) -> tuple[int, StateT | None]:
        """The stream's version and state now."""
        while page := await self._streams.read(self._stream, self.version, PAGE):
            for recorded in page:
                self._take(recorded)
            if len(page) < PAGE:
                break
        return self.version, self._state

    async def holds(self, version: int) -> bool:
        """Whether the stream has got as far as `version`; folds up to there."""
        await self.at(max(version, self.version))
        return self.version >= version

    def _take(self, recorded: Recorded) -> None:
        self._state = self._fold(self._state, recorded)
        self.version = recorded.version or self.version
