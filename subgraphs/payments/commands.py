"""Orders to payments; all come from reactions and effects, none from clients."""

from typing import Annotated

from kernel.messages import Command, Personal


class PaymentOrder(Command):
    """What every command to a payment says."""

    payment_id: str


class RequestAuthorisation(PaymentOrder):
    """Reserve the amount of an order that has been placed."""

    order_id: str
    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    amount_minor: int
    currency: str
    payment_token: Annotated[str, Personal(subject="customer_id")]


class RecordAuthorisation(PaymentOrder):
    """The provider says that the amount is reserved."""

    authorisation_id: str


class RecordDecline(PaymentOrder):
    """The provider says no to the authorisation."""

    reason: str


class RequestCapture(PaymentOrder):
    """Take what is reserved: the order is fulfilled."""


class RecordCapture(PaymentOrder):
    """The provider says that the amount is taken."""


class RequestVoid(PaymentOrder):
    """Give back what is reserved, or will be: the order will not be fulfilled."""


class RecordVoid(PaymentOrder):
    """The provider says that the reservation is given back."""


class RecordProviderRefusal(PaymentOrder):
    """The provider says that it will not capture or void."""

    operation: str
    reason: str


PaymentCommand = (
    RequestAuthorisation
    | RecordAuthorisation
    | RecordDecline
    | RequestCapture
    | RecordCapture
    | RequestVoid
    | RecordVoid
    | RecordProviderRefusal
)

COMMANDS: tuple[type[PaymentCommand], ...] = (
    RequestAuthorisation,
    RecordAuthorisation,
    RecordDecline,
    RequestCapture,
    RecordCapture,
    RequestVoid,
    RecordVoid,
    RecordProviderRefusal,
)
