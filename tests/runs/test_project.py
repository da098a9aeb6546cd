"""A project on the disk, and which runs belong to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock

from ftgui.core.errors import FtguiError
from ftgui.runs.comparison import COMPARISON
from ftgui.runs.library import bring_in, comparison_of, listed_runs, runs_in, size_of
from ftgui.runs.project import (
    PROJECT,
    ListedRun,
    ProjectFile,
    as_listed,
    is_damaged,
    is_project,
    is_setting,
    keep_aside,
    place_of,
    read_project,
    write_project,
)
from ftgui.runs.store import EVENTS, LOCK

FULL = ProjectFile(
    dataset="/data/ants & bees",
    weights="/data/resnet18.pth",
    architecture="resnet18",
    preprocessing="ResNet18_Weights.IMAGENET1K_V1",
    classes=5,
    strategy="partial",
    settings={"epochs": 3, "lr": 0.5, "freeze_until": "layer2"},
    stage_lr={"freeze": {"stem": 0.25}},
    runs=(ListedRun(folder="runs/first", name="the good one", colour=4, shown=True),),
    comparisons=("/elsewhere/comparison",),
    removed=("/elsewhere/comparison/runs/full-seed0",),
)


def make_run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / EVENTS).write_bytes(b"12345")
    return folder


def make_comparison(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    (folder / COMPARISON).write_text("{}", encoding="utf-8")
    for name in names:
        make_run(folder / "runs" / name)
    return folder


# The file ---------------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_project(tmp_path, FULL)
    assert read_project(tmp_path) == FULL
    assert json.loads((tmp_path / PROJECT).read_bytes())["format_version"] == 1


def test_an_older_file_that_lacks_what_came_later_is_read(tmp_path: Path) -> None:
    (tmp_path / PROJECT).write_text('{"dataset": "/data", "of tomorrow": 1}', encoding="utf-8")
    assert read_project(tmp_path) == ProjectFile(dataset="/data")


def test_a_newer_file_is_refused_by_name_and_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / PROJECT).write_text('{"format_version": 99, "dataset": 3}', encoding="utf-8")
    with pytest.raises(FtguiError, match="newer ftgui"):
        read_project(tmp_path)
    assert not is_damaged(tmp_path)


def test_a_folder_without_a_project_is_said(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="holds no project"):
        read_project(tmp_path)
    assert not is_damaged(tmp_path)


@pytest.mark.parametrize("content", [b'{"dataset": "/da', b'{"runs": 3}', b"", b"\xff"])
def test_a_damaged_file_is_kept_aside_as_it_is(tmp_path: Path, content: bytes) -> None:
    for _ in range(2):
        (tmp_path / PROJECT).write_bytes(content)
        assert is_damaged(tmp_path)
        kept = keep_aside(tmp_path)
        assert kept.read_bytes() == content
        assert not (tmp_path / PROJECT).exists()
    assert len(list(tmp_path.iterdir())) == 2, "the second beside the first"


@pytest.mark.parametrize("killed_in", ["fsync", "replace"])
def test_killed_while_writing_the_old_file_is_there_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    write_project(tmp_path, FULL)
    with monkeypatch.context() as patch:
        patch.setattr(*("os.fsync", killed) if killed_in == "fsync" else (Path, "replace", killed))
        with pytest.raises(KeyboardInterrupt):
            write_project(tmp_path, ProjectFile())
    assert read_project(tmp_path) == FULL


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="The project cannot be written"):
        write_project(tmp_path / "gone", FULL)


def test_settings_are_known_by_name_and_kind() -> None:
    assert is_setting("epochs", 3)
    assert is_setting("lr", 1)
    assert not is_setting("epochs", "many")
    assert not is_setting("of tomorrow", 1)
    assert not is_setting("dataset", "/data")


def test_runs_inside_are_named_so_that_the_project_can_be_moved(tmp_path: Path) -> None:
    inside, outside = tmp_path / "project" / "runs" / "a", tmp_path / "b"
    project = tmp_path / "project"
    assert as_listed(inside, project) == "runs/a"
    assert as_listed(outside, project) == str(outside)
    for folder in (inside, outside):
        assert place_of(as_listed(folder, project), project) == folder


# Its runs ---------------------------------------------------------------------------------------------------


def test_runs_are_found_beside_each_other_and_in_comparisons(tmp_path: Path) -> None:
    second = make_run(tmp_path / "b")
    first = make_run(tmp_path / "a")
    comparison = make_comparison(tmp_path / "c", "freeze-seed0", "full-seed0")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "note.txt").touch()
    (comparison / "runs" / "not begun").mkdir()
    assert runs_in(tmp_path) == [
        first,
        second,
        comparison / "runs" / "freeze-seed0",
        comparison / "runs" / "full-seed0",
    ]
    assert runs_in(tmp_path / "gone") == []
    assert comparison_of(comparison / "runs" / "full-seed0") == comparison
    assert comparison_of(first) is None


def test_a_project_has_what_it_lists_and_then_what_came_since(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("a", "b", "c"):
        make_run(project / "runs" / name)
    elsewhere = make_comparison(tmp_path / "elsewhere", "one", "two", "three")
    listed = (
        ListedRun(folder="runs/b", name="mine"),
        ListedRun(folder=str(elsewhere / "runs" / "two"), colour=7),
        ListedRun(folder="runs/gone"),
    )
    kept = ProjectFile(
        runs=listed, comparisons=(str(elsewhere),), removed=(str(elsewhere / "runs" / "three"),)
    )
    assert tuple(listed_runs(project, kept)) == (
        *listed,
        ListedRun(folder="runs/a"),
        ListedRun(folder="runs/c"),
        ListedRun(folder=str(elsewhere / "runs" / "one")),
    )


def test_runs_move_into_a_project_and_comparisons_as_a_whole(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    alone, left = make_run(home / "alone"), make_run(home / "left")
    compared = make_comparison(home / "comparison", "one", "two")
    outside = make_run(tmp_path / "outside")
    asked = [alone, compared / "runs" / "one", compared / "runs" / "two", outside]
    lies = bring_in(asked, home, project)
    assert list(lies) == asked
    assert list(lies.values()) == [
        project / "runs" / "alone",
        project / "runs" / "comparison" / "runs" / "one",
        project / "runs" / "comparison" / "runs" / "two",
        outside,
    ]
    assert all((place / EVENTS).is_file() for place in lies.values())
    assert (project / "runs" / "comparison" / COMPARISON).is_file()
    assert sorted(home.iterdir()) == [left]


def test_what_cannot_be_moved_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_disk(*_args: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    run = make_run(tmp_path / "home" / "run")
    (tmp_path / "project").mkdir()
    monkeypatch.setattr(Path, "rename", another_disk)
    assert bring_in([run], tmp_path / "home", tmp_path / "project") == {run: run}
    assert (run / EVENTS).is_file()


def test_what_another_program_writes_stays(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    run = make_run(home / "run")
    compared = make_comparison(home / "comparison", "one", "two")
    asked = [run, compared / "runs" / "two"]
    for place in (home / "run", compared / "runs" / "one", compared):
        with FileLock(place / LOCK):
            lies = bring_in([place if place == run else asked[1]], home, project)
        assert all(before == now for before, now in lies.items())
    assert [lies != before for before, lies in bring_in(asked, home, project).items()] == [True, True]


def test_what_nobody_may_look_into_is_no_run_and_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    make_run(tmp_path / "run")
    monkeypatch.setattr(Path, "is_file", refused)
    assert runs_in(tmp_path) == []
    assert comparison_of(tmp_path / "runs" / "a") is None
    assert not is_project(tmp_path)


def test_a_run_that_is_listed_twice_is_one(tmp_path: Path) -> None:
    kept = ProjectFile(
        runs=(ListedRun(folder="runs/a", name="mine"), ListedRun(folder=str(tmp_path / "runs" / "a")))
    )
    assert listed_runs(tmp_path, kept) == [kept.runs[0]]


def test_a_name_that_is_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="no text"):
        write_project(tmp_path, ProjectFile(dataset="caf\udce9"))


def test_the_size_of_a_run_is_that_of_its_files(tmp_path: Path) -> None:
    assert size_of(make_comparison(tmp_path / "c", "one", "two")) == 2 + 5 + 5
