"""News of payments. These names are the storage format; change them only with an upcaster."""

from typing import Annotated

from kernel.messages import Event, Personal


class PaymentNews(Event):
    """What every event of a payment says."""

    payment_id: str
    order_id: str


class AuthorisationRequested(PaymentNews):
    """The amount is to be reserved on the customer's card; the provider is asked next."""

    customer_id: Annotated[str, Personal(subject="customer_id")]
    restaurant_id: str
    amount_minor: int
    currency: str
    payment_token: Annotated[str, Personal(subject="customer_id")]
    """The provider's token for a card; worthless to anybody but us."""


class PaymentAuthorised(PaymentNews):
    """The provider has reserved the amount."""

    authorisation_id: str
    """The provider's own id of the authorisation."""
    amount_minor: int


class PaymentDeclined(PaymentNews):
    """The provider has refused; nothing is reserved and nothing will be."""

    reason: str
    """The provider's own word, such as `insufficient_funds`."""


class CaptureRequested(PaymentNews):
    """The reserved amount is to be taken."""

    authorisation_id: str
    amount_minor: int


class PaymentCaptured(PaymentNews):
    """The provider has taken the amount."""

    amount_minor: int


class VoidRequested(PaymentNews):
    """The reservation is to be given back, as soon as there is one."""

    authorisation_id: str


class PaymentVoided(PaymentNews):
    """The reservation is given back, or was never made: nothing is and nothing will be taken."""


class ProviderRefused(PaymentNews):
    """The provider will not capture or void what it has authorised; finance has to look."""

    operation: str
    """`capture` or `void`."""
    reason: str


PaymentEvent = (
    AuthorisationRequested
    | PaymentAuthorised
    | PaymentDeclined
    | CaptureRequested
    | PaymentCaptured
    | VoidRequested
    | PaymentVoided
    | ProviderRefused
)

EVENTS: tuple[type[PaymentEvent], ...] = (
    AuthorisationRequested,
    PaymentAuthorised,
    PaymentDeclined,
    CaptureRequested,
    PaymentCaptured,
    VoidRequested,
    PaymentVoided,
    ProviderRefused,
)
