"""The graph and the events as files: written from the code, composed, and compared with what clients were promised."""

from runtime.schema.running import check, write

__all__ = ["check", "write"]
