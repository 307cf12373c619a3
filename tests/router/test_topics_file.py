"""schema/asyncapi.yaml: what it tells, that it is AsyncAPI, and each way of breaking a promise to readers of topics."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
import yaml

from kernel.log import Meta, Position, Sealed
from kernel.messages import Command, Event, Personal, Value
from runtime.adapters.kafka.records import to_kafka
from runtime.schema.breaking_topics import broken_in_topics
from runtime.schema.exporting import JsonSchema
from runtime.schema.releasing import promised, read_changelog
from runtime.schema.running import ROOT, Place, bring, problems_of
from runtime.schema.topics import FILE, as_yaml, document, headers, topics_of
from runtime.schema.validating import DocumentInvalid, validate
from runtime.wiring import SUBGRAPHS
from tests.spelling import AT

UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
RELEASED = f"{UNRELEASED}\n## [1.0.0] - 2026-11-01\n"


class Course(Enum):
    STARTER = "STARTER"
    MAIN = "MAIN"


class Address(Value):
    """Where to."""

    street: Annotated[str, Personal(subject="guest_id")]


class ServeDish(Command):
    """Bring it."""

    dish_id: str


class DishServed(Event):
    """It is on the table."""

    dish_id: str
    """Which one."""
    guest_id: Annotated[str, Personal(subject="guest_id")]
    course: Course
    to: Annotated[Address, Personal(subject="guest_id")]
    cooled_at: datetime | None = None
    marks: tuple[int, int] = (0, 0)


class DishSentBack(Event):
    dish_id: str


TOPICS = {"dishes.commands": (ServeDish,), "dishes.events": (DishServed, DishSentBack)}
Document = dict[str, Any]


def told() -> Document:
    return yaml.safe_load(as_yaml(document({**TOPICS}, "1.0.0")))


def schemas(told: Document) -> dict[str, JsonSchema]:
    return told["components"]["schemas"]


def test_every_topic_and_message_of_the_platform_is_told() -> None:
    ours = yaml.safe_load((ROOT / "schema" / FILE).read_text())
    said = {channel["address"]: {*channel["messages"]} for channel in ours["channels"].values()}
    topics = dict(topics_of(SUBGRAPHS))
    assert said == {topic: {kind.__name__ for kind in kinds} for topic, kinds in topics.items()}
    assert {"orders.events", "orders.commands", "catalog.changes", "reviews.changes"} <= said.keys()
    assert {operation["action"] for operation in ours["operations"].values()} == {"receive"}


def test_it_is_what_asyncapis_own_parser_takes(tmp_path: Path) -> None:
    validate(ROOT, as_yaml(told()))
    broken = told()
    broken["operations"]["receiveDishesEvents"]["action"] = "recieve"
    broken["channels"]["dishesEvents"]["messages"]["DishServed"]["$ref"] = "#/components/messages/Nothing"
    with pytest.raises(DocumentInvalid, match="does not exist"):
        validate(ROOT, as_yaml(broken))
    with pytest.raises(DocumentInvalid, match="cannot be started"):
        validate(ROOT, "", node=str(tmp_path / "no-node"))


def test_a_payload_tells_what_the_code_says_of_it() -> None:
    served = schemas(told())["DishServed"]
    fields = served["properties"]
    assert served["description"] == "It is on the table."
    assert fields["dish_id"] == {"type": "string", "description": "Which one."}
    assert fields["at"]["format"] == "date-time"
    assert "the `at` of its command" in fields["at"]["description"]
    assert fields["cooled_at"]["format"] == "date-time"
    assert fields["course"] == {"$ref": "#/components/schemas/Course"}
    assert fields["marks"]["items"] == [{"type": "integer"}, {"type": "integer"}]


def test_personal_fields_are_marked_wherever_they_stand() -> None:
    found = {
        f"{name}.{field}"
        for name, schema in schemas(told()).items()
        for field, said in schema.get("properties", {}).items()
        if said.get("x-personal") == {"subject": "guest_id"}
    }
    assert found == {"DishServed.guest_id", "DishServed.to", "Address.street"}
    assert schemas(told())["DishServed"]["properties"]["to"]["allOf"] == [{"$ref": "#/components/schemas/Address"}]


def test_its_headers_are_those_that_records_carry() -> None:
    record = Sealed(
        journal="dishes",
        partition=3,
        at=Position(txid=7, position=9),
        topic="dishes.events",
        stream="dish_1",
        version=1,
        id="evt_1",
        type="DishSentBack",
        data=b"{}",
        meta=Meta(actor="aino", correlation="req_1", traceparent="00-11-22-01"),
        recorded_at=AT,
    )
    carried = dict(to_kafka(record, Position(txid=7, position=8)).headers)
    said = headers()
    assert carried.keys() == said["properties"].keys()
    command = msgspec.structs.replace(record, version=None, meta=Meta(actor="aino", correlation="req_1"))
    assert dict(to_kafka(command).headers).keys() == {*said["required"]}
    for name, limits in said["properties"].items():
        text = carried[name].decode()
        assert text == limits.get("const", text)
        assert re.search(limits.get("pattern", ""), text)


def gone(found: Document, *path: str) -> None:
    *above, last = path
    for step in above:
        found = found[step]
    del found[last]


def field(told: Document, name: str, **words: object) -> None:
    schemas(told)["DishServed"]["properties"][name] = words


def requires(told: Document, *fields: str) -> None:
    schemas(told)["DishServed"]["required"] = [*fields]


ALWAYS: Sequence[str] = ("type", "at", "dish_id", "guest_id", "course", "to")
BROKEN: dict[str, tuple[Callable[[Document], object], str]] = {
    "topic removed": (lambda told: gone(told, "channels", "dishesEvents"), "dishes.events"),
    "more partitions": (
        lambda told: told["channels"]["dishesEvents"]["bindings"]["kafka"].update(partitions=8),
        "dishes.events",
    ),
    "message removed from its topic": (
        lambda told: gone(told, "channels", "dishesEvents", "messages", "DishServed"),
        "dishes.events.DishServed",
    ),
    "payload removed": (lambda told: gone(told, "components", "schemas", "DishSentBack"), "DishSentBack"),
    "field renamed": (lambda told: gone(told, "components", "schemas", "Address", "properties", "street"), "street"),
    "type changed": (lambda told: field(told, "dish_id", type="integer"), "DishServed.dish_id"),
    "null where none was": (
        lambda told: field(told, "dish_id", anyOf=[{"type": "string"}, {"type": "null"}]),
        "DishServed.dish_id",
    ),
    "field required that was not": (lambda told: requires(told, *ALWAYS, "cooled_at"), "DishServed.cooled_at"),
    "field missing that never was": (lambda told: requires(told, *ALWAYS[:-1]), "DishServed.to"),
    "value removed": (lambda told: schemas(told)["Course"].update(enum=["MAIN"]), "Course.STARTER"),
    "header removed": (
        lambda told: gone(told, "components", "schemas", "RecordHeaders", "properties", "ce_id"),
        "RecordHeaders.ce_id",
    ),
}


@pytest.mark.parametrize(("change", "coordinate"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_promise_to_readers_is_caught(change: Callable[[Document], object], coordinate: str) -> None:
    changed = told()
    change(changed)
    (broken,) = broken_in_topics(as_yaml(told()), as_yaml(changed))
    assert broken.coordinate.endswith(coordinate)


ALLOWED: dict[str, Callable[[Document], object]] = {
    "nothing": lambda _: None,
    "field added": lambda told: field(told, "served_by", type="string"),
    "value added": lambda told: schemas(told)["Course"].update(enum=["STARTER", "MAIN", "DESSERT"]),
    "marked as personal": lambda told: field(told, "dish_id", type="string", **{"x-personal": {"subject": "guest_id"}}),
    "described": lambda told: field(
        told, "course", description="Of how many.", allOf=[{"$ref": "#/components/schemas/Course"}]
    ),
}


@pytest.mark.parametrize("change", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_only_adds_breaks_nothing(change: Callable[[Document], object]) -> None:
    changed = told()
    change(changed)
    assert broken_in_topics(as_yaml(told()), as_yaml(changed)) == []


def test_a_release_promises_it_and_the_changelog_lets_a_break_through(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(RELEASED)
    place, broken = Place(tmp_path), told()
    bring(place, {FILE: as_yaml(told())})
    assert promised(place.released()).keys() == {FILE}
    gone(broken, "components", "schemas", "DishServed", "properties", "course")
    bring(place, {FILE: as_yaml(broken)})
    (problem,) = problems_of(place, {FILE: as_yaml(broken)})
    assert problem.startswith("DishServed.course was removed. Clients rely on it since 1.0.0")
    declared = RELEASED.replace(UNRELEASED, f"{UNRELEASED}\n- **Breaking:** `DishServed.course` is gone.\n")
    assert read_changelog(declared).declared == {"DishServed.course"}
    (tmp_path / "CHANGELOG.md").write_text(declared)
    assert [*problems_of(place, {FILE: as_yaml(broken)})] == []
    assert [*problems_of(place, {})] != []
