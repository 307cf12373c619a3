"""Questions to the index: what is wanted as a query, and the order it is listed in.

The scores are the worths of the Postgres adapter, distances are its formula in whole metres, names are lowered by
Postgres: so a place is the same number by number in both, and a cursor survives a change of engines.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from kernel.messages import UNSTAMPED
from kernel.places import EARTH_RADIUS_M
from runtime.adapters.postgres.search import WORTH
from subgraphs.catalog.views.search import Near, Place, Sort, Wanted
from subgraphs.catalog.views.spelling import EXACT, FORM, PREFIX, forms

Query = Mapping[str, Any]
FAR_M = 50_000
"""As far as restaurants may deliver (`catalog.domain`); one that delivers further is measured wherever it is."""
_METRES = f"""
    double latitude = doc['latitude'].value, here = params.latitude, there = params.longitude;
    double south = Math.toRadians(here), north = Math.toRadians(latitude);
    double up = Math.sin(Math.toRadians(latitude - here) / 2);
    double along = Math.sin(Math.toRadians(doc['longitude'].value - there) / 2);
    double metres = Math.rint({2 * EARTH_RADIUS_M}
      * Math.asin(Math.min(1, Math.sqrt(up * up + Math.cos(south) * Math.cos(north) * along * along))));
"""
_FIELDS: Mapping[str, tuple[str, str]] = {
    EXACT: ("names", "dishes"),
    PREFIX: ("names.beginnings", "dishes.beginnings"),
    FORM: ("name_forms", "dish_forms"),
}


def query(wanted: Wanted, open_schedules: Sequence[str] | None, *, any_cuisine: bool = False) -> Query:
    """Everything that is wanted."""
    filters: list[Query] = [{"term": {"listed": True}}]
    if wanted.cuisines and not any_cuisine:
        filters.append({"terms": {"cuisines": wanted.cuisines}})
    if open_schedules is not None:
        filters.append({"terms": {"schedule": open_schedules}})
        paused = {"range": {"paused_until_us": {"gt": (wanted.at - UNSTAMPED) // timedelta(microseconds=1)}}}
        filters.append({"bool": {"must_not": [paused]}})
    filters += _within(wanted)
    return {"bool": {"must": [_word(word) for word in wanted.words or ()], "filter": filters}}


def order(wanted: Wanted, *, backwards: bool) -> Sequence[Query]:
    """What hits are sorted by; the last is their id."""
    up, down = ("desc", "asc") if backwards else ("asc", "desc")
    name: list[Query] = [{"sort_name": up}]
    match wanted.sort:
        case Sort.RELEVANCE:
            far = [] if wanted.near is None else [_by_distance(wanted.near, up)]
            keys = [{"_score": down}, *far, *name]
        case Sort.DISTANCE:
            keys = [] if wanted.near is None else [_by_distance(wanted.near, up)]
        case Sort.NAME:
            keys = name
        case Sort.RATING:
            keys = [{"standing": down}, {"reviews": down}, *name]
    return [*keys, {"restaurant_id": up}]


def sorted_at(wanted: Wanted, place: Place) -> Sequence[object]:
    """The place as the values of `order`."""
    k1, k2, k3, restaurant_id = place
    match wanted.sort:
        case Sort.RELEVANCE:
            return [-k1, k3, restaurant_id] if wanted.near is None else [-k1, k2, k3, restaurant_id]
        case Sort.DISTANCE:
            return [k1, restaurant_id]
        case Sort.NAME:
            return [k3, restaurant_id]
        case Sort.RATING:
            return [-k1, -k2, k3, restaurant_id]


def place_of(wanted: Wanted, values: Sequence[Any]) -> Place:
    """The values of `order` as a place."""
    restaurant_id = str(values[-1])
    match wanted.sort:
        case Sort.RELEVANCE:
            return -int(values[0]), 0 if wanted.near is None else int(values[1]), str(values[-2]), restaurant_id
        case Sort.DISTANCE:
            return int(values[0]), 0, "", restaurant_id
        case Sort.NAME:
            return 0, 0, str(values[0]), restaurant_id
        case Sort.RATING:
            return -int(values[0]), -int(values[1]), str(values[2]), restaurant_id


def distance(near: Near) -> Query:
    """A script that says how far a hit is, in whole metres."""
    return _script(_METRES + "return (long) metres;", near)


def _word(word: str) -> Query:
    """The word in a name or a dish, whole, begun or misspelt; as good as the best of these."""
    sought: list[tuple[str, Query]] = [(EXACT, {"term": word}), (PREFIX, {"term": word})]
    if misspelt := sorted(forms(word)):
        sought.append((FORM, {"terms": misspelt}))
    return {
        "dis_max": {
            "queries": [
                {"constant_score": {"boost": worth, "filter": {kind: {field: value} for kind, value in how.items()}}}
                for key, how in sought
                for field, worth in zip(_FIELDS[key], WORTH[key], strict=True)
            ]
        }
    }


def _within(wanted: Wanted) -> Sequence[Query]:
    if wanted.near is None:
        return []
    filters: list[Query] = []
    if wanted.max_distance_m is not None:
        filters.append(_about(wanted.near, wanted.max_distance_m))
        filters.append(_where(_METRES + "return metres <= params.most;", wanted.near, most=wanted.max_distance_m))
    if wanted.delivers_here:
        further = {"range": {"delivery_radius_m": {"gt": FAR_M}}}
        filters.append({"bool": {"should": [_about(wanted.near, FAR_M), further]}})
        filters.append(_where(_METRES + "return metres <= doc['delivery_radius_m'].value;", wanted.near))
    return filters


def _about(near: Near, metres: int) -> Query:
    """Everything so near and a little more, which the index finds without measuring each."""
    here = {"lat": near.latitude, "lon": near.longitude}
    return {"geo_distance": {"distance": f"{metres * 1.01 + 10}m", "place": here}}


def _where(source: str, near: Near, **params: int) -> Query:
    return {"script": {"script": _script(source, near, **params)}}


def _by_distance(near: Near, direction: str) -> Query:
    return {"_script": {"type": "number", "order": direction, "script": _script(_METRES + "return metres;", near)}}


def _script(source: str, near: Near, **params: int) -> Query:
    return {"source": source, "params": {"latitude": near.latitude, "longitude": near.longitude, **params}}
