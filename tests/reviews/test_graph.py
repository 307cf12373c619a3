"""Reviews in the graph: written, replied to, reported, hidden; read page by page without a question for each."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kernel.ids import typed_id
from kernel.messages import ANONYMOUS, Row
from subgraphs.reviews.subgraph import SUBGRAPH
from tests.reviews.bench import REVIEW_FIELDS, Bench, Json
from tests.reviews.reviewing import (
    AINO,
    COOK,
    COURIER,
    EERO,
    OTHER_RESTAURANT,
    OTSO,
    RESTAURANT,
    RIVAL,
    SANNA,
    review_of,
)
from tests.spelling import uuid_of

pytestmark = pytest.mark.anyio

PAGE = f"reviews(first: $first, after: $after, last: $last, before: $before) {{ nodes {{ {REVIEW_FIELDS} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}"  # noqa: E501 - one line of GraphQL
REVIEWS = f"""query($refs: [_Any!]!, $first: Int, $after: String, $last: Int, $before: String) {{
  _entities(representations: $refs) {{ ... on Restaurant {{ {PAGE} }} }} }}"""


class Count(Row):
    rows: int


async def page(bench: Bench, restaurant_id: str = RESTAURANT, **asked: Any) -> Json:
    refs = [{"__typename": "Restaurant", "id": restaurant_id}]
    asked = asked if "last" in asked else {"first": 20, **asked}
    return (await bench.ask(ANONYMOUS, REVIEWS, refs=refs, **asked))["_entities"][0]["reviews"]


async def texts(bench: Bench, **asked: Any) -> list[str]:
    return [node["text"] for node in (await page(bench, **asked))["nodes"]]


async def test_a_review_is_there_as_soon_as_it_is_written(bench: Bench) -> None:
    order_id = await bench.received()
    given = {
        "orderId": order_id,
        "restaurant": {"stars": 5, "text": " Good!\n"},
        "courier": {"stars": 4},
    }
    answer = await bench.change(AINO, "reviewOrder", given)
    assert answer["consistencyToken"]
    assert answer["review"] == {
        "id": review_of(order_id),
        "stars": 5,
        "text": "Good!",
        "mine": True,
        "hidden": False,
        "reviewedAt": "2026-11-20T17:00:00Z",
        "restaurant": {"id": RESTAURANT},
        "order": {"id": order_id},
        "reply": None,
        "courier": {"stars": 4, "text": None, "courier": {"id": COURIER}},
        "report": None,
    }
    (of_order,) = await bench.entities(AINO, "Order", [order_id], f"review {{ {REVIEW_FIELDS} }} reviewableUntil")
    assert of_order == {"review": answer["review"], "reviewableUntil": None}


async def test_a_repeated_request_is_answered_alike_and_another_one_with_the_review(bench: Bench) -> None:
    order_id = await bench.received()
    given: Json = {"orderId": order_id, "restaurant": {"stars": 5}}
    first = await bench.change(AINO, "reviewOrder", given, key=uuid_of(900))
    assert await bench.change(AINO, "reviewOrder", given, key=uuid_of(900)) == first
    reused = await bench.change(AINO, "reviewOrder", {**given, "restaurant": {"stars": 1}}, key=uuid_of(900))
    assert reused["code"] == "IDEMPOTENCY_KEY_REUSED"
    again = await bench.change(AINO, "reviewOrder", given, "... on AlreadyReviewed { review { id stars } }")
    assert again["code"] == "ALREADY_REVIEWED"
    assert again["review"] == {"id": review_of(order_id), "stars": 5}


async def test_fifty_reviews_of_one_order_at_once_are_one(bench: Bench) -> None:
    order_id = await bench.received()
    answers = await asyncio.gather(
        *(
            bench.change(AINO, "reviewOrder", {"orderId": order_id, "restaurant": {"stars": n % 5 + 1}})
            for n in range(50)
        )
    )
    names = [answer["__typename"] for answer in answers]
    assert sorted(set(names)) == ["AlreadyReviewed", "ReviewOrderSuccess"]
    assert names.count("ReviewOrderSuccess") == 1
    written = next(answer["review"]["stars"] for answer in answers if "review" in answer)
    assert [node["stars"] for node in (await page(bench))["nodes"]] == [written]
    (journaled,) = await bench.equipment.views.fetch(
        Count, "select count(*) as rows from journal where type = 'ReviewChanged'"
    )
    assert journaled.rows == 1


REFUSED: list[tuple[Json, Json]] = [
    ({"orderId": "order_x"}, {"code": "MALFORMED_ID", "path": ["orderId"]}),
    ({"orderId": typed_id("order", uuid_of(9))}, {"code": "NOT_FOUND", "path": ["orderId"]}),
    ({"restaurant": {"stars": 6}}, {"code": "INVALID_INPUT", "path": ["restaurant", "stars"]}),
    ({"restaurant": {"stars": 3, "text": "\0"}}, {"code": "INVALID_INPUT", "path": ["restaurant", "text"]}),
    ({"courier": {"stars": 3, "text": "x" * 2001}}, {"code": "INVALID_INPUT", "path": ["courier", "text"]}),
]


async def test_what_cannot_be_a_review_is_refused(bench: Bench) -> None:
    order_id = await bench.received()
    for given, refusal in REFUSED:
        answer = await bench.change(AINO, "reviewOrder", {"orderId": order_id, "restaurant": {"stars": 5}, **given})
        assert {name: answer[name] for name in refusal} == refusal


async def test_an_order_is_reviewable_for_a_week(bench: Bench) -> None:
    asked = "... on NotReviewable { because }"
    waiting = await bench.received(1, received_at=None)
    given: Json = {"orderId": waiting, "restaurant": {"stars": 5}}
    assert (await bench.change(AINO, "reviewOrder", given, asked))["because"] == "NOT_DELIVERED"
    collected = await bench.received(2, courier_id=None)
    given = {"orderId": collected, "restaurant": {"stars": 5}, "courier": {"stars": 5}}
    assert (await bench.change(AINO, "reviewOrder", given, asked))["because"] == "NO_COURIER"
    (told,) = await bench.entities(AINO, "Order", [collected], "reviewableUntil")
    assert told == {"reviewableUntil": "2026-11-27T16:00:00Z"}
    bench.clock.advance(timedelta(days=7))
    given = {"orderId": collected, "restaurant": {"stars": 5}}
    assert (await bench.change(AINO, "reviewOrder", given, asked))["because"] == "TOO_LATE"
    assert (
        await bench.entities(AINO, "Order", [collected, waiting], "reviewableUntil") == [{"reviewableUntil": None}] * 2
    )


async def test_the_restaurant_replies(bench: Bench) -> None:
    await bench.hire()
    await bench.hire(RIVAL.subject, OTHER_RESTAURANT)
    given = {"reviewId": await bench.reviewed(), "text": " Thank you! "}
    for stranger in (AINO, RIVAL, SANNA, ANONYMOUS):
        assert (await bench.change(stranger, "replyToReview", given))["code"] == "NOT_ALLOWED"
    answer = await bench.change(COOK, "replyToReview", given)
    assert answer["review"]["reply"] == {"text": "Thank you!", "repliedAt": "2026-11-20T17:00:00Z"}
    assert (await page(bench))["nodes"][0]["reply"] == answer["review"]["reply"]
    bad = await bench.change(COOK, "replyToReview", {**given, "text": " "})
    assert (bad["code"], bad["path"]) == ("INVALID_INPUT", ["text"])


LATER: list[tuple[str, Json]] = [
    ("replyToReview", {"text": "!"}),
    ("reportReview", {"reason": "OTHER"}),
    ("hideReview", {}),
    ("showReview", {}),
]


async def test_what_is_not_a_review_is_told(bench: Bench) -> None:
    for mutation, given in LATER:
        malformed = await bench.change(SANNA, mutation, {"reviewId": "review_x", **given})
        assert (malformed["code"], malformed["path"]) == ("MALFORMED_ID", ["reviewId"])
        missing = await bench.change(SANNA, mutation, {"reviewId": typed_id("review", uuid_of(9)), **given})
        assert (missing["code"], missing["path"]) == ("NOT_FOUND", ["reviewId"])


REPORTED = """query($first: Int, $after: String, $last: Int, $before: String) {
  reportedReviews(first: $first, after: $after, last: $last, before: $before) {
    nodes { text report { reason } } pageInfo { hasNextPage endCursor startCursor } } }"""


async def test_moderators_work_through_the_reports(bench: Bench) -> None:
    ids = [await bench.reviewed(number) for number in (1, 2, 3)]
    for review_id in (ids[1], ids[0]):
        bench.clock.advance(timedelta(minutes=1))
        answer = await bench.change(EERO, "reportReview", {"reviewId": review_id, "reason": "ABUSIVE"})
        assert answer["review"]["report"] is None, "reports are for moderators"
    first = (await bench.ask(SANNA, REPORTED, first=1))["reportedReviews"]
    assert first["nodes"] == [{"text": "Number 2", "report": {"reason": "ABUSIVE"}}]
    rest = (await bench.ask(SANNA, REPORTED, first=5, after=first["pageInfo"]["endCursor"]))["reportedReviews"]
    assert [node["text"] for node in rest["nodes"]] == ["Number 1"]
    back = (await bench.ask(SANNA, REPORTED, last=5, before=rest["pageInfo"]["startCursor"]))["reportedReviews"]
    assert [node["text"] for node in back["nodes"]] == ["Number 2"]
    assert await bench.ask(EERO, REPORTED, first=1) == {"reportedReviews": None}
    hidden = await bench.change(SANNA, "hideReview", {"reviewId": ids[0]})
    assert (hidden["review"]["hidden"], hidden["review"]["report"]) == (True, None)
    kept = await bench.change(SANNA, "showReview", {"reviewId": ids[1]})
    assert (kept["review"]["hidden"], kept["review"]["report"]) == (False, None)
    assert (await bench.ask(SANNA, REPORTED, first=5))["reportedReviews"]["nodes"] == []
    assert await texts(bench) == ["Number 3", "Number 2"]
    await bench.change(SANNA, "showReview", {"reviewId": ids[0]})
    assert await texts(bench) == ["Number 3", "Number 2", "Number 1"]
    assert (await bench.change(EERO, "hideReview", {"reviewId": ids[0]}))["code"] == "NOT_ALLOWED"


async def test_pages_forwards_and_backwards_make_the_whole_list(bench: Bench) -> None:
    for number in range(1, 8):
        await bench.reviewed(number)
        bench.clock.advance(timedelta(seconds=number % 2))
    await bench.reviewed(8, restaurant_id=OTHER_RESTAURANT)
    whole = await texts(bench)
    assert whole == [f"Number {number}" for number in range(7, 0, -1)]
    forwards: list[str] = []
    after = None
    while after is not None or not forwards:
        found = await page(bench, first=3, after=after)
        forwards += [node["text"] for node in found["nodes"]]
        after = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
    assert forwards == whole
    last = await page(bench, last=3)
    before = await page(bench, last=10, before=last["pageInfo"]["startCursor"])
    assert [node["text"] for node in (*before["nodes"], *last["nodes"])] == whole
    foreign = last["pageInfo"]["startCursor"]
    refs = [{"__typename": "Restaurant", "id": OTHER_RESTAURANT}]
    _, errors = await bench.try_asking(ANONYMOUS, REVIEWS, refs=refs, last=3, before=foreign)
    assert errors == ["The cursor is not one of this list."]


async def test_many_references_are_answered_with_one_question_each(bench: Bench) -> None:
    for number in range(1, 6):
        await bench.reviewed(number, restaurant_id=typed_id("restaurant", uuid_of(number)))
    restaurants = [typed_id("restaurant", uuid_of(number)) for number in range(1, 8)]
    orders = [typed_id("order", uuid_of(number)) for number in range(1, 8)]
    bench.views.asked.clear()
    found = await bench.entities(
        ANONYMOUS,
        "Restaurant",
        restaurants,
        "rating { count } first: reviews(first: 1) { nodes { text order { id } courier { stars } } }"
        "last: reviews(last: 2) { nodes { text } }",
    )
    assert [len(each["first"]["nodes"]) for each in found if each] == [1, 1, 1, 1, 1, 0, 0]
    assert [each["first"]["nodes"] for each in found if each] == [
        *([{"text": f"Number {number}", "order": None, "courier": None}] for number in range(1, 6)),
        [],
        [],
    ]
    assert len(bench.views.asked) == 4, "ratings, pages forwards, pages backwards, workplaces"
    bench.views.asked.clear()
    found = await bench.entities(AINO, "Order", orders, "review { text } reviewableUntil")
    assert [each["review"] is not None for each in found if each] == [True] * 5 + [False] * 2
    assert len(bench.views.asked) == 2, "reviews, orders"
    bench.views.asked.clear()
    couriers = [COURIER, typed_id("courier", uuid_of(3)), "courier_x"]
    found = await bench.entities(OTSO, "Courier", couriers, "rating { count mean distribution }")
    nothing = {"rating": {"count": 0, "mean": None, "distribution": [0, 0, 0, 0, 0]}}
    assert found == [nothing, nothing, None]
    assert len(bench.views.asked) == 1


async def test_the_names_of_customers_are_nowhere_in_the_graph(bench: Bench) -> None:
    secret = AINO.subject
    review_id = await bench.reviewed()
    answer = await bench.ask(ANONYMOUS, f"query($id: ID!) {{ review(id: $id) {{ {REVIEW_FIELDS} }} }}", id=review_id)
    assert secret not in str(answer)
    assert "customerId" not in SUBGRAPH.schema.as_str()
