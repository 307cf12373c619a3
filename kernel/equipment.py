"""Equipment: the ports one domain works with, handed over as one value."""

from dataclasses import dataclass

from kernel.clock import Clock
from kernel.codec import Codec
from kernel.ids import Ids
from kernel.ports import Checkpoints, DeadLetters, Journal, Signals, Streams, Views, ViewStore
from kernel.timers import Timers


@dataclass(frozen=True)
class Equipment:
    """All of one domain's ports, over that domain's own stores."""

    journal: Journal
    streams: Streams
    views: Views
    view_store: ViewStore
    checkpoints: Checkpoints
    dead_letters: DeadLetters
    timers: Timers
    signals: Signals
    clock: Clock
    ids: Ids
    codec: Codec
