"""The role `relay`: carries the journals to Kafka, for processes that share the work of all domains out."""

from runtime.prerequisites import CannotStart
from runtime.settings import Settings


async def run(settings: Settings) -> None:
    """Until cancelled. Raises CannotStart when consumers read the journals themselves."""
    if not settings.event_log_url.startswith("kafka:"):
        raise CannotStart(
            f"There is nothing to relay: EVENT_LOG_URL is {settings.event_log_url!r}, so consumers read the journals."
        )
