"""The role `relay`: carries the journals to Kafka, for processes that share the work of all domains out."""

import asyncio

from runtime.health import health_app, listening
from runtime.logs import logger
from runtime.prerequisites import CannotStart
from runtime.settings import Settings
from runtime.wiring import open_platform
from runtime.working import for_good


async def run(settings: Settings) -> None:
    """Until cancelled. Raises CannotStart when consumers read the journals themselves."""
    async with open_platform(settings) as platform:
        if not platform.relays:
            raise CannotStart(
                f"There is nothing to relay: EVENT_LOG_URL is {settings.event_log_url!r}, "
                "so consumers read the journals themselves."
            )
        async with listening(health_app(platform.checks), settings.host, settings.relay_port):
            logger("relay").info("relaying", journals=[relay.journal for relay in platform.relays])
            async with asyncio.TaskGroup() as group:
                for relay in platform.relays:
                    group.create_task(for_good(relay), name=f"relay:{relay.journal}")
