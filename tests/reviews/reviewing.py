"""An order, its people and its review: what the tests of reviews talk about."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from kernel.deciding import Keeper
from kernel.ids import person_id, sibling_id, typed_id
from kernel.messages import ANONYMOUS, Command, Refusal, Row, Viewer
from subgraphs.reviews.commands import (
    HideReview,
    Opinion,
    ReplyToReview,
    ReportReview,
    ReviewableOrder,
    ReviewOrder,
    ShowReview,
)
from subgraphs.reviews.domain import REVIEWS
from subgraphs.reviews.events import ReportReason, ReviewRow
from tests.spelling import AT, uuid_of

AINO = Viewer(subject="aino", roles=frozenset({"customer"}))
EERO = Viewer(subject="eero", roles=frozenset({"customer"}))
COOK = Viewer(subject="cook", roles=frozenset({"restaurant"}))
RIVAL = Viewer(subject="rival", roles=frozenset({"restaurant"}))
OTSO = Viewer(subject="otso", roles=frozenset({"courier"}))
KARHU = Viewer(subject="karhu", roles=frozenset({"courier"}))
SANNA = Viewer(subject="sanna", roles=frozenset({"support"}))
DISPATCHER = Viewer(subject="dispatch", roles=frozenset({"dispatcher"}))
FIA = Viewer(subject="fia", roles=frozenset({"finance"}))
ADMIN = Viewer(subject="admin", roles=frozenset({"admin"}))
PARTNER = Viewer(subject="partner-demo", roles=frozenset({"partner"}), scopes=frozenset({"order:read"}))
EVERYBODY = (AINO, EERO, COOK, RIVAL, OTSO, KARHU, SANNA, DISPATCHER, FIA, ADMIN, PARTNER, ANONYMOUS)

ORDER = typed_id("order", uuid_of(1))
RESTAURANT = typed_id("restaurant", uuid_of(1))
OTHER_RESTAURANT = typed_id("restaurant", uuid_of(2))
COURIER = person_id("courier", OTSO.subject)
RECEIVED = AT - timedelta(hours=1)


def review_of(order_id: str) -> str:
    """The id of the order's review."""
    found = sibling_id("review", "order", order_id)
    assert found is not None
    return found


REVIEW = review_of(ORDER)

order = ReviewableOrder(
    order_id=ORDER, customer_id=AINO.subject, restaurant_id=RESTAURANT, courier_id=COURIER, received_at=RECEIVED
)
collected = replace(order, courier_id=None)
review = ReviewOrder(
    at=AT,
    viewer=AINO,
    review_id=REVIEW,
    order_id=ORDER,
    restaurant=Opinion(stars=5, text="Warm, on time, and the salmon!"),
    courier=Opinion(stars=4, text="Kind."),
    order=order,
)
written = ReviewRow(
    id=REVIEW,
    order_id=ORDER,
    customer_id=AINO.subject,
    restaurant_id=RESTAURANT,
    stars=5,
    text="Warm, on time, and the salmon!",
    courier_id=COURIER,
    courier_stars=4,
    courier_text="Kind.",
    reviewed_at=AT,
    revision=1,
)
reported = replace(written, report_reason=ReportReason.UNTRUE, reported_at=AT)
hidden = replace(written, hidden=True)
reply = ReplyToReview(at=AT, viewer=COOK, review_id=REVIEW, text="Thank you!", workplaces=(RESTAURANT,))
report = ReportReview(at=AT, viewer=EERO, review_id=REVIEW, reason=ReportReason.UNTRUE)
hide = HideReview(at=AT, viewer=SANNA, review_id=REVIEW)
show = ShowReview(at=AT, viewer=SANNA, review_id=REVIEW)


class Scene:
    """The rows there are, and what is asked."""

    def __init__(self, *rows: Row, keeper: Keeper[Any, Any] = REVIEWS) -> None:
        self._rows, self._keeper = rows, keeper
        self._decided: Sequence[Row] | Refusal = ()

    def given(self, *rows: Row) -> "Scene":
        """These rows were written before."""
        return Scene(*self._rows, *rows, keeper=self._keeper)

    def when(self, command: Command) -> "Scene":
        """The command is decided on those rows."""
        asked = Scene(*self._rows, keeper=self._keeper)
        asked._decided = self._keeper.decide(command, self._keeper.gather(self._rows))
        return asked

    def then(self, *rows: Row) -> None:
        """Exactly these rows are written."""
        assert not isinstance(self._decided, Refusal), f"refused: {self._decided!r}"
        assert list(self._decided) == list(rows)

    def then_nothing(self) -> None:
        """Nothing changes."""
        self.then()

    def then_refused(self, refusal: Refusal) -> None:
        """It is refused so."""
        assert self._decided == refusal
