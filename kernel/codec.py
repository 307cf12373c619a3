"""Encoding: messages to JSON and back, through the upcasters of types that have changed shape."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from kernel.log import Recorded, Sealed
from kernel.messages import Command, Event

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Brings the stored form of one type one version further, by the name it was stored under."""


class Undecodable(Exception):
    """A record whose type is unknown or whose data no longer fits it: poison, whatever is retried."""


class Codec:
    """The messages one process knows, by name; names are unique over all domains."""

    def __init__(self, types: Sequence[type[Event | Command]], upcasters: Mapping[str, Upcaster] | None = None) -> None:
        self._decoders = {kind.__name__: msgspec.json.Decoder(kind) for kind in types}
        if len(self._decoders) != len(set(types)):
            raise ValueError("two message types share a name")
        self._upcasters = dict(upcasters or {})
        self._encoder = msgspec.json.Encoder()

    def seal(self, message: Event | Command) -> bytes:
        """`message` as JSON, its type included."""
        return self._encoder.encode(message)

    def message(self, type_name: str, data: bytes) -> Event | Command:
        """The message in `data`.

        Raises:
            Undecodable: the type is unknown or the data does not fit.
        """
        try:
            upcast = self._upcasters.get(type_name)
            if upcast is not None:
                upcasted = upcast(msgspec.json.decode(data))
                return self._decoders[upcasted["type"]].decode(self._encoder.encode(upcasted))
            return self._decoders[type_name].decode(data)
        except (KeyError, msgspec.MsgspecError) as error:
            raise Undecodable(f"{type_name}: {error}") from error

    def open(self, sealed: Sealed) -> Recorded:
        """`sealed`, decoded; raises Undecodable."""
        return Recorded(
            journal=sealed.journal,
            partition=sealed.partition,
            position=sealed.at,
            topic=sealed.topic,
            stream=sealed.stream,
            version=sealed.version,
            id=sealed.id,
            message=self.message(sealed.type, sealed.data),
            meta=sealed.meta,
            recorded_at=sealed.recorded_at,
        )
