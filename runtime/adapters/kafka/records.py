"""A journal's record as Kafka carries it: the journal's place in headers, CloudEvents 1.0 in binary mode around it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from kernel.log import Meta, Position, Sealed
from kernel.messages import Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_meta = msgspec.json.Decoder(Meta)


class Outgoing(Value):
    """A record as it is produced; `headers` are in a fixed order."""

    topic: str
    partition: int
    key: bytes
    """The stream, so that a stream's records have one order for everybody."""
    value: bytes
    """The journal's `data`, unchanged."""
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int
    """`recorded_at`, to the millisecond; `ce_time` keeps the rest."""


class NotOurRecord(ValueError):
    """Somebody else wrote it: it lacks what each of our records carries."""


def to_kafka(record: Sealed, follows: Position | None = None) -> Outgoing:
    """The record for the topic and the partition of its journal; `follows` is the place of the one before it there."""
    recorded_at = record.recorded_at.astimezone(UTC)
    headers = {
        "ce_specversion": "1.0",
        "ce_id": record.id,
        "ce_source": f"/{record.journal}",
        "ce_type": record.type,
        "ce_time": recorded_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "ce_subject": record.stream,
        "content-type": "application/json",
        **({} if record.meta.traceparent is None else {"traceparent": record.meta.traceparent}),
        "journal": record.journal,
        "partition": str(record.partition),
        "txid": str(record.at.txid),
        "position": str(record.at.position),
        **({} if follows is None else {"follows": f"{follows.txid}/{follows.position}"}),
        **({} if record.version is None else {"version": str(record.version)}),
    }
    return Outgoing(
        topic=record.topic,
        partition=record.partition,
        key=record.stream.encode(),
        value=record.data,
        headers=(
            *((name, text.encode()) for name, text in headers.items()),
            ("meta", msgspec.json.encode(record.meta)),
        ),
        timestamp_ms=(recorded_at - EPOCH) // timedelta(milliseconds=1),
    )


def from_kafka(
    topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]
) -> Sealed:
    """The journal's record, equal to the one that `to_kafka` was given.

    Raises:
        NotOurRecord: a header is missing or is not what we write, or it does not lie where its headers say.
    """
    if value is None:
        raise NotOurRecord(f"A record in {topic}, partition {partition}, has no value: we write none such.")
    given = dict(headers)
    try:
        record = _sealed(topic, value, given)
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise NotOurRecord(f"A record in {topic}, partition {partition}, is not ours: {error!r}.") from error
    if (record.partition, record.stream.encode()) != (partition, key):
        raise NotOurRecord(f"The record {record.id} does not belong to {topic}, partition {partition}, key {key!r}.")
    return record


def position_of(headers: Iterable[tuple[str, bytes]]) -> Position:
    """The place in the journal alone, for whoever looks for one; cheap. Raises NotOurRecord."""
    given = dict(headers)
    try:
        return Position(txid=int(given["txid"]), position=int(given["position"]))
    except (KeyError, ValueError) as error:
        raise NotOurRecord(f"A record without a place in a journal: {error!r}.") from error


def followed_by(headers: Iterable[tuple[str, bytes]]) -> Position | None:
    """The place of the record before it in its partition: who has not come so far has missed something."""
    for name, value in headers:
        if name == "follows":
            txid, _, position = value.partition(b"/")
            return Position(txid=int(txid), position=int(position))
    return None


def _sealed(topic: str, value: bytes, given: Mapping[str, bytes]) -> Sealed:
    return Sealed(
        journal=given["journal"].decode(),
        partition=int(given["partition"]),
        at=position_of(given.items()),
        topic=topic,
        stream=given["ce_subject"].decode(),
        version=int(given["version"]) if "version" in given else None,
        id=given["ce_id"].decode(),
        type=given["ce_type"].decode(),
        data=value,
        meta=_meta.decode(given["meta"]),
        recorded_at=datetime.fromisoformat(given["ce_time"].decode()),
    )
