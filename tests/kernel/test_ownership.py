"""Who may do what is decided by relations to the object, or by roles over all of them."""

from kernel.budgeting import RetryBudget, jittered
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


def test_repeats_are_a_tenth_of_attempts_beyond_the_reserve() -> None:
    now = 0.0
    budget = RetryBudget(lambda: now)
    waits = [budget.take() for _ in range(12)]
    assert waits[:10] == [0.0] * 10
    assert waits[10] > 0
    assert waits[11] > waits[10]
    for _ in range(30):
        budget.attempt()
    assert budget.take() == 0.0
    now = 3600.0
    assert [budget.take() for _ in range(10)] == [0.0] * 10
    assert budget.take() > 0


def test_waiters_do_not_return_at_once() -> None:
    pauses = {jittered(1.0, f"evt_{number}") for number in range(100)}
    assert len(pauses) > 90
    assert all(0.5 <= pause <= 1.0 for pause in pauses)
