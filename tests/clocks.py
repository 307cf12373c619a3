"""A clock for tests."""

from datetime import datetime, timedelta

from tests.spelling import AT


class SettableClock:
    """A clock that stands until it is set."""

    rate = 1.0

    def __init__(self, at: datetime = AT) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by
