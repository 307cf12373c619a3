"""Real servers inside a test's process."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from starlette.applications import Starlette

from runtime.serving.application import DrainingServer, configuration, listening_at


class GuestServer(DrainingServer):
    """A server inside the test's process: signals are not its business, and it says when it listens."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(configuration(app), app.state.draining)
        self.listening = asyncio.Event()
        self.address = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    @property
    def url(self) -> str:
        return f"http://{self.address}"


@asynccontextmanager
async def serving(app: Starlette) -> AsyncGenerator[GuestServer]:
    """`app` behind a real server at `.url`, gone when the block is left."""
    guest = GuestServer(app)
    with listening_at("127.0.0.1", 0) as bound:
        guest.address = "127.0.0.1:" + str(bound.getsockname()[1])
        running = asyncio.create_task(guest.serve([bound]))
        await guest.listening.wait()
        try:
            yield guest
        finally:
            guest.should_exit = True
            await running
