"""The domains: one package each, and none knows another but by its events."""
