"""What is played, where, and in which temper."""

from pathlib import Path

from msgspec import Struct

from simulator.living.clock import Clock

HELSINKI = Path(__file__).parents[1] / "cities/helsinki.json"


class Tempers(Struct, frozen=True, kw_only=True):
    """How often people do what they do, in percent. Who does it is drawn by the seed."""

    pays_with_a_bad_card: int = 2
    cancels_at_once: int = 1
    cancels_late: int = 1
    follows_the_courier: int = 35
    leaves_at_door: int = 15
    is_not_at_home: int = 1
    reviews: int = 40

    kitchen_rejects: int = 1
    kitchen_is_late: int = 12

    courier_declines: int = 8
    courier_lets_lapse: int = 4
    courier_asks_to_be_replaced: int = 2
    courier_mistypes: int = 3
    courier_pauses: int = 10
    point_is_odd: int = 3
    """Points that a platform should drop: far off, inaccurate, or sent again."""

    watcher_is_cut_off: int = 20
    cuts: int = 3
    """How often whoever is cut off at all is cut off, unless the stream ends before."""
    seconds_between_cuts: int = 180
    """Of the platform, on average."""


class Plan(Struct, frozen=True, kw_only=True):
    """One evening of a town."""

    graph: str
    """The URL of the graph."""
    issuer: str
    """The URL of the token issuer."""
    clock: Clock = Clock()
    city: Path = HELSINKI
    seed: str = "1"
    orders: int = 100
    couriers: int = 32
    minutes: float = 28.0
    """Of the platform, within which everybody gets hungry."""
    most_minutes: float = 180.0
    """Of the platform, from the beginning: whatever has not ended by then never will."""
    diary: Path | None = None
    """The file that the diary is kept in; a town that finds one there goes on where it was."""
    tempers: Tempers = Tempers()
