"""Runs the whole platform on one machine: starts its processes, keeps them, gathers their logs, stops them."""
