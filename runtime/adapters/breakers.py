"""Circuit breakers that show on /metrics whether they let anybody through."""

from prometheus_client import Counter, Gauge
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.messages.base import Event
from purgatory.domain.messages.events import CircuitBreakerCreated, ContextChanged

LEVELS = {"closed": 0, "half-opened": 1, "opened": 2}

STATE = Gauge("breaker_state", "0: calls go through; 1: one call tries; 2: nobody is sent for a while.", ["breaker"])
OPENED = Counter("breaker_opened", "Times a breaker opened.", ["breaker"])


def watched_breakers(threshold: int, rest_s: float) -> AsyncCircuitBreakerFactory:
    """Breakers that open after `threshold` failures in a row and then rest for `rest_s` seconds."""
    factory = AsyncCircuitBreakerFactory(default_threshold=threshold, default_ttl=rest_s)
    factory.add_listener(_heard)
    return factory


def _heard(breaker: str, _what: str, event: Event) -> None:
    match event:
        case CircuitBreakerCreated():
            STATE.labels(breaker).set(LEVELS["closed"])
        case ContextChanged(state=state):
            STATE.labels(breaker).set(LEVELS[state])
            OPENED.labels(breaker).inc(state == "opened")
        case _:
            pass  # failures and recoveries in between change nothing here
