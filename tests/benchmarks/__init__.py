"""Figures, printed by programs: `python -m tests.benchmarks.<name>`."""
