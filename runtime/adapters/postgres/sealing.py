"""Rows of a journal as the kernel's records."""

import msgspec

from kernel.log import Meta, Position, Sealed
from runtime.adapters.postgres.pool import Record

COLUMNS = "partition, txid, position, topic, stream, version, id, type, data, meta, recorded_at"

_meta = msgspec.json.Decoder(Meta)


def sealed(journal: str, row: Record) -> Sealed:
    """One row, selected by COLUMNS."""
    return Sealed(
        journal=journal,
        partition=row["partition"],
        at=Position(txid=row["txid"], position=row["position"]),
        topic=row["topic"],
        stream=row["stream"],
        version=row["version"],
        id=row["id"],
        type=row["type"],
        data=row["data"].encode() if isinstance(row["data"], str) else row["data"],
        meta=_meta.decode(row["meta"]),
        recorded_at=row["recorded_at"],
    )
