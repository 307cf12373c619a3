"""How fast which vehicle goes on which kind of street, in km/h.

Sources: cycling 15, on paths 13, pushing 4, walking 5, service roads 15 and living streets 10 are the averages of
OSRM's profiles (github.com/Project-OSRM/osrm-backend, profiles/bicycle.lua, foot.lua, car.lua). Motors keep to the
limits of Helsinki's inner city, 40 on main streets and 30 on all others (decision of the city on speed limits, 2018),
and reach on average four fifths of them, as OSRM's car.lua assumes (`speed_reduction = 0.8`).

Cycles and scooters are pushed where they may not ride: on footways, and against the traffic of one-way streets.
"""

from collections.abc import Mapping

from kernel.places import Vehicle

WALKING_KMH = 5.0
PUSHING_KMH = 4.0
REACHED = 0.8

MAIN = ("trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link")
ORDINARY = ("unclassified", "residential", "road")
RIDDEN: Mapping[Vehicle, Mapping[str, float]] = {
    Vehicle.BICYCLE: {
        **dict.fromkeys((*MAIN, *ORDINARY, "living_street", "service", "cycleway"), 15.0),
        **dict.fromkeys(("path", "track", "trail"), 13.0),
    },
    Vehicle.SCOOTER: {
        **dict.fromkeys(MAIN, 40 * REACHED),
        **dict.fromkeys(ORDINARY, 30 * REACHED),
        **dict.fromkeys(("service", "living_street"), 15 * REACHED),
    },
    Vehicle.CAR: {
        **dict.fromkeys(MAIN, 40 * REACHED),
        **dict.fromkeys(ORDINARY, 30 * REACHED),
        **dict.fromkeys(("service", "living_street"), 15 * REACHED),
    },
}
PUSHED: Mapping[Vehicle, float | None] = {
    Vehicle.BICYCLE: PUSHING_KMH,
    Vehicle.SCOOTER: PUSHING_KMH,
    Vehicle.CAR: None,
}
GUESSED_KMH: Mapping[Vehicle, float] = {Vehicle.BICYCLE: 15.0, Vehicle.SCOOTER: 24.0, Vehicle.CAR: 24.0}
"""Where no street is known: the speed of ordinary streets, over the distance as the crow flies and a detour."""
DETOUR = 1.4


def fastest_kmh(vehicle: Vehicle) -> float:
    """No ride is faster than this."""
    return max(*RIDDEN[vehicle].values(), GUESSED_KMH[vehicle], WALKING_KMH)


def speeds_kmh(kind: str, oneway: bool, vehicle: Vehicle) -> tuple[float | None, float | None]:
    """The speed along a street of this kind and against its direction; None where the vehicle may not go."""
    pushed = PUSHED[vehicle]
    along = RIDDEN[vehicle].get(kind, pushed)
    return along, pushed if oneway else along
