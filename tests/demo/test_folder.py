"""The demo's folder is its own: it throws nothing away that is not a demo's, and goes on only where one was."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.demo.__main__ import CANNOT, main
from simulator.demo.folder import CannotPlay, Folder, Kept, only_demo
from simulator.demo.starting import OTHERS, Site
from simulator.living import Clock

KEPT = Kept(seed="7", orders=12, rate=20.0, at=datetime(2026, 1, 16, 15, 30, tzinfo=UTC))


def test_a_demo_begins_afresh_where_an_earlier_one_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "demo")
    folder.begin(KEPT)
    (folder.path / "facts.json").write_text("old")
    folder.begin(KEPT)
    assert not (folder.path / "facts.json").exists()
    assert folder.kept() == KEPT


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(CannotPlay, match="not a demo's folder"):
        Folder(tmp_path).begin(KEPT)
    assert (tmp_path / "postgres").exists()
    assert main(["--data-dir", str(tmp_path)]) == CANNOT


def test_there_must_be_something_to_go_on_with(tmp_path: Path) -> None:
    assert main(["--resume", "--data-dir", str(tmp_path / "demo")]) == CANNOT


def test_two_demos_do_not_play_in_one_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "demo")
    with only_demo(folder), pytest.raises(CannotPlay, match="Another demo"), only_demo(folder):
        pytest.fail("nobody else is there")
    with only_demo(folder):
        pass


def test_the_platform_is_told_everything_that_could_lead_it_elsewhere(tmp_path: Path) -> None:
    started = datetime(2026, 3, 1, tzinfo=UTC)
    clock = Clock(rate=20.0, started=started, origin=KEPT.at)
    command = Site(folder=tmp_path, port=4700, clock=clock, restaurants=40).command()
    assert {f"DATA_DIR={tmp_path}", "PORT=4700", "CLOCK_RATE=20.0", "CITY_RESTAURANTS=40"} <= {*command}
    assert {f"CLOCK_ORIGIN={KEPT.at.isoformat()}", f"CLOCK_STARTED={started.isoformat()}"} <= {*command}
    unset = {name for flag, name in pairwise(command) if flag == "-u"}
    assert {"OWNER_DATABASE_URL", "DATABASE_URL", "VALKEY_URL", "GATEWAY_URL"} <= unset
    assert unset <= {*OTHERS}
