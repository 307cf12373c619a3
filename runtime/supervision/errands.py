"""Programs that run once and end: migrations before the platform opens, the city after it."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from runtime.supervision.logbook import LineSplitter, Logbook
from runtime.supervision.restarter import kill_group

ENDS_WITHIN_SECONDS = 5.0


class ErrandFailed(Exception):
    """It ended with another code than 0; the text says what it said last."""


async def run_errand(
    name: str,
    command: list[str],
    logbook: Logbook,
    environment: Mapping[str, str],
    say: Callable[[str], None] | None = None,
) -> None:
    """Run it to its end, its lines into the log, and to `say` if there is one. Cancelled: it is asked to end.

    Raises ErrandFailed.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )
    try:
        await follow(process, name, logbook, say)
        code = await process.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_SECONDS):
                await process.wait()
        kill_group(process.pid)
        await process.wait()
        raise
    if code != 0:
        said = " / ".join(logbook.last_lines(name, count=1))
        raise ErrandFailed(f"{name} failed: {said or f'code {code}'} (log: {logbook.path(name)})")


async def follow(
    process: asyncio.subprocess.Process, name: str, logbook: Logbook, say: Callable[[str], None] | None
) -> None:
    splitter = LineSplitter()
    assert process.stdout is not None
    while chunk := await process.stdout.read(65536):
        lines = splitter.feed(chunk)
        logbook.write(name, lines)
        for line in lines:
            if say and line.strip() and not line.startswith(b"{"):
                say(line.decode(errors="replace"))
    logbook.write(name, splitter.feed(b"\n"))
