"""Insights is told nothing: it has no commands."""
