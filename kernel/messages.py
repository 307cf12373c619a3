"""Messages: the frozen structs in which every domain speaks."""

from typing import Any, dataclass_transform

from msgspec import Struct, StructMeta, field


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class ValueMeta(StructMeta):
    """Makes every struct frozen and keyword-only; msgspec inherits neither."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> "ValueMeta":
        return super().__new__(mcls, name, bases, namespace, **({"frozen": True, "kw_only": True} | options))


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class MessageMeta(ValueMeta):
    """A value that is also tagged by its class name, so that a union of messages decodes itself."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> "MessageMeta":
        return super().__new__(mcls, name, bases, namespace, **({"tag": True, "tag_field": "type"} | options))


class Value(Struct, metaclass=ValueMeta):
    """A part of a message, of a state or of a view: frozen, keyword-only, untagged."""


class Row(Value):
    """One row of a read model or of a state-stored table; its fields are the table's columns."""


class Command(Struct, metaclass=MessageMeta):
    """An order to a domain, named in the imperative."""


class Event(Struct, metaclass=MessageMeta):
    """News from a domain, named in the past tense and stored for ever."""


class Refusal(Struct, metaclass=MessageMeta):
    """A business "no": a sentence, a typed member of a mutation's result, never an exception."""


class Personal(Value):
    """Marks a field as personal data: `Annotated[str, Personal(subject="customer_id")]`.

    `subject` names the sibling field that holds the person whose data it is.
    """

    subject: str
