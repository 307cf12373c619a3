"""The read models of tracking and what is asked of them."""

from subgraphs.tracking.views.couriers import courier_positions
from subgraphs.tracking.views.trips import trips, trips_of_couriers

__all__ = ["courier_positions", "trips", "trips_of_couriers"]
