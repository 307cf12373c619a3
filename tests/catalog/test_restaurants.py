"""A restaurant is registered by its owner, says when it serves, pauses for a while and appoints its people."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.messages import Command, Viewer
from subgraphs.catalog.commands import (
    AddStaffMember,
    ChangeDeliveryRadius,
    ChangeOpeningHours,
    PauseRestaurant,
    RemoveStaffMember,
    ResumeRestaurant,
    SetItemAvailability,
)
from subgraphs.catalog.domain.refusals import (
    InvalidInput,
    LastOwnerStays,
    NotAllowed,
    NotFound,
    RestaurantVersionConflict,
    TooManyStaff,
    UnreadableOpeningHours,
    UntilOutOfBounds,
)
from subgraphs.catalog.domain.staff import MAX_STAFF
from subgraphs.catalog.events import MenuRow, RestaurantRow, StaffRow
from tests.catalog.premises import (
    ADMIN,
    CUSTOMER,
    MANAGER,
    OWNER,
    RESTAURANT,
    STRANGER,
    WAITER,
    House,
    hire_manager,
    hire_waiter,
    publish,
    published,
    register,
    registered,
    staffed,
)
from tests.spelling import AT

HERE: dict[str, Any] = {"at": AT, "viewer": OWNER, "restaurant_id": RESTAURANT}

pause = PauseRestaurant(**HERE, until=AT + timedelta(minutes=30))
resume = ResumeRestaurant(**HERE)
change_hours = ChangeOpeningHours(**HERE, opening_hours="Tu-Su 12:00-22:00")
change_radius = ChangeDeliveryRadius(**HERE, delivery_radius_m=500)


def test_who_registers_a_restaurant_owns_it() -> None:
    answer = House().when(register)
    assert answer.only(RestaurantRow).name == "Raffaello"
    assert answer.only(StaffRow) == StaffRow(restaurant_id=RESTAURANT, subject="owner-1", role="owner")
    assert answer.only(MenuRow).changed_at == AT


def test_registering_twice_changes_nothing() -> None:
    registered.when(register).then_nothing()


def test_a_customer_registers_nothing() -> None:
    House().when(replace(register, viewer=CUSTOMER)).then_refused(NotAllowed)


def test_an_admin_may_register_too() -> None:
    assert House().when(replace(register, viewer=ADMIN)).only(StaffRow).subject == "admin"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 121}),
        ("description", {"description": "x" * 1001}),
        ("cuisines", {"cuisines": tuple(f"cuisine_{n}" for n in range(11))}),
        ("cuisines", {"cuisines": ("Pizza!",)}),
        ("address", {"address": replace(register.address, city="x" * 121)}),
        ("position", {"latitude": 90.5}),
        ("position", {"longitude": float("nan")}),
        ("position", {"longitude": -180.1}),
        ("prepMinutes", {"prep_minutes": 0}),
        ("prepMinutes", {"prep_minutes": 241}),
        ("minimumBasketMinor", {"minimum_basket_minor": -1}),
        ("deliveryRadiusM", {"delivery_radius_m": -1}),
        ("deliveryRadiusM", {"delivery_radius_m": 50_001}),
    ],
)
def test_a_restaurant_out_of_bounds_is_refused(field: str, change: dict[str, Any]) -> None:
    refusal = House().when(replace(register, **change)).then_refused(InvalidInput)
    assert isinstance(refusal, InvalidInput)
    assert refusal.path == (field,)


def test_opening_hours_must_be_readable() -> None:
    House().when(replace(register, opening_hours="when we feel like it")).then_refused(UnreadableOpeningHours)
    registered.when(replace(change_hours, opening_hours="noon")).then_refused(UnreadableOpeningHours)


def test_opening_hours_change_within_their_zone() -> None:
    row = registered.when(change_hours).only(RestaurantRow)
    assert (row.opening_hours, row.time_zone) == ("Tu-Su 12:00-22:00", "Europe/Helsinki")


def test_opening_hours_may_name_another_zone() -> None:
    row = registered.when(replace(change_hours, time_zone="Europe/Tallinn")).only(RestaurantRow)
    assert row.time_zone == "Europe/Tallinn"


def test_the_same_hours_change_nothing() -> None:
    registered.given(change_hours).when(change_hours).then_nothing()


def test_the_delivery_radius_changes_within_its_bounds() -> None:
    assert registered.when(change_radius).only(RestaurantRow).delivery_radius_m == 500
    registered.when(replace(change_radius, delivery_radius_m=50_001)).then_refused(InvalidInput)


@pytest.mark.parametrize("command", [change_hours, change_radius])
def test_a_stale_version_is_told_what_is_there_now(command: ChangeOpeningHours | ChangeDeliveryRadius) -> None:
    refusal = registered.when(replace(command, expected_version=7)).then_refused(RestaurantVersionConflict)
    assert refusal == RestaurantVersionConflict(current_version=1, restaurant=registered.restaurant)
    assert registered.when(replace(command, expected_version=1)).rows


def test_a_pause_ends_by_itself() -> None:
    row = registered.when(pause).only(RestaurantRow)
    assert row.is_paused(AT)
    assert not row.is_paused(AT + timedelta(minutes=30))


def test_a_pause_takes_the_place_of_another() -> None:
    longer = replace(pause, until=AT + timedelta(hours=2))
    assert registered.given(pause).when(longer).only(RestaurantRow).paused_until == longer.until


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_a_pause_ends_in_the_future_and_within_a_month(ahead: timedelta) -> None:
    refusal = registered.when(replace(pause, until=AT + ahead)).then_refused(UntilOutOfBounds)
    assert refusal == UntilOutOfBounds(earliest=AT, latest=AT + timedelta(days=30))


def test_resuming_ends_a_pause_early() -> None:
    assert registered.given(pause).when(resume).only(RestaurantRow).paused_until is None


def test_resuming_without_a_pause_changes_nothing() -> None:
    registered.when(resume).then_nothing()
    registered.given(pause).when(replace(resume, at=AT + timedelta(hours=1))).then_nothing()


def test_whoever_works_there_may_pause_and_take_items_off() -> None:
    off = SetItemAvailability(**HERE, item_id=published.item("tiramisu").id, available=False)
    for viewer in (OWNER, MANAGER, WAITER, ADMIN):
        assert published.when(replace(pause, viewer=viewer)).rows
        assert published.when(replace(off, viewer=viewer)).rows


@pytest.mark.parametrize("command", [publish, change_hours, change_radius, hire_waiter])
def test_running_the_place_takes_a_manager(command: Any) -> None:
    for viewer in (WAITER, STRANGER, CUSTOMER):
        published.when(replace(command, viewer=viewer)).then_refused(NotAllowed)
    for viewer in (OWNER, MANAGER, ADMIN):
        assert published.when(replace(command, viewer=viewer)).rows is not None


@pytest.mark.parametrize("viewer", [STRANGER, CUSTOMER])
def test_strangers_may_not_pause(viewer: Viewer) -> None:
    registered.when(replace(pause, viewer=viewer)).then_refused(NotAllowed)


@pytest.mark.parametrize("command", [pause, resume, change_hours, publish, hire_manager])
def test_where_there_is_no_restaurant_nothing_is_found(command: Any) -> None:
    House().when(command).then_refused(NotFound)
    closed = registered.written(replace(registered.restaurant, retired=True))
    closed.when(command).then_refused(NotFound)


def test_an_owner_appoints_everybody() -> None:
    for role in ("owner", "manager", "staff"):
        assert registered.when(replace(hire_manager, role=role)).only(StaffRow).role == role


def test_a_manager_appoints_plain_staff_only() -> None:
    for role in ("owner", "manager"):
        staffed.when(replace(hire_waiter, viewer=MANAGER, subject="new", role=role)).then_refused(NotAllowed)
    assert staffed.when(replace(hire_waiter, viewer=MANAGER, subject="new")).only(StaffRow).role == "staff"


def test_a_manager_demotes_and_dismisses_no_owner() -> None:
    demote = replace(hire_waiter, viewer=MANAGER, subject=OWNER.subject)
    staffed.when(demote).then_refused(NotAllowed)
    staffed.when(replace(RemoveStaffMember(**HERE, subject=OWNER.subject), viewer=MANAGER)).then_refused(NotAllowed)


def test_a_manager_dismisses_plain_staff() -> None:
    dismiss = replace(RemoveStaffMember(**HERE, subject=WAITER.subject), viewer=MANAGER)
    house = staffed.when(dismiss).house
    assert house.member(WAITER.subject).retired
    house.when(replace(pause, viewer=WAITER)).then_refused(NotAllowed)
    house.when(dismiss).then_nothing()


def test_who_was_dismissed_may_come_back() -> None:
    dismissed = staffed.given(RemoveStaffMember(**HERE, subject=MANAGER.subject))
    house = dismissed.given(replace(hire_waiter, viewer=OWNER, subject=MANAGER.subject))
    assert (house.member(MANAGER.subject).role, house.member(MANAGER.subject).retired) == ("staff", False)


def test_appointing_somebody_to_what_they_are_changes_nothing() -> None:
    staffed.when(hire_waiter).then_nothing()


def test_the_last_owner_stays() -> None:
    staffed.when(RemoveStaffMember(**HERE, subject=OWNER.subject)).then_refused(LastOwnerStays)
    staffed.when(replace(hire_manager, subject=OWNER.subject)).then_refused(LastOwnerStays)


def test_an_owner_leaves_once_there_is_another() -> None:
    two = staffed.given(replace(hire_manager, subject="other", role="owner"))
    assert two.when(RemoveStaffMember(**HERE, subject=OWNER.subject)).only(StaffRow).retired


def test_nobody_unknown_is_dismissed() -> None:
    refusal = staffed.when(RemoveStaffMember(**HERE, subject="nobody")).then_refused(NotFound)
    assert refusal == NotFound(path=("subject",))


@pytest.mark.parametrize("change", [{"subject": ""}, {"subject": "x" * 121}, {"role": "chef"}])
def test_staff_out_of_bounds_is_refused(change: dict[str, str]) -> None:
    registered.when(replace(hire_waiter, **change)).then_refused(InvalidInput)


def test_staff_has_its_limit() -> None:
    crowd = [StaffRow(restaurant_id=RESTAURANT, subject=f"s{n}", role="staff") for n in range(MAX_STAFF - 1)]
    full = registered.written(*crowd)
    full.when(hire_waiter).then_refused(TooManyStaff)
    full.when(replace(hire_waiter, subject="s1")).then_nothing()


def test_commands_say_where_they_belong() -> None:
    command: Command = AddStaffMember(**HERE, subject="x", role="staff")
    assert isinstance(command, AddStaffMember)
    assert command.restaurant_id == RESTAURANT
