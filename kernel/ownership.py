"""Ownership: who may do or see what, decided by one pure function over the parties of an object."""

from collections.abc import Mapping
from datetime import datetime

from kernel.messages import Value

Parties = Mapping[str, frozenset[str]]
"""Relation to the object ("customer", "staff") → the subjects that stand in it."""


class Viewer(Value):
    """Who asks, as the verified token says."""

    subject: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    """Real time at which the token ends; None for the anonymous viewer and for the system itself."""


ANONYMOUS = Viewer(subject="anonymous")
SYSTEM = Viewer(subject="system", roles=frozenset({"system"}))


class Action(Value):
    """Something one may do to an object: allowed to these relations, and to these roles on any object."""

    name: str
    relations: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


def may(viewer: Viewer, action: Action, parties: Parties) -> bool:
    """Whether `viewer` may take `action` on an object with these parties."""
    if viewer.roles & action.roles:
        return True
    return any(viewer.subject in parties.get(relation, frozenset()) for relation in action.relations)
