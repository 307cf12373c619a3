"""What dispatch shows: couriers, offers and deliveries as they are at a version, and the questions asked of them."""

from subgraphs.dispatch.views.asking import (
    couriers_by_id,
    deliveries_by_id,
    free,
    keyset,
    offers_by_id,
    served,
    waiting,
    workplaces,
)
from subgraphs.dispatch.views.couriers import COURIER_PROJECTION, CourierView, fold_courier, shown_courier
from subgraphs.dispatch.views.deliveries import DELIVERY_PROJECTION, DeliveryView, fold_delivery, shown_delivery
from subgraphs.dispatch.views.informing import inform_accepting, inform_candidates, inform_carrying
from subgraphs.dispatch.views.offers import OFFER_PROJECTION, OfferView, fold_offer, offer_after, offer_made
from subgraphs.dispatch.views.staff import PICKUP_STAFF, PickupStaffRow

__all__ = [
    "COURIER_PROJECTION",
    "DELIVERY_PROJECTION",
    "OFFER_PROJECTION",
    "PICKUP_STAFF",
    "PROJECTIONS",
    "CourierView",
    "DeliveryView",
    "OfferView",
    "PickupStaffRow",
    "couriers_by_id",
    "deliveries_by_id",
    "fold_courier",
    "fold_delivery",
    "fold_offer",
    "free",
    "inform_accepting",
    "inform_candidates",
    "inform_carrying",
    "keyset",
    "offer_after",
    "offer_made",
    "offers_by_id",
    "served",
    "shown_courier",
    "shown_delivery",
    "waiting",
    "workplaces",
]

PROJECTIONS = (COURIER_PROJECTION, DELIVERY_PROJECTION, OFFER_PROJECTION)
