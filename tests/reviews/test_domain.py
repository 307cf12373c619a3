"""An order is reviewed once, by its customer, within a week of having the food; who may reply, report and hide."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from kernel.messages import ANONYMOUS, Viewer
from subgraphs.reviews.commands import LaterReviewCommand, Opinion
from subgraphs.reviews.domain.refusals import (
    AlreadyReviewed,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotReviewable,
    Unreviewable,
)
from subgraphs.reviews.domain.reviewing import open_until
from tests.reviews.reviewing import (
    ADMIN,
    AINO,
    COOK,
    DISPATCHER,
    EERO,
    EVERYBODY,
    FIA,
    KARHU,
    OTHER_RESTAURANT,
    OTSO,
    PARTNER,
    RECEIVED,
    REVIEW,
    RIVAL,
    SANNA,
    Scene,
    collected,
    hidden,
    hide,
    order,
    reply,
    report,
    reported,
    review,
    show,
    written,
)
from tests.spelling import AT

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)
no_such_order = NotFound(path=("orderId",))
no_such_review = NotFound(path=("reviewId",))


def test_a_customer_reviews_restaurant_and_courier() -> None:
    Scene().when(review).then(replace(written, revision=0))


def test_a_customer_may_say_nothing_of_the_courier_and_nothing_at_all() -> None:
    silent = replace(review, courier=None, restaurant=Opinion(stars=2, text=" \r\n "))
    row = replace(written, courier_stars=None, courier_text=None, stars=2, text=None, revision=0)
    Scene().when(silent).then(row)


def test_a_collected_order_has_no_courier_to_review() -> None:
    Scene().when(replace(review, order=collected)).then_refused(NotReviewable(because=Unreviewable.NO_COURIER))
    alone = replace(written, courier_id=None, courier_stars=None, courier_text=None, revision=0)
    Scene().when(replace(review, order=collected, courier=None)).then(alone)


def test_only_its_customer_may_review_an_order() -> None:
    for viewer in EVERYBODY:
        if viewer is not AINO:
            Scene().when(replace(review, viewer=viewer)).then_refused(no_such_order)
    Scene().when(replace(review, order=None)).then_refused(no_such_order)


def test_an_order_that_was_not_received_cannot_be_reviewed() -> None:
    waiting = replace(review, order=replace(order, received_at=None))
    Scene().when(waiting).then_refused(NotReviewable(because=Unreviewable.NOT_DELIVERED))


def test_a_week_is_a_week() -> None:
    last = replace(review, at=RECEIVED + WEEK)
    Scene().when(last).then(replace(written, reviewed_at=last.at, revision=0))
    late = replace(review, at=RECEIVED + WEEK + MOMENT)
    Scene().when(late).then_refused(NotReviewable(because=Unreviewable.TOO_LATE))


def test_an_order_is_reviewed_once() -> None:
    already = AlreadyReviewed(review_id=REVIEW)
    for row in (written, hidden, replace(written, retired=True)):
        Scene(row).when(review).then_refused(already)
        Scene(row).when(replace(review, restaurant=Opinion(stars=1))).then_refused(already)
    Scene(written).when(replace(review, viewer=EERO)).then_refused(no_such_order)


def test_the_viewer_is_told_until_when_an_order_can_be_reviewed() -> None:
    assert open_until(order, None, AINO, AT) == RECEIVED + WEEK
    assert open_until(order, None, EERO, AT) is None
    assert open_until(order, written, AINO, AT) is None
    assert open_until(order, None, AINO, RECEIVED + WEEK + MOMENT) is None
    assert open_until(replace(order, received_at=None), None, AINO, AT) is None


@pytest.mark.parametrize("stars", [-1, 0, 6, 2**40])
def test_stars_are_one_to_five(stars: int) -> None:
    reason = "Between 1 and 5 stars."
    of_restaurant = replace(review, restaurant=Opinion(stars=stars))
    Scene().when(of_restaurant).then_refused(InvalidInput(path=("restaurant", "stars"), reason=reason))
    of_courier = replace(review, courier=Opinion(stars=stars))
    Scene().when(of_courier).then_refused(InvalidInput(path=("courier", "stars"), reason=reason))


CONTROLS = ["\x00", "\x07", "\x1b[2J", "\t", "\x85", "\u202e", "\u2066", "\ud800", "\r"]


@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_are_refused(control: str) -> None:
    text = f"Fine{control}!"
    reason = "No control characters, but line breaks."
    Scene().when(replace(review, restaurant=Opinion(stars=5, text=text))).then_refused(
        InvalidInput(path=("restaurant", "text"), reason=reason)
    )
    Scene().when(replace(review, courier=Opinion(stars=5, text=text))).then_refused(
        InvalidInput(path=("courier", "text"), reason=reason)
    )
    Scene(written).when(replace(reply, text=text)).then_refused(InvalidInput(path=("text",), reason=reason))


def test_line_breaks_and_every_script_are_welcome() -> None:
    text = "Hyvää!\r\nفوق‌العاده 👩\u200d🍳 素晴らしい \U0001fae9"
    row = replace(written, text=text.replace("\r\n", "\n"), revision=0)
    Scene().when(replace(review, restaurant=Opinion(stars=5, text=f"  {text}\n"))).then(row)


def test_texts_have_an_end() -> None:
    Scene().when(replace(review, restaurant=Opinion(stars=5, text="x" * 2000))).then(
        replace(written, text="x" * 2000, revision=0)
    )
    Scene().when(replace(review, restaurant=Opinion(stars=5, text="x" * 2001))).then_refused(
        InvalidInput(path=("restaurant", "text"), reason="At most 2000 characters.")
    )
    Scene(written).when(replace(reply, text="x" * 1001)).then_refused(
        InvalidInput(path=("text",), reason="At most 1000 characters.")
    )


def test_staff_reply_and_may_think_again() -> None:
    replied = replace(written, reply="Thank you!", replied_at=AT)
    Scene(written).when(reply).then(replied)
    Scene(replied).when(replace(reply, at=AT + MOMENT)).then_nothing()
    again = replace(reply, at=AT + MOMENT, text="Thank you, Kiitos!")
    Scene(replied).when(again).then(replace(replied, reply=again.text, replied_at=again.at))
    Scene(written).when(replace(reply, text=" \n ")).then_refused(
        InvalidInput(path=("text",), reason="A reply says something.")
    )


def test_only_staff_of_the_restaurant_reply() -> None:
    for viewer in EVERYBODY:
        Scene(written).when(replace(reply, viewer=viewer, workplaces=())).then_refused(NotAllowed())
        elsewhere = replace(reply, viewer=viewer, workplaces=(OTHER_RESTAURANT,))
        Scene(written).when(elsewhere).then_refused(NotAllowed())


def test_whoever_is_signed_in_may_report() -> None:
    for viewer in (AINO, EERO, COOK, RIVAL, OTSO, KARHU, SANNA, ADMIN):
        Scene(written).when(replace(report, viewer=viewer)).then(reported)
    for viewer in (DISPATCHER, FIA, PARTNER, ANONYMOUS):
        Scene(written).when(replace(report, viewer=viewer)).then_refused(NotAllowed())


def test_one_look_answers_every_report() -> None:
    Scene(reported).when(replace(report, at=AT + MOMENT)).then_nothing()


def test_moderators_hide_and_show() -> None:
    for moderator in (SANNA, ADMIN):
        Scene(reported).when(replace(hide, viewer=moderator)).then(hidden)
        Scene(hidden).when(replace(show, viewer=moderator)).then(written)
        Scene(reported).when(replace(show, viewer=moderator)).then(written)
    Scene(hidden).when(hide).then_nothing()
    Scene(written).when(show).then_nothing()


def test_nobody_else_hides_or_shows() -> None:
    for viewer in EVERYBODY:
        if viewer in (SANNA, ADMIN):
            continue
        Scene(written).when(replace(hide, viewer=viewer)).then_refused(NotAllowed())
        Scene(written).when(replace(show, viewer=viewer)).then_refused(NotAllowed())


@pytest.mark.parametrize("command", [reply, report, hide, show])
def test_a_review_that_is_not_there_cannot_be_touched(command: LaterReviewCommand) -> None:
    Scene().when(command).then_refused(no_such_review)
    Scene(replace(written, retired=True)).when(command).then_refused(no_such_review)


@pytest.mark.parametrize("viewer", EVERYBODY)
def test_a_hidden_review_is_there_for_its_author_and_moderators_only(viewer: Viewer) -> None:
    asked = Scene(hidden).when(replace(reply, viewer=viewer))
    if viewer in (AINO, SANNA, ADMIN):
        asked.then(replace(hidden, reply=reply.text, replied_at=AT))
    else:
        asked.then_refused(no_such_review)
