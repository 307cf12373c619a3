"""Who may do what is decided by relations to the object, or by roles over all of them."""

from kernel.ownership import ANONYMOUS, SYSTEM, Action, Viewer, may

CANCEL = Action(name="cancel", relations=frozenset({"customer"}), roles=frozenset({"support"}))
PARTIES = {"customer": frozenset({"aino"}), "staff": frozenset({"kitchen"})}


def test_only_who_stands_in_the_relation_or_has_the_role_may() -> None:
    assert may(Viewer(subject="aino"), CANCEL, PARTIES)
    assert may(Viewer(subject="sanna", roles=frozenset({"support"})), CANCEL, PARTIES)
    assert not may(Viewer(subject="kitchen"), CANCEL, PARTIES)
    assert not may(Viewer(subject="eero", roles=frozenset({"customer"})), CANCEL, PARTIES)
    assert not may(ANONYMOUS, CANCEL, PARTIES)
    assert not may(SYSTEM, CANCEL, PARTIES)
    assert not may(Viewer(subject="aino"), CANCEL, {})


PARTNER = Viewer(subject="shop", roles=frozenset({"partner"}), scopes=frozenset({"order:read"}))
READ = Action(name="read", relations=frozenset({"customer"}), scopes=frozenset({"order:read"}))
CREATE = Action(name="create", roles=frozenset({"customer", "partner"}), scopes=frozenset({"order:create"}))


def test_a_program_may_only_what_its_scopes_grant_and_on_its_own_objects_only() -> None:
    assert may(PARTNER, READ, {"customer": frozenset({"shop"})})
    assert not may(PARTNER, READ, PARTIES)
    assert not may(PARTNER, CREATE, {})
    assert may(Viewer(subject="shop", roles=frozenset({"partner"}), scopes=frozenset({"order:create"})), CREATE, {})
    assert not may(PARTNER, CANCEL, {"customer": frozenset({"shop"})}), "an action without scopes is not for programs"


def test_scopes_mean_nothing_in_the_hands_of_people() -> None:
    assert may(Viewer(subject="aino", roles=frozenset({"customer"})), CREATE, {})
    assert not may(Viewer(subject="eero", scopes=frozenset({"order:read"})), READ, PARTIES)
