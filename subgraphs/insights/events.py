"""Insights decides nothing: it has no events. What it keeps of other domains' news stands in `facts.py`."""
