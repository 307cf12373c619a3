"""Inputs for the catalog's graph: a restaurant, its menu, and how they come to be."""

from typing import Any
from uuid import uuid4

from tests.catalog.bench import Bench

MENU = "menu { id version categories { id name items { id externalId version optionGroups { id options { id } } } } }"
RESTAURANT: dict[str, Any] = {
    "name": "Raffaello",
    "cuisines": ["italian", "pizza"],
    "address": {"street": "Aleksanterinkatu", "houseNumber": "46", "postalCode": "00100", "city": "Helsinki"},
    "position": {"latitude": 60.1688, "longitude": 24.9448},
    "timeZone": "Europe/Helsinki",
    "openingHours": "Mo-Su 11:00-23:00",
    "deliveryRadiusM": 3000,
    "currency": "EUR",
    "prepMinutes": 20,
}
SIZE: dict[str, Any] = {
    "externalId": "size",
    "name": "Size",
    "minChoices": 1,
    "maxChoices": 1,
    "options": [{"externalId": "normal", "name": "Normal"}, {"externalId": "xl", "name": "XL", "priceMinor": 600}],
}
PIZZA: dict[str, Any] = {
    "externalId": "margherita",
    "name": "Margherita",
    "priceMinor": 1190,
    "taxRate": 1350,
    "allergens": ["GLUTEN", "MILK"],
    "diets": ["VEGETARIAN"],
    "optionGroups": ["size"],
}
CAKE: dict[str, Any] = {"externalId": "tiramisu", "name": "Tiramisù", "priceMinor": 790, "taxRate": 1350}
DOCUMENT: dict[str, Any] = {
    "categories": [{"name": "Pizzas", "items": [PIZZA]}, {"name": "Sweet", "items": [CAKE]}],
    "optionGroups": [SIZE],
}


def key() -> str:
    return str(uuid4())


async def registered(bench: Bench, **changes: Any) -> str:
    given = {"idempotencyKey": key(), **RESTAURANT, **changes}
    answer = await bench.do("registerRestaurant", given, fields="restaurant { id }")
    assert answer["__typename"] == "RegisterRestaurantSuccess", answer
    return answer["restaurant"]["id"]


async def published(bench: Bench, restaurant_id: str, document: dict[str, Any] = DOCUMENT) -> Any:
    given = {"idempotencyKey": key(), "restaurantId": restaurant_id, "document": document}
    answer = await bench.do("publishMenu", given, fields=MENU)
    assert answer["__typename"] == "PublishMenuSuccess", answer
    return answer["menu"]
