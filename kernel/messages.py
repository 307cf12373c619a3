"""Messages: the frozen structs in which every domain speaks."""

from datetime import UTC, datetime
from typing import Any, dataclass_transform

from msgspec import Struct, StructMeta, field

UNSTAMPED = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a command that handling has not stamped yet."""


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class ValueMeta(StructMeta):
    """Makes every struct frozen and keyword-only; msgspec inherits neither."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> type:
        options = {"frozen": True, "kw_only": True} | options
        return super().__new__(mcls, name, bases, namespace, **options)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class MessageMeta(ValueMeta):
    """A value that is also tagged by its class name, so that a union of messages decodes itself."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> type:
        options = {"tag": True, "tag_field": "type"} | options
        return super().__new__(mcls, name, bases, namespace, **options)


class Value(Struct, metaclass=ValueMeta):
    """A part of a message, of a state or of a view: frozen, keyword-only, untagged."""


class Row(Value):
    """One row of a read model or of a state-stored table; its fields are the table's columns."""


class Viewer(Value):
    """Who asks, as the verified token says."""

    subject: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    """Real time at which the token ends; None for the anonymous viewer and for the system itself."""


ANONYMOUS = Viewer(subject="anonymous")
SYSTEM = Viewer(subject="system", roles=frozenset({"system"}))


class Command(Struct, metaclass=MessageMeta):
    """An order to a domain, named in the imperative.

    Handling stamps `at` and `viewer` before anything is decided, so that deciding reads both from the command.
    """

    at: datetime = UNSTAMPED
    viewer: Viewer = SYSTEM


class Event(Struct, metaclass=MessageMeta):
    """News from a domain, named in the past tense and stored for ever."""

    at: datetime
    """Platform time at which it happened: the `at` of its command."""


class Refusal(Struct, metaclass=MessageMeta):
    """A business "no": a sentence, a typed member of a mutation's result, never an exception."""


class Personal(Value):
    """Marks a field as personal data: `Annotated[str, Personal(subject="customer_id")]`.

    `subject` names the sibling field that holds the person whose data it is.
    """

    subject: str
