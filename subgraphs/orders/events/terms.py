"""The words in which orders tell their news: statuses, kinds and reasons."""

from enum import Enum


class Fulfilment(Enum):
    TAKEAWAY = "TAKEAWAY"
    DELIVERY = "DELIVERY"


class OrderStatus(Enum):
    PLACED = "PLACED"
    CONFIRMED = "CONFIRMED"
    ACCEPTED = "ACCEPTED"
    PREPARING = "PREPARING"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"
    PICKED_UP = "PICKED_UP"
    ARRIVING = "ARRIVING"
    DELIVERED = "DELIVERED"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    CANCEL_PENDING = "CANCEL_PENDING"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


class FeeKind(Enum):
    SERVICE = "SERVICE"
    SMALL_ORDER = "SMALL_ORDER"
    DELIVERY = "DELIVERY"


class FailureReason(Enum):
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    DELIVERY_FAILED = "DELIVERY_FAILED"


class RejectionReason(Enum):
    TOO_BUSY = "TOO_BUSY"
    ITEMS_UNAVAILABLE = "ITEMS_UNAVAILABLE"
    CLOSING = "CLOSING"
    OTHER = "OTHER"


class CancellationReason(Enum):
    CHANGED_MIND = "CHANGED_MIND"
    ORDERED_BY_MISTAKE = "ORDERED_BY_MISTAKE"
    WAIT_TOO_LONG = "WAIT_TOO_LONG"
    SUSPECTED_FRAUD = "SUSPECTED_FRAUD"
    ITEMS_UNAVAILABLE = "ITEMS_UNAVAILABLE"
    TOO_BUSY = "TOO_BUSY"
    CLOSING = "CLOSING"
    KITCHEN_SILENT = "KITCHEN_SILENT"
    NO_COURIER = "NO_COURIER"
    OTHER = "OTHER"


class CancelledBy(Enum):
    CUSTOMER = "CUSTOMER"
    SUPPORT = "SUPPORT"
    RESTAURANT = "RESTAURANT"
    PLATFORM = "PLATFORM"


class Handover(Enum):
    COLLECTED = "COLLECTED"
    NOT_COLLECTED = "NOT_COLLECTED"


class DropoffProof(Enum):
    """How a courier showed that the food has arrived."""

    PIN = "PIN"
    LEFT_AT_DOOR = "LEFT_AT_DOOR"
