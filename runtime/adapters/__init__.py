"""Adapters: the only modules that import drivers."""
