"""One input of every mutation that the people of the city send, as they send it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from simulator.living.deeds import DoorStep, Line, Placing, Point, Quoting, Reporting
from simulator.living.questions import Where

KEY = UUID(int=7)
FIVE = datetime(2026, 11, 27, 15, tzinfo=UTC)
ORDER: Mapping[str, object] = {"idempotencyKey": KEY, "orderId": "order_1"}
DELIVERY: Mapping[str, object] = {"idempotencyKey": KEY, "deliveryId": "delivery_1"}
STARS: Mapping[str, object] = {"stars": 5, "text": "Kiitos!"}
DOOR = DoorStep("Mannerheimintie", "1", Where(60.17, 24.94), instructions="Knock.", leave_at_door=True)

INTENTS: Mapping[str, object] = {
    "QUOTE": Quoting(KEY, "restaurant_1", [Line("item_1", 2, ["option_1"])], DOOR, tip_minor=100),
    "PLACE": Placing(KEY, "quote_1", "tok_visa"),
    "CANCEL": {**ORDER, "reason": "CHANGED_MIND"},
    "REVIEW": {**ORDER, "restaurant": STARS, "courier": STARS},
    "ACCEPT": {**ORDER, "prepMinutes": 10},
    "REJECT": {**ORDER, "reason": "TOO_BUSY"},
    "START": ORDER,
    "DELAY": {**ORDER, "readyBy": FIVE},
    "READY": ORDER,
    "GO_ONLINE": {"idempotencyKey": KEY, "vehicle": "BICYCLE", "displayName": "Courier 1"},
    "GO_OFFLINE": {"idempotencyKey": KEY},
    "ACCEPT_OFFER": {"idempotencyKey": KEY, "offerId": "offer_1"},
    "DECLINE_OFFER": {"idempotencyKey": KEY, "offerId": "offer_1", "reason": "TOO_FAR"},
    "REASSIGN": {**DELIVERY, "reason": "BREAKDOWN"},
    "PICK_UP": {**DELIVERY, "code": "123456"},
    "DROP_OFF": {**DELIVERY, "pin": "123456"},
    "GIVE_UP": {**DELIVERY, "reason": "CUSTOMER_UNREACHABLE"},
    "RETURN": DELIVERY,
    "REPORT": Reporting([Point(60.17, 24.94, 8.0, 12, FIVE)]),
}
