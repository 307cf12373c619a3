"""The demo people, one of every role at least, and the partner's client."""

import re

from msgspec import Struct


class Person(Struct, frozen=True, kw_only=True):
    name: str
    """What the token's `sub` says and what `make token AS=…` is given."""
    roles: tuple[str, ...]
    says: str

    def get_user_id(self) -> str:
        return self.name


PEOPLE = (
    Person(name="aino", roles=("customer",), says="A customer."),
    Person(name="eero", roles=("customer",), says="Another customer, to see that orders stay apart."),
    Person(name="kitchen", roles=("restaurant",), says="Owns the restaurant that is open day and night."),
    Person(name="otso", roles=("courier",), says="A courier."),
    Person(name="sanna", roles=("support",), says="Customer support."),
    Person(name="dispatch", roles=("dispatcher",), says="Watches over deliveries."),
    Person(name="fia", roles=("finance",), says="Keeps the books."),
    Person(name="admin", roles=("admin",), says="May do what no one else may."),
)
PARTNER = "partner-demo"
PARTNER_SCOPES = ("catalog:read", "order:create", "order:read")

CROWDS = (
    (re.compile(r"owner-[0-9]{1,20}"), "restaurant", "Owns one restaurant of the city."),
    (re.compile(r"customer-[0-9]{1,9}"), "customer", "One of the city's many customers."),
    (re.compile(r"courier-[0-9]{1,9}"), "courier", "One of the city's many couriers."),
)
"""Numbered people. Every restaurant of the city has an owner, named by its OpenStreetMap number."""


class UnknownPerson(Exception):
    """Nobody has this name; the text is one sentence that lists who there is."""

    def __init__(self, name: str) -> None:
        names = ", ".join([*(person.name for person in PEOPLE), PARTNER])
        crowds = "owner-<OpenStreetMap number>, customer-<number> and courier-<number>"
        super().__init__(f"There is no demo person {name[:40]!r}; there are {names}, {crowds}.")


def find_person(name: str) -> Person | None:
    for pattern, role, says in CROWDS:
        if pattern.fullmatch(name):
            return Person(name=name, roles=(role,), says=says)
    return next((person for person in PEOPLE if person.name == name), None)
