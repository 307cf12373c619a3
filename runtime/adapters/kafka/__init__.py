"""Kafka: the journals and the couriers' positions for readers that Postgres and Valkey are not to carry."""
