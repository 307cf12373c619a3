"""Analytics in Postgres: facts joined into lives, lives rolled up into cells, and questions asked of the cells."""

from runtime.adapters.postgres.analytics.asking import PostgresAnalytics
from runtime.adapters.postgres.analytics.lives import KEPT

__all__ = ["KEPT", "PostgresAnalytics"]
