"""A journal's record is the same before and after Kafka, and a stranger can read it as a CloudEvent."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.log import Meta, Position, Sealed
from runtime.adapters.kafka.records import (
    EPOCH,
    NotOurRecord,
    Outgoing,
    followed_by,
    from_kafka,
    position_of,
    to_kafka,
)


def moment(microseconds: int, zone: timezone) -> datetime:
    return (EPOCH + timedelta(microseconds=microseconds)).astimezone(zone)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
MAYBE = st.none() | TEXTS
NUMBERS = st.integers(0, 2**63 - 1)
ZONES = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
SEALED = st.builds(
    Sealed,
    journal=TEXTS,
    partition=st.integers(0, 99),
    at=st.builds(Position, txid=NUMBERS, position=NUMBERS),
    topic=TEXTS,
    stream=TEXTS,
    version=st.none() | st.integers(1, 2**31 - 1),
    id=TEXTS,
    type=TEXTS,
    data=st.binary(),
    meta=st.builds(Meta, actor=TEXTS, correlation=TEXTS, causation=MAYBE, traceparent=MAYBE),
    recorded_at=st.builds(moment, st.integers(0, 10**16), ZONES),
)
PLACED = Sealed(
    journal="orders",
    partition=2,
    at=Position(txid=731, position=12),
    topic="orders.events",
    stream="order_1",
    version=1,
    id="evt_1",
    type="OrderPlaced",
    data=b'{"type":"OrderPlaced"}',
    meta=Meta(actor="aino", correlation="req_1", traceparent="00-1-2-01"),
    recorded_at=datetime(2026, 3, 6, 18, 0, 0, 123_456, tzinfo=UTC),
)


def received(sent: Outgoing) -> Sealed:
    return from_kafka(sent.topic, sent.partition, sent.key, sent.value, sent.headers)


@given(SEALED)
def test_a_record_comes_back_as_it_went(record: Sealed) -> None:
    sent = to_kafka(record)
    assert received(sent) == record
    assert position_of(sent.headers) == record.at
    assert followed_by(sent.headers) is None
    before = Position(txid=record.at.txid, position=record.at.position - 1)
    assert followed_by(to_kafka(record, before).headers) == before
    assert received(to_kafka(record, before)) == record
    assert (sent.topic, sent.partition, sent.key) == (record.topic, record.partition, record.stream.encode())


def test_a_stranger_reads_a_cloud_event() -> None:
    sent = to_kafka(PLACED)
    assert dict(sent.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"evt_1",
        "ce_source": b"/orders",
        "ce_type": b"OrderPlaced",
        "ce_time": b"2026-03-06T18:00:00.123456Z",
        "ce_subject": b"order_1",
        "content-type": b"application/json",
        "traceparent": b"00-1-2-01",
        "journal": b"orders",
        "partition": b"2",
        "txid": b"731",
        "position": b"12",
        "version": b"1",
        "meta": b'{"actor":"aino","correlation":"req_1","causation":null,"traceparent":"00-1-2-01"}',
    }
    assert sent.value == PLACED.data
    assert sent.timestamp_ms == 1_772_820_000_123


@pytest.mark.parametrize("name", ["ce_id", "ce_type", "ce_subject", "ce_time", "journal", "txid", "position", "meta"])
def test_what_lacks_a_header_is_not_ours(name: str) -> None:
    sent = to_kafka(PLACED)
    rest = [header for header in sent.headers if header[0] != name]
    with pytest.raises(NotOurRecord):
        from_kafka(sent.topic, sent.partition, sent.key, sent.value, rest)


def test_what_lies_elsewhere_than_it_says_is_not_ours() -> None:
    sent = to_kafka(PLACED)
    for partition, key, value in ((1, sent.key, sent.value), (2, b"order_2", sent.value), (2, sent.key, None)):
        with pytest.raises(NotOurRecord):
            from_kafka(sent.topic, partition, key, value, sent.headers)
