"""Who hands couriers the food: dispatch's own copy of a restaurant's staff, kept from the catalog's changes."""

from typing import Annotated

from kernel.messages import Personal, Row
from kernel.projecting import View


class PickupStaffRow(Row):
    """Somebody who works at a restaurant, as the catalog last told."""

    restaurant_id: str
    subject: Annotated[str, Personal(subject="subject")]
    retired: bool
    revision: int
    """The highest one seen: changes may arrive out of order."""


PICKUP_STAFF = View(name="pickup_staff", row=PickupStaffRow, key=("restaurant_id", "subject"), indexes=("(subject)",))
