"""Analytics in ClickHouse: a server, or the same engine in this process (`chdb:`)."""

from runtime.adapters.clickhouse.analytics import ClickHouseAnalytics, open_clickhouse

__all__ = ["ClickHouseAnalytics", "open_clickhouse"]
