"""The database and the cache, as programs that this machine runs without root and without containers."""
