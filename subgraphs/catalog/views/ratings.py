"""The catalog's own copy of ratings, to list restaurants by. `projections/reviews.py` keeps it.

The order is that of a Bayesian mean: everybody starts as if ten customers had given three and a half stars each, so
that one enthusiast lifts nobody above those whom hundreds like, and who is new stands in the middle.
"""

from kernel.messages import Row
from kernel.projecting import View

PRIOR_REVIEWS = 10
PRIOR_STARS = 35
"""What the prior reviews gave together."""


class RestaurantRating(Row):
    """How many reviews a restaurant has, and how many stars they gave together."""

    restaurant_id: str
    reviews: int
    stars: int
    revision: int
    """The highest one seen: changes may arrive out of order."""


RESTAURANT_RATINGS = View(name="restaurant_ratings", row=RestaurantRating, key=("restaurant_id",))
