"""What groups of tasks ended for."""

from typing import cast


def first_cause(error: BaseException) -> BaseException:
    """What a group of tasks ended for, without the groups around it."""
    if isinstance(error, BaseExceptionGroup):
        return first_cause(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    return error
