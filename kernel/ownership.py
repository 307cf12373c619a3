"""Ownership: who may do or see what, decided by one pure function over the parties of an object."""

from collections.abc import Mapping

from kernel.messages import ANONYMOUS, SYSTEM, Value, Viewer

__all__ = ["ANONYMOUS", "PARTNER", "SYSTEM", "Action", "Parties", "Viewer", "may"]

PARTNER = "partner"
"""The role of programs that act for themselves, with scopes they were granted."""

Parties = Mapping[str, frozenset[str]]
"""Relation to the object ("customer", "staff") → the subjects that stand in it."""


class Action(Value):
    """Something one may do to an object: allowed to these relations, and to these roles on any object.

    The token of a program (role `partner`) must carry one of `scopes` besides; an action without any is not for
    programs at all.
    """

    name: str
    relations: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


def may(viewer: Viewer, action: Action, parties: Parties) -> bool:
    """Whether `viewer` may take `action` on an object with these parties."""
    if PARTNER in viewer.roles and not viewer.scopes & action.scopes:
        return False
    if viewer.roles & action.roles:
        return True
    return any(viewer.subject in parties.get(relation, frozenset()) for relation in action.relations)
