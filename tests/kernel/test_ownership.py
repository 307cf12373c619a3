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
