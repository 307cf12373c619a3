"""What the people of the city ask and watch: documents, and what is read from their answers."""

from datetime import datetime

from msgspec import Struct

from simulator.graph import Operation


class Where(Struct, frozen=True):
    latitude: float
    longitude: float


class Amount(Struct, frozen=True):
    minor: int


class OptionOnOffer(Struct, frozen=True):
    id: str
    available: bool


class GroupOnOffer(Struct, frozen=True, rename="camel"):
    min_choices: int
    options: tuple[OptionOnOffer, ...]


class DishOnOffer(Struct, frozen=True, rename="camel"):
    id: str
    available: bool
    price: Amount
    option_groups: tuple[GroupOnOffer, ...]


class CategoryOnOffer(Struct, frozen=True):
    items: tuple[DishOnOffer, ...]


class MenuOnOffer(Struct, frozen=True):
    categories: tuple[CategoryOnOffer, ...]


class RestaurantSeen(Struct, frozen=True, rename="camel"):
    id: str
    name: str
    position: Where
    minimum_basket: Amount
    prep_minutes: int = 0
    accepting_orders: bool | None = None
    menu: MenuOnOffer | None = None


class RestaurantsSeen(Struct, frozen=True):
    nodes: tuple[RestaurantSeen, ...]


class Found(Struct, frozen=True):
    restaurants: RestaurantsSeen


class Opened(Struct, frozen=True):
    restaurant: RestaurantSeen | None


class OrdersSeen(Struct, frozen=True):
    nodes: tuple["OrderSeen", ...]


class KitchenSeen(Struct, frozen=True):
    orders: OrdersSeen | None


class Hanging(Struct, frozen=True):
    restaurant: KitchenSeen | None


class EtaSeen(Struct, frozen=True, rename="camel"):
    delivery_at: datetime | None = None
    earliest: datetime | None = None
    latest: datetime | None = None


class OrderSeen(Struct, frozen=True, rename="camel"):
    """An order as far as this viewer asked for it."""

    id: str
    status: str = ""
    version: int = 0
    ready_by: datetime | None = None
    ready_at: datetime | None = None
    failure_reason: str | None = None
    cancellation_reason: str | None = None
    rejection_reason: str | None = None
    pickup_code: str | None = None
    dropoff_pin: str | None = None
    eta: EtaSeen | None = None

    @property
    def reason(self) -> str:
        return self.failure_reason or self.cancellation_reason or self.rejection_reason or ""


class Own(Struct, frozen=True):
    order: OrderSeen | None


class OrderItem(Struct, frozen=True, rename="camel"):
    """An item of `orderUpdates` or `restaurantOrderUpdates`."""

    typename: str
    cursor: str | None = None
    sequence: int = 0
    type: str = "SNAPSHOT"
    occurred_at: datetime | None = None
    order: OrderSeen | None = None
    orders: tuple[OrderSeen, ...] = ()


class OrderTold(Struct, frozen=True):
    item: OrderItem


class CourierPlace(Struct, frozen=True):
    coarse: bool = False


class LocationSeen(Struct, frozen=True, rename="camel"):
    phase: str
    signal_lost: bool
    position: CourierPlace | None = None


class LocationTold(Struct, frozen=True):
    item: LocationSeen


class OrderKnown(Struct, frozen=True):
    id: str


class PickupSeen(Struct, frozen=True):
    position: Where


class DropoffSeen(Struct, frozen=True, rename="camel"):
    position: Where
    leave_at_door: bool = False


class CourierKnown(Struct, frozen=True):
    id: str


class DeliverySeen(Struct, frozen=True, rename="camel"):
    """A delivery as its courier sees it."""

    id: str
    status: str
    version: int = 0
    order: OrderKnown | None = None
    courier: CourierKnown | None = None
    pickup: PickupSeen | None = None
    dropoff: DropoffSeen | None = None


class OfferSeen(Struct, frozen=True, rename="camel"):
    id: str
    status: str
    expires_at: datetime | None = None


