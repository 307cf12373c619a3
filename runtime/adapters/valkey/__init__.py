"""Valkey: wake-ups and whatever else may be lost."""
