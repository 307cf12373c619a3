"""A town full of people: customers, kitchens and couriers who know the platform by its graph alone.

    town = Town.opened(Plan(graph=…, issuer=…, clock=Clock(rate=30, started=…, origin=…), orders=100, diary=path))
    await town.run()                # until every order has ended; `town.stop()` ends it before
    town.diary                      # read it at any time: who did and heard what, and how long it took

Choices are drawn by the seed and by who chooses, never from one global order: so a town is the same town whatever the
platform's haste, and goes on after a stop. Everybody outlives outages by asking again with the same idempotency key.
"""

from simulator.living.clock import Clock
from simulator.living.diary import Courier, Diary, EtaAsked, Heard, Kitchen, Mishap, Ordered, Watched, read_diary
from simulator.living.plan import Plan, Tempers
from simulator.living.town import Town

__all__ = [
    "Clock",
    "Courier",
    "Diary",
    "EtaAsked",
    "Heard",
    "Kitchen",
    "Mishap",
    "Ordered",
    "Plan",
    "Tempers",
    "Town",
    "Watched",
    "read_diary",
]
