"""An evening goes as fast as the machine bears, and chaos leaves people half the haste."""

from simulator.demo.pace import SLOWEST, pace_of


def test_a_quiet_machine_plays_at_full_speed() -> None:
    assert pace_of(0.0, 2, chaos=False) == 30
    assert pace_of(3.0, 2, chaos=False) == 30
    assert pace_of(3.0, 2, chaos=True) == 15


def test_a_busy_machine_gives_people_time() -> None:
    assert pace_of(6.0, 2, chaos=False) == 15
    assert pace_of(6.0, 8, chaos=False) == 30
    assert pace_of(100.0, 2, chaos=True) == SLOWEST
