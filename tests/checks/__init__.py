"""Rules of the house that no linter knows; `python -m tests.checks` says which are broken."""
