"""So many evenings go wrong as the plan says, whoever's they are."""

from collections import Counter

from simulator.living import Tempers
from simulator.living.fates import BAD_CARD, CANCELS_AT_ONCE, CANCELS_LATE, NOT_AT_HOME, REJECTED, Fates

GRIM = Tempers(pays_with_a_bad_card=4, cancels_at_once=3, cancels_late=2, is_not_at_home=1, kitchen_rejects=2)


def told(seed: str, orders: int, tempers: Tempers) -> list[str]:
    fates = Fates(seed, orders, tempers)
    return [fates.of(number) for number in range(1, orders + 1)]


def test_so_many_as_the_plan_says_and_nobody_twice():
    wanted = {BAD_CARD: 4, CANCELS_AT_ONCE: 3, CANCELS_LATE: 2, NOT_AT_HOME: 1, REJECTED: 2, "": 88}
    for seed in ("1", "2", "3"):
        assert Counter(told(seed, 100, GRIM)) == wanted


def test_the_seed_says_who():
    assert told("1", 100, GRIM) == told("1", 100, GRIM)
    assert told("1", 100, GRIM) != told("2", 100, GRIM)


def test_a_small_town_is_spared():
    assert set(told("1", 5, GRIM)) == {""}


def test_nine_of_ten_get_their_food_in_an_ordinary_evening():
    doomed = 100 - Counter(told("1", 100, Tempers()))[""]
    assert 5 <= doomed <= 7


def test_there_may_be_more_fates_than_people():
    assert len(told("1", 3, Tempers(pays_with_a_bad_card=100, kitchen_rejects=100))) == 3
