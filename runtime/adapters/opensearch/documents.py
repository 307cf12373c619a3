"""Restaurants as they are indexed: read from the catalog's present rows, versioned by the moment of reading."""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.messages import Row
from kernel.ports import Views
from runtime.adapters.postgres.search import STANDING
from subgraphs.catalog.views.spelling import forms, words

SCHEDULE_PARTS = "\n"
"""Between hours and zone; neither has it."""
_MOMENT = """
    select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint
      - (select count(*) from pg_snapshot_xip(pg_current_snapshot()))) as version
"""
"""How many transactions had ended when the statement began. It grows whenever one ends, so of two states of a row the
later has the higher number, and equal numbers are equal states. (`xmin` alone stands still while a long one runs.)"""
_READ = f"""
    with moment as materialized ({_MOMENT})
    select wanted.id as restaurant_id, moment.version, r.id is not null and not r.retired as listed,
      coalesce(r.name, '') as name, lower(coalesce(r.name, '')) as sort_name, coalesce(r.cuisines, '[]') as cuisines,
      coalesce(r.latitude, 0) as latitude, coalesce(r.longitude, 0) as longitude,
      coalesce(r.opening_hours, '') as opening_hours, coalesce(r.time_zone, '') as time_zone,
      coalesce(r.delivery_radius_m, 0) as delivery_radius_m,
      case when r.paused_until is not null then (extract(epoch from
        greatest(least(r.paused_until, 'epoch'::timestamptz + interval '1000 years'), 'epoch')) * 1000000)::bigint
      end as paused_until_us,
      {STANDING} as standing, coalesce(rated.reviews, 0) as reviews,
      (select coalesce(json_agg(i.name), '[]') from menu_items i
        where i.restaurant_id = wanted.id and not i.retired) as dishes
    from unnest($1::text[]) as wanted(id) cross join moment
    left join restaurants r on r.id = wanted.id
    left join restaurant_ratings rated on rated.restaurant_id = wanted.id
"""  # noqa: S608 - our own words; the ids are a parameter
_PAGE = "select id from restaurants where id > $1 order by id limit $2"


class RestaurantState(Row):
    """All that is searched of a restaurant, as it was at one moment."""

    restaurant_id: str
    version: int
    listed: bool
    """False for one that is retired, or was never there: the document remains, so that no older one comes back."""
    name: str
    sort_name: str
    cuisines: tuple[str, ...]
    latitude: float
    longitude: float
    opening_hours: str
    time_zone: str
    delivery_radius_m: int
    paused_until_us: int | None
    standing: int
    reviews: int
    dishes: tuple[str, ...]


class RestaurantId(Row):
    id: str


async def read_states(views: Views, restaurant_ids: Sequence[str]) -> Sequence[RestaurantState]:
    """These restaurants as they are now, all at one moment."""
    return await views.fetch(RestaurantState, _READ, [*restaurant_ids])


async def read_ids(views: Views, after: str, limit: int) -> Sequence[str]:
    """The next restaurants' ids, retired ones too."""
    return [row.id for row in await views.fetch(RestaurantId, _PAGE, after, limit)]


def document(state: RestaurantState) -> Mapping[str, Any]:
    """The state as it is indexed; of one that is not listed only that."""
    if not state.listed:
        return {"restaurant_id": state.restaurant_id, "listed": False}
    named = _words(state.name, *state.cuisines)
    dishes = _words(*state.dishes)
    return {
        "restaurant_id": state.restaurant_id,
        "listed": True,
        "sort_name": state.sort_name,
        "names": " ".join(named),
        "dishes": " ".join(dishes),
        "name_forms": _forms(named),
        "dish_forms": _forms(dishes),
        "cuisines": state.cuisines,
        "schedule": state.opening_hours + SCHEDULE_PARTS + state.time_zone,
        "paused_until_us": state.paused_until_us,
        "place": {"lat": state.latitude, "lon": state.longitude},
        "latitude": state.latitude,
        "longitude": state.longitude,
        "delivery_radius_m": state.delivery_radius_m,
        "standing": state.standing,
        "reviews": state.reviews,
    }


def _words(*texts: str) -> Sequence[str]:
    return list(dict.fromkeys(word for text in texts for word in words(text)))


def _forms(texts: Sequence[str]) -> Sequence[str]:
    return sorted({form for word in texts for form in forms(word)})
