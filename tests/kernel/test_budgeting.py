"""Repeats are few while they fail, and go on at once when they succeed again."""

from kernel.budgeting import RetryBudget, jittered


class Seconds:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(budget: RetryBudget, tries: int = 1000) -> int:
    """How many of so many repeats are allowed at this moment."""
    return sum(budget.take() for _ in range(tries))


def test_failing_repeats_are_a_tenth_of_attempts_beyond_the_reserve() -> None:
    budget = RetryBudget(Seconds())
    assert taken(budget) == 10
    for _ in range(30):
        budget.attempt()
    assert taken(budget) in (2, 3)  # tenths do not add up exactly


def test_the_reserve_fills_again_with_time_and_never_over() -> None:
    seconds = Seconds()
    budget = RetryBudget(seconds)
    assert taken(budget) == 10
    seconds.now = 2.0
    assert taken(budget) == 4
    seconds.now = 3600.0
    assert taken(budget) == 10


def test_a_repeat_that_succeeds_costs_nothing() -> None:
    budget = RetryBudget(Seconds())
    taken(budget)
    for _ in range(100):
        budget.succeeded()
        assert budget.take()
    assert not budget.take()


def test_waiters_do_not_return_at_once() -> None:
    pauses = {jittered(1.0, f"evt_{number}") for number in range(100)}
    assert len(pauses) > 90
    assert all(0.5 <= pause <= 1.0 for pause in pauses)
