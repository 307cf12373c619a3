"""`python -m runtime schema [--check]`: writes the schema files, or says what is wrong with them."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from runtime.schema.breaking import Breaking, broken_in_events, broken_in_graph
from runtime.schema.breaking_topics import broken_in_topics
from runtime.schema.composing import CompositionFailed, composed
from runtime.schema.exporting import exported
from runtime.schema.releasing import VERSION, Changelog, flaws, promised, read_changelog, release_of
from runtime.schema.topics import FILE as TOPICS
from runtime.schema.topics import asyncapi
from runtime.schema.validating import DocumentInvalid, validate

ROOT = Path(__file__).parents[2]
COMPARE = {".graphql": broken_in_graph, ".json": broken_in_events, ".yaml": broken_in_topics}


@dataclass(frozen=True)
class Place:
    """A tree with schema/, supergraph.yaml and CHANGELOG.md."""

    root: Path = ROOT
    node: str = "node"

    @property
    def schema(self) -> Path:
        return self.root / "schema"

    def changelog(self) -> Changelog:
        path = self.root / "CHANGELOG.md"
        return read_changelog(path.read_text() if path.exists() else "")

    def committed(self) -> dict[str, str]:
        return {path: text for path, text in files_in(self.schema).items() if not path.startswith("released/")}

    def released(self) -> dict[str, str]:
        return files_in(self.schema / "released")


def write() -> int:
    """Bring schema/ up to date, and schema/released/ when the changelog has a new release. 0, or 1 and the reasons."""
    try:
        bring(Place(), current())
    except (CompositionFailed, DocumentInvalid) as failed:
        return reported([str(failed)])
    return 0


def check() -> int:
    """0 when schema/ is up to date and breaks no undeclared promise, else 1 and the reasons on standard error."""
    try:
        problems = [*problems_of(Place(), current())]
    except (CompositionFailed, DocumentInvalid) as failed:
        problems = [str(failed)]
    return reported(problems)


def reported(problems: list[str]) -> int:
    sys.stderr.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


def current(place: Place | None = None) -> dict[str, str]:
    """Path below schema/ → text, as the code says now."""
    from runtime.wiring import SUBGRAPHS

    place = place or Place()
    topics = asyncapi(SUBGRAPHS, place.changelog().released or "0.0.0")
    return whole({**exported(SUBGRAPHS), TOPICS: topics}, place)


def whole(files: Mapping[str, str], place: Place) -> dict[str, str]:
    """The exported files and what the composer makes of them.

    Raises:
        CompositionFailed: the subgraphs do not fit together.
        DocumentInvalid: what is said of the topics is no AsyncAPI.
    """
    if TOPICS in files:
        validate(ROOT, files[TOPICS], place.node)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        save(root / "schema", files)
        shutil.copy(place.root / "supergraph.yaml", root)
        return {**files, **composed(ROOT, root / "supergraph.yaml", place.node)}


def bring(place: Place, files: Mapping[str, str]) -> None:
    """Write the files, remove those that are no more, and keep a release that the changelog announces."""
    for path in place.committed().keys() - files.keys():
        (place.schema / path).unlink()
    save(place.schema, files)
    newest = place.changelog().released
    if newest and newest != place.released().get(VERSION, "").strip():
        shutil.rmtree(place.schema / "released", ignore_errors=True)
        save(place.schema / "released", release_of(newest, files))


def problems_of(place: Place, files: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with schema/, one sentence each."""
    committed = place.committed()
    for path in sorted(files.keys() | committed.keys()):
        if files.get(path) != committed.get(path):
            yield f"schema/{path} is not up to date: run `make schema`."
    changelog, released = place.changelog(), place.released()
    yield from flaws(released, changelog)
    for broken in dict.fromkeys(broken_promises(released, files)):  # the topics' file tells of events once more
        if broken.coordinate not in changelog.declared:
            yield (
                f"{broken.sentence} Clients rely on it since {released[VERSION].strip()}: keep it, or write an entry"
                f" `- **Breaking:** `{broken.coordinate}` …` under [Unreleased] in CHANGELOG.md."
            )


def broken_promises(released: Mapping[str, str], files: Mapping[str, str]) -> Iterator[Breaking]:
    for path, before in sorted(promised(released).items()):
        now = files.get(path)
        if now is None:
            yield Breaking(path, f"schema/{path} was removed.")
        else:
            yield from COMPARE[Path(path).suffix](before, now)


def files_in(folder: Path) -> dict[str, str]:
    """Path below the folder → text."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def save(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
