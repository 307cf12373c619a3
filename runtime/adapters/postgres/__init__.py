"""Postgres: journals, read models and everything else that must survive; one schema and one role per domain."""
