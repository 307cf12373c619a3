"""Loads a city into the platform, through the graph, as the owners of its restaurants would.

    python -m simulator.load --graph http://127.0.0.1:4000/graphql --issuer http://127.0.0.1:4003

Run it as often as you like: what is there is left alone, and what a killed load left out is added.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from msgspec import Struct

from simulator.city import BrokenCityFile, City, Place, read_city
from simulator.graph import Graph, GraphRefused, Operation, Outage, Outcome, Patience, Result
from simulator.marker import Loaded, Marker, read_marker, what_is_loaded, write_marker
from simulator.menus import menu_of
from simulator.registration import DAY_AND_NIGHT, digest_of, owner_of, publication_of, registration_of
from simulator.signing_in import SignedIn, SignInRefused

AT_ONCE = 8
STEP = 50
TIMEOUT_S = 30.0
PATIENCE = Patience(tries=14, first_s=0.2, longest_s=5.0)
"""Half a minute: as long as the platform needs to come back from anything but an operator's mistake."""


class Identified(Struct, frozen=True):
    id: str


class Registered(Outcome, frozen=True):
    restaurant: Identified | None = None


class Problem(Struct, frozen=True):
    message: str
    path: tuple[str, ...]


class Published(Outcome, frozen=True):
    problems: tuple[Problem, ...] = ()


class Found(Struct, frozen=True):
    restaurant: Identified | None


REGISTER = Operation(
    "mutation RegisterRestaurant($input: RegisterRestaurantInput!) { result: registerRestaurant(input: $input) {"
    " __typename ... on RegisterRestaurantSuccess { restaurant { id } } ... on UserError { code message path } } }",
    Result[Registered],
)
PUBLISH = Operation(
    "mutation PublishMenu($input: PublishMenuInput!) { result: publishMenu(input: $input) {"
    " __typename ... on UserError { code message path } ... on InvalidMenu { problems { message path } } } }",
    Result[Published],
)
FIND = Operation("query Restaurant($id: ID!) { restaurant(id: $id) { id } }", Found)


class LoadFailed(Exception):
    """The platform refused something; the text is one sentence about what and why."""


class Plan(Struct, frozen=True):
    """What to load into which platform."""

    graph: str
    issuer: str
    city: Path
    marker: Path | None = None
    restaurants: int = 0
    """The first so many, the one that is open day and night among them; 0 is all."""
    at_once: int = AT_ONCE


class Load:
    """One run over a city."""

    def __init__(
        self, plan: Plan, city: City, marker: Marker, http: httpx.AsyncClient, say: Callable[[str], None]
    ) -> None:
        self.plan = plan
        self.city = city
        self.marker = marker
        self.town = plan.city.stem.replace("-", " ").title()
        self._http = http
        self._say = say
        self._graph = Graph(plan.graph, patience=PATIENCE, http=http)
        self._done = 0

    async def run(self) -> None:
        """Raises LoadFailed, Outage, GraphRefused or SignInRefused: whichever failed first, and the rest is left."""
        if not await self.marker_is_right():
            self.marker.restaurants.clear()
        places = chosen(self.city, self.plan.restaurants)
        waiting = iter(places)
        try:
            async with asyncio.TaskGroup() as owners:
                for _ in range(self.plan.at_once):
                    owners.create_task(self._load_from(waiting, len(places)))
            self.marker.complete = True
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            write_marker(self.plan.marker, self.marker)

    async def marker_is_right(self) -> bool:
        """Whether this platform has a restaurant that the marker names; its database may be a new one."""
        loaded = next(iter(self.marker.restaurants.values()), None)
        if loaded is None:
            return True
        found = await self._graph.ask(FIND, {"id": loaded.restaurant_id})
        return found.restaurant is not None

    async def _load_from(self, waiting: Iterator[Place], total: int) -> None:
        for place in waiting:
            await self._load(place)
            self._done += 1
            if self._done % STEP == 0 or self._done == total:
                self._say(f"{self._done} of {total} restaurants")
                write_marker(self.plan.marker, self.marker)

    async def _load(self, place: Place) -> None:
        menu = menu_of(place)
        digest = digest_of(menu)
        known = self.marker.restaurants.get(place.osm_id)
        if known and known.menu == digest:
            return
        owner = self._graph.signed_in_as(SignedIn(owner_of(place), self.plan.issuer, self._http, PATIENCE))
        restaurant_id = known.restaurant_id if known else await self._register(owner, place)
        self.marker.restaurants[place.osm_id] = Loaded(restaurant_id)
        outcome = await owner.act(PUBLISH, publication_of(menu, restaurant_id))
        if outcome.refusal:
            problems = "; ".join(f"{'.'.join(problem.path)}: {problem.message}" for problem in outcome.problems[:3])
            raise LoadFailed(f"The menu of {place.name} was refused: {outcome.refusal} {problems}".rstrip())
        self.marker.restaurants[place.osm_id] = Loaded(restaurant_id, digest)

    async def _register(self, owner: Graph, place: Place) -> str:
        outcome = await owner.act(REGISTER, registration_of(place, self.city, self.town))
        if outcome.restaurant is None:
            raise LoadFailed(f"{place.name} was refused: {outcome.refusal}")
        return outcome.restaurant.id


def chosen(city: City, count: int) -> list[Place]:
    """All restaurants, or so many of them, the one that is open day and night first."""
    places = sorted(city.restaurants, key=lambda place: place.osm_id != DAY_AND_NIGHT)
    return places[: count or None]


async def load(plan: Plan, say: Callable[[str], None]) -> None:
    """Raises BrokenCityFile, or as `Load.run` says."""
    began = time.monotonic()
    of = what_is_loaded(plan.city, plan.restaurants)
    marker = read_marker(plan.marker)
    limits = httpx.Limits(max_connections=plan.at_once, max_keepalive_connections=plan.at_once)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, limits=limits) as http:
        current = Load(plan, read_city(plan.city), marker, http, say)
        if marker.covers(of) and await current.marker_is_right():
            say("The city is there already.")
            return
        marker.of, marker.complete = of, False
        await current.run()
    say(f"{current.town} is loaded: {len(marker.restaurants)} restaurants in {time.monotonic() - began:.1f} s")


def plan_from(arguments: list[str]) -> Plan:
    parser = argparse.ArgumentParser(prog="python -m simulator.load", description="Load a city into the platform.")
    parser.add_argument("--graph", default="http://127.0.0.1:4000/graphql", help="URL of the graph")
    parser.add_argument("--issuer", default="http://127.0.0.1:4003", help="URL of the token issuer")
    parser.add_argument("--city", type=Path, default=Path(__file__).parent / "cities/helsinki.json", help="the map")
    parser.add_argument("--marker", type=Path, help="a file that remembers what is loaded, so that a rerun is instant")
    parser.add_argument("--restaurants", type=int, default=0, help="how many restaurants to load; 0: all")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many owners work at the same time")
    given = parser.parse_args(arguments)
    return Plan(given.graph, given.issuer, given.city, given.marker, given.restaurants, given.at_once)


def tell(text: str) -> None:
    """A line of progress, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Exit code: 0 loaded, 1 not, with one sentence about why on standard error."""
    try:
        asyncio.run(load(plan_from(arguments), tell))
    except (BrokenCityFile, LoadFailed, Outage, GraphRefused, SignInRefused) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Run it again and it goes on where it was.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
