"""Who sees what of a review: one table, and the same verdict on every path that leads there."""

from itertools import product

import pytest

from kernel.messages import Viewer
from tests.reviews.bench import Bench, Json
from tests.reviews.reviewing import (
    ADMIN,
    AINO,
    COOK,
    DISPATCHER,
    EERO,
    EVERYBODY,
    OTHER_RESTAURANT,
    OTSO,
    RESTAURANT,
    RIVAL,
    SANNA,
    review_of,
)

pytestmark = pytest.mark.anyio

FIELDS = "id text mine hidden order { id } courier { stars text } report { reason }"

SEES = {
    # what: who
    "the review when hidden": (AINO, SANNA, ADMIN),
    "its order": (AINO, COOK, OTSO, SANNA, ADMIN),
    "the courier's part": (AINO, OTSO, SANNA, ADMIN, DISPATCHER),
    "the report": (SANNA, ADMIN),
    "the reports": (SANNA, ADMIN),
    "that it is theirs": (AINO,),
    "until when they may review": (AINO,),
}


async def by_id(bench: Bench, viewer: Viewer, order_id: str) -> Json | None:
    document = f"query($id: ID!) {{ review(id: $id) {{ {FIELDS} }} }}"
    return (await bench.ask(viewer, document, id=review_of(order_id)))["review"]


async def by_reference(bench: Bench, viewer: Viewer, order_id: str) -> Json | None:
    (found,) = await bench.entities(viewer, "Review", [review_of(order_id)], FIELDS)
    return found


async def by_restaurant(bench: Bench, viewer: Viewer, order_id: str) -> Json | None:
    (found,) = await bench.entities(viewer, "Restaurant", [RESTAURANT], f"reviews(first: 9) {{ nodes {{ {FIELDS} }} }}")
    assert found is not None
    return next((node for node in found["reviews"]["nodes"] if node["id"] == review_of(order_id)), None)


async def by_order(bench: Bench, viewer: Viewer, order_id: str) -> Json | None:
    (found,) = await bench.entities(viewer, "Order", [order_id], f"review {{ {FIELDS} }}")
    assert found is not None
    return found["review"]


@pytest.fixture
async def order_id(bench: Bench) -> str:
    await bench.hire()
    await bench.hire(RIVAL.subject, OTHER_RESTAURANT)
    review_id = await bench.reviewed()
    await bench.change(EERO, "reportReview", {"reviewId": review_id, "reason": "OTHER"})
    return review_id.replace("review", "order")


async def test_every_path_to_a_review_shows_the_same_parts(bench: Bench, order_id: str) -> None:
    for viewer, path in product(EVERYBODY, (by_id, by_reference, by_restaurant)):
        found = await path(bench, viewer, order_id)
        assert found is not None, (viewer, path)
        assert found["text"] == "Number 1"
        verdicts = {
            "its order": found["order"] is not None,
            "the courier's part": found["courier"] is not None,
            "the report": found["report"] is not None,
            "that it is theirs": found["mine"],
        }
        assert verdicts == {what: viewer in SEES[what] for what in verdicts}, (viewer, path)


async def test_an_order_shows_its_review_to_its_parties(bench: Bench, order_id: str) -> None:
    for viewer in EVERYBODY:
        seen = await by_order(bench, viewer, order_id) is not None
        assert seen == (viewer in SEES["its order"]), viewer


async def test_a_hidden_review_is_hidden_on_every_path(bench: Bench, order_id: str) -> None:
    await bench.change(SANNA, "hideReview", {"reviewId": review_of(order_id)})
    for viewer, path in product(EVERYBODY, (by_id, by_reference, by_order)):
        found = await path(bench, viewer, order_id)
        assert (found is not None) == (viewer in SEES["the review when hidden"]), (viewer, path)
        assert await by_restaurant(bench, viewer, order_id) is None


async def test_reports_are_listed_for_moderators(bench: Bench, order_id: str) -> None:
    for viewer in EVERYBODY:
        found = (await bench.ask(viewer, "{ reportedReviews(first: 1) { nodes { id } } }"))["reportedReviews"]
        assert found == ({"nodes": [{"id": review_of(order_id)}]} if viewer in SEES["the reports"] else None), viewer


async def test_only_its_customer_knows_that_an_order_can_be_reviewed(bench: Bench) -> None:
    await bench.hire()
    order_id = await bench.received()
    for viewer in EVERYBODY:
        (found,) = await bench.entities(viewer, "Order", [order_id], "reviewableUntil")
        assert found is not None
        assert (found["reviewableUntil"] is not None) == (viewer in SEES["until when they may review"]), viewer


async def test_strange_references_are_nobody(bench: Bench) -> None:
    for kind in ("Review", "Order", "Restaurant", "Courier"):
        assert await bench.entities(ADMIN, kind, ["", "x", "order_x", "review_", "courier_\0"], "id") == [None] * 5
