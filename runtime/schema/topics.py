"""schema/asyncapi.yaml: the topics of the event log for whoever reads them, as an AsyncAPI 3 document."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from kernel.messages import Command, Event
from kernel.subgraph import Subgraph
from runtime.adapters.kafka.topics import topic as topic_named
from runtime.schema.exporting import JsonSchema
from runtime.schema.payloads import payloads

FILE = "asyncapi.yaml"
BINDING_VERSION = "0.5.0"
KINDS = {
    "commands": "What {domain} was told to do, accepted ones only. For the platform itself.",
    "events": "What happened in {domain}; each stream's events are numbered 1, 2, 3 … by the header `version`.",
    "changes": "Rows of {domain} as they were and as they are. Take `after` with the highest `revision`.",
}
ABOUT = """\
Every command, event and captured change of the platform, in the order in which it became durable. Written from a
reader's side: `receive` means that you receive. docs/events.md says how to read, what is guaranteed, and who may.
Fields marked `x-personal` are personal data; `subject` names the field that says whose. Readers must pass over
messages, fields and enumeration values that they do not know.
"""
SERVERS = {
    "development": {
        "host": "{host}:{port}",
        "protocol": "kafka",
        "description": "As `make up ENGINES=real` runs it: no encryption, no accounts, this machine only.",
        "variables": {
            "host": {"default": "127.0.0.1"},
            "port": {"default": "4008", "description": "PORT + 8"},
        },
    },
    "production": {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "Accounts may read the topics and use the consumer groups that their access lists name.",
        "variables": {"bootstrap": {"default": "kafka.example:9093", "description": "The operator tells you."}},
        "security": [{"$ref": "#/components/securitySchemes/account"}],
    },
}
HEADERS = {
    "ce_specversion": ("1.0", "CloudEvents 1.0, binary mode."),
    "ce_id": (None, "Of the message: unique, and the same however often it is delivered."),
    "ce_source": (r"^/[a-z]+$", "The journal it comes from: `/orders`."),
    "ce_type": (r"^[A-Z]\w+$", "The message's name, as `type` in the payload."),
    "ce_time": ("date-time", "When it was recorded, to the microsecond, in real time."),
    "ce_subject": (None, "The stream it belongs to, as the key: an order, a restaurant, a courier."),
    "content-type": ("application/json", ""),
    "journal": (None, "The journal's name."),
    "partition": (r"^\d+$", "The journal's partition, as Kafka's."),
    "txid": (r"^\d+$", "With `position` the place in the journal: it rises within a partition."),
    "position": (r"^\d+$", "The number within the journal; compare `txid` first."),
    "meta": (None, "JSON: who asked, the request, the message that caused it."),
    "traceparent": (None, "W3C trace context, if there is one."),
    "follows": (r"^\d+/\d+$", "The place, `txid/position`, of the record before it in its partition: no gap, no loss."),
    "version": (r"^\d+$", "Of events: the number within the stream, from 1 without holes."),
}
"""Name → (the only value, a pattern, the format or nothing; what it says)."""
OPTIONAL_HEADERS = frozenset({"traceparent", "follows", "version"})


def asyncapi(subgraphs: Sequence[Subgraph], version: str) -> str:
    """The document, of every topic that these subgraphs write."""
    topics = dict(topics_of(subgraphs))
    return as_yaml(document(topics, version))


def topics_of(subgraphs: Sequence[Subgraph]) -> Iterator[tuple[str, Sequence[type[Command | Event]]]]:
    """Topic → what its records can be."""
    for each in subgraphs:
        changes = {table.change for aggregate in each.aggregates for table in getattr(aggregate, "tables", ())}
        events = [kind for kind in each.events if kind not in changes]
        kinds = {"commands": each.commands, "events": events, "changes": [*filter(changes.__contains__, each.events)]}
        yield from ((f"{each.name}.{name}", messages) for name, messages in kinds.items() if messages)


def document(topics: dict[str, Sequence[type[Command | Event]]], version: str) -> dict[str, Any]:
    kinds = [kind for messages in topics.values() for kind in messages]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Topics of the delivery platform", "version": version, "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {camel(topic): channel(topic, messages) for topic, messages in topics.items()},
        "operations": {f"receive{_capital(camel(topic))}": operation(topic) for topic in topics},
        "components": {
            "messages": {kind.__name__: message(kind) for kind in kinds},
            "schemas": {"RecordHeaders": headers(), **payloads(kinds)},
            "securitySchemes": {"account": {"type": "scramSha256", "description": "Over TLS."}},
        },
    }


def channel(topic: str, messages: Sequence[type[Command | Event]]) -> JsonSchema:
    domain, kind = topic.split(".")
    declared = topic_named(topic, replication=1)
    settings = declared.settings
    return {
        "address": topic,
        "description": KINDS[kind].format(domain=domain),
        "messages": {each.__name__: {"$ref": f"#/components/messages/{each.__name__}"} for each in messages},
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": declared.partitions,
                "topicConfiguration": {
                    "cleanup.policy": settings["cleanup.policy"].split(","),
                    "retention.ms": int(settings["retention.ms"]),
                    "max.message.bytes": int(settings["max.message.bytes"]),
                },
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def operation(topic: str) -> JsonSchema:
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{camel(topic)}"},
        "summary": f"Read {topic}, at least once and in order within each key.",
    }


def message(kind: type[Command | Event]) -> JsonSchema:
    key = {"type": "string", "description": "The stream, as the header `ce_subject`."}
    said = {"summary": " ".join(kind.__doc__.split())} if kind.__doc__ else {}
    return {
        "name": kind.__name__,
        **said,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/RecordHeaders"},
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": BINDING_VERSION}},
    }


def headers() -> JsonSchema:
    """Of every record; all are text."""
    return {
        "type": "object",
        "description": "The headers of a record. Of the same name there is only one.",
        "properties": {name: _header(limit, words) for name, (limit, words) in HEADERS.items()},
        "required": [name for name in HEADERS if name not in OPTIONAL_HEADERS],
    }


def _header(limit: str | None, words: str) -> JsonSchema:
    said: JsonSchema = {"type": "string"} | ({"description": words} if words else {})
    if limit is None:
        return said
    if limit == "date-time":
        return {**said, "format": limit}
    return {**said, "pattern": limit} if limit.startswith("^") else {**said, "const": limit}


def camel(topic: str) -> str:
    """`ordersEvents` of `orders.events`: a channel's name within the document."""
    first, *rest = topic.split(".")
    return first + "".join(map(_capital, rest))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


class _Plain(yaml.SafeDumper):
    """Writes what is used twice twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(content: dict[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