class ShiftItem(Struct, frozen=True, rename="camel"):
    """An item of `courierOffers`; the latest of each kind is all that counts."""

    typename: str
    offers: tuple[OfferSeen, ...] = ()
    offer: OfferSeen | None = None
    delivery: DeliverySeen | None = None
    delivery_id: str | None = None
    """Of a delivery that has changed; without `delivery` it is not this courier's any more."""


class ShiftTold(Struct, frozen=True):
    item: ShiftItem


class CourierSelf(Struct, frozen=True):
    id: str
    online: bool
    offers: tuple[OfferSeen, ...] = ()
    delivery: DeliverySeen | None = None


class Myself(Struct, frozen=True):
    courier: CourierSelf | None


ORDER = "id status version readyBy readyAt failureReason cancellationReason rejectionReason"
EVENT = f"... on OrderEvent {{ sequence cursor type occurredAt order {{ {ORDER} }} }}"
DELIVERY = """id status version order { id } courier { id } pickup { position { latitude longitude } }
  dropoff { leaveAtDoor position { latitude longitude } }"""
OFFER = "id status expiresAt"

FIND = Operation(
    """query FindRestaurants($near: PositionInput!, $search: String) {
  restaurants(near: $near, search: $search, filter: {openNow: true, deliversHere: true}, first: 12) {
    nodes { id name acceptingOrders position { latitude longitude } minimumBasket { minor } }
  }
}""",
    Found,
)
MENU = Operation(
    """query ReadMenu($id: ID!) {
  restaurant(id: $id) {
    id name acceptingOrders prepMinutes position { latitude longitude } minimumBasket { minor }
    menu { categories { items {
      id available price { minor } optionGroups { minChoices options { id available } }
    } } }
  }
}""",
    Opened,
)
LOOK = Operation(f"query LookAtOrder($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}", Own)
OPEN_ORDERS = Operation(
    f"""query ReadTickets($id: ID!) {{ restaurant(id: $id) {{
  orders(status: [CONFIRMED, ACCEPTED, PREPARING, READY_FOR_PICKUP, CANCEL_PENDING], first: 100) {{
    nodes {{ {ORDER} }}
  }}
}} }}""",
    Hanging,
)
PICKUP_CODE = Operation("query ReadPickupCode($id: ID!) { order(id: $id) { id status pickupCode } }", Own)
DROPOFF_PIN = Operation("query ReadDropoffPin($id: ID!) { order(id: $id) { id status dropoffPin } }", Own)
ETA = Operation(
    "query AskEta($id: ID!) { order(id: $id) { id status eta { deliveryAt earliest latest } } }",
    Own,
)
MYSELF = Operation(
    f"query WhoAmI {{ courier {{ id online offers {{ {OFFER} }} delivery {{ {DELIVERY} }} }} }}",
    Myself,
)

ORDER_UPDATES = Operation(
    f"""subscription FollowOrder($id: ID!, $after: String) {{ item: orderUpdates(orderId: $id, after: $after) {{
  typename: __typename ... on OrderSnapshot {{ sequence cursor order {{ {ORDER} }} }} {EVENT}
}} }}""",
    OrderTold,
)
KITCHEN_UPDATES = Operation(
    f"""subscription FollowKitchen($id: ID!, $after: String) {{
  item: restaurantOrderUpdates(restaurantId: $id, after: $after) {{
    typename: __typename ... on OpenOrders {{ cursor orders {{ {ORDER} }} }} {EVENT}
}} }}""",
    OrderTold,
)
LOCATION = Operation(
    """subscription FollowCourier($id: ID!) { item: deliveryLocation(orderId: $id) {
  phase signalLost position { coarse }
} }""",
    LocationTold,
)
OFFERS = Operation(
    f"""subscription FollowOffers {{ item: courierOffers {{ typename: __typename
  ... on OpenOffers {{ offers {{ {OFFER} }} delivery {{ {DELIVERY} }} }}
  ... on OfferOpened {{ offer {{ {OFFER} }} }} ... on OfferClosed {{ offer {{ {OFFER} }} }}
  ... on CourierDeliveryChanged {{ deliveryId delivery {{ {DELIVERY} }} }}
}} }}""",
    ShiftTold,
)
