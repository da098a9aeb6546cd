"""The cache on disk is measured and emptied: all that is ftgui's, nothing else, and in nobody's way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ftgui.core.rows import RowTable
from ftgui.core.settings import EngineSettings
from ftgui.data.content_index import FILE_NAME, ContentIndex, KnownFile
from ftgui.jobs import cache
from ftgui.jobs.cache import FEATURES, PIXELS, Emptied, Kept, empty, measure
from ftgui.jobs.train import train
from ftgui.training.events import EpochEnded, Reason, RunEnded
from tests.core.row_samples import POSIX, WIDTH, another_program, answer, content, names_of, tell, write
from tests.core.row_samples import expected as rows_expected
from tests.core.row_samples import found as rows_found
from tests.fixtures import Drawn

EMPTY_INDEX = 50_000
"""More than an index takes that knows nothing."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A cache folder with a table of each sort, and an index."""
    root = tmp_path / "cache"
    write(root / PIXELS / "whole", *range(40))
    write(root / FEATURES / "resnet18", *range(20))
    with ContentIndex(root) as index:
        index.remember("/pictures", known_files(900))
        assert index.trouble == ""
    return root


def known_files(count: int) -> list[KnownFile]:
    return [(f"{n}.jpg", 1, 2, 3, n, n.to_bytes(16, "big"), bytes(300)) for n in range(count)]


def files_in(folder: Path) -> dict[str, int]:
    """How large each file below a folder is."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


# How much there is ------------------------------------------------------------------------------------------


def test_what_is_kept_is_told_by_kind(root: Path) -> None:
    sizes = files_in(root)
    pixels, features = (
        sum(size for name, size in sizes.items() if name.startswith(kind)) for kind in (PIXELS, FEATURES)
    )
    kept = measure(root)
    assert kept == Kept(pixels, features, sizes[FILE_NAME])
    assert kept.pixels > kept.features > 20 * WIDTH
    assert kept.total == sum(sizes.values())


def test_measuring_makes_nothing(root: Path, tmp_path: Path) -> None:
    before = files_in(tmp_path)
    measure(root)
    assert measure(tmp_path / "none") == (0, 0, 0)
    assert measure(tmp_path / "cache" / FILE_NAME) == (0, 0, 0)
    assert files_in(tmp_path) == before


def test_the_folders_of_tables_are_those_that_runs_use(tmp_path: Path) -> None:
    from ftgui.jobs.passing import make_caching  # here, as it brings torch

    caching = make_caching(EngineSettings(cache_folder=str(tmp_path)))
    assert caching.place is not None
    assert caching.pixels is not None
    assert (caching.place.folder, caching.pixels.folder) == (tmp_path / FEATURES, tmp_path / PIXELS)


# All that is ftgui's goes -----------------------------------------------------------------------------------


def test_all_goes_and_what_was_freed_is_told(root: Path) -> None:
    before = measure(root)
    emptied = empty(root)
    left = measure(root)
    assert (left.pixels, left.features) == (0, 0)
    assert left.found_out < EMPTY_INDEX < before.found_out
    assert emptied == Emptied(freed=before.total - left.found_out, in_use=0, stuck=0)
    assert [*files_in(root)] == [FILE_NAME]


def test_an_empty_cache_may_be_emptied_again(root: Path, tmp_path: Path) -> None:
    empty(root)
    assert empty(root) == Emptied(0, 0, 0)
    assert empty(tmp_path / "none") == Emptied(0, 0, 0)
    assert not (tmp_path / "none").exists()


def test_what_lies_beside_the_cache_stays(root: Path) -> None:
    foreign = {
        "thesis.txt": b"years of work",
        "index.bin": b"of mine",
        "pictures.sqlite3.bak": b"of mine",
        f"{PIXELS}/notes.txt": b"of mine",
        f"{PIXELS}/holiday/rows.bin": b"of mine",
        f"{PIXELS}/holiday/index.bin": b"of mine",
        f"{FEATURES}/deeper/still/photo.jpg": b"of mine",
        "holiday/photo.jpg": b"of mine",
    }
    for name, text in foreign.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text)
    write(root / "another" / "table", 1, 2)
    others = files_in(root / "another")
    empty(root)
    assert {name: (root / name).read_bytes() for name in foreign} == foreign
    assert files_in(root / "another") == others
    assert set(files_in(root)) == {*foreign, FILE_NAME, *(f"another/{name}" for name in others)}


@pytest.mark.parametrize("schema", ["CREATE TABLE photos (name)", "CREATE TABLE files (name)"])
def test_another_programs_database_of_that_name_stays(schema: str, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(schema)
    before = path.read_bytes()
    assert measure(tmp_path) == (0, 0, 0)
    assert empty(tmp_path) == Emptied(0, 0, 0)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "folder"])
def test_what_is_no_database_stays(kind: str, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    if kind == "folder":
        path.mkdir()
    else:
        path.write_text("a list of pictures, by hand\n" * 100)
    assert empty(tmp_path) == Emptied(0, 0, 0)
    assert path.is_dir() if kind == "folder" else path.read_text().startswith("a list")


# In nobody's way --------------------------------------------------------------------------------------------


def test_a_table_that_is_being_written_stays_whole_here_and_elsewhere(root: Path) -> None:
    with (
        RowTable(root / PIXELS / "whole", WIDTH) as here,
        another_program(root / FEATURES / "resnet18") as elsewhere,
    ):
        assert answer(elsewhere) == "True"
        before = measure(root)
        emptied = empty(root)
        assert emptied.in_use == before.pixels + before.features > 0
        assert emptied.stuck == 0
        here.add(names_of(40), content(names_of(40)))
        assert rows_found(here, names_of(0, 40)) == rows_expected(0, 40)
        assert tell(elsewhere, "99") == "21"
    assert empty(root).in_use == 0
    assert measure(root)[:2] == (0, 0)


@POSIX
def test_who_reads_a_table_keeps_its_rows(root: Path) -> None:
    reader = RowTable(root / PIXELS / "whole", WIDTH)
    reader.close()
    mapped = reader.mapped()
    empty(root)
    assert measure(root).pixels == 0
    assert rows_found(reader, names_of(0, 39)) == rows_expected(0, 39)
    assert np.array_equal(mapped, content(names_of(*range(40))))


def test_what_cannot_be_deleted_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == root / PIXELS / "whole" / "rows.bin":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    before = measure(root)
    emptied = empty(root)
    assert (emptied.stuck, emptied.in_use) == (before.pixels, 0)
    assert measure(root).features == 0


def test_who_has_the_index_open_goes_on_with_an_empty_one(root: Path) -> None:
    with ContentIndex(root) as index:
        assert len(index.files("/pictures")) == 900
        empty(root)
        assert index.files("/pictures") == {}
        assert not index.facts((5).to_bytes(16, "big"))
        index.remember("/pictures", known_files(3))
        assert [*index.files("/pictures").values()] == known_files(3)
        assert index.trouble == ""
    with ContentIndex(root) as index:
        assert [*index.files("/pictures").values()] == known_files(3)


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_an_index_that_is_being_written_stays_and_is_told(
    begin: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "PATIENCE_SECONDS", 0.0)
    with closing(sqlite3.connect(root / FILE_NAME, isolation_level=None)) as writer:
        writer.execute(begin)
        writer.execute("DELETE FROM files WHERE path = '0.jpg'")
        emptied = empty(root)
        assert emptied.in_use >= (root / FILE_NAME).stat().st_size
        assert emptied.stuck == 0
        writer.execute("COMMIT")
    with ContentIndex(root) as index:
        assert len(index.files("/pictures")) == 899


def test_an_index_that_may_not_be_written_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect

    def read_only(path: Path, **options: object) -> sqlite3.Connection:
        return connect(f"{path.as_uri()}?mode=ro", uri=True, **options)

    monkeypatch.setattr(sqlite3, "connect", read_only)
    emptied = empty(root)
    assert (emptied.in_use, emptied.stuck) == (0, (root / FILE_NAME).stat().st_size)


@pytest.mark.long
@pytest.mark.usefixtures("small_crops")
def test_a_run_ends_as_ever_though_the_cache_is_emptied_after_each_epoch(
    drawn: Drawn, tmp_path: Path
) -> None:
    root = EngineSettings().cache_root
    config = drawn.config(strategy="thaw", thaw_epoch=2)
    alone = [event for event in train(config, tmp_path / "alone") if isinstance(event, EpochEnded)]
    assert measure(root).features > 0
    empty(root)
    freed, epochs, ended = [], [], None
    for event in train(config, tmp_path / "emptied"):
        if isinstance(event, EpochEnded):
            epochs.append(event)
            freed.append(empty(root).freed)
        ended = event
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.COMPLETED, ended.message
    assert any(freed), "there was something to delete"
    assert [(e.train_loss, e.val_loss) for e in epochs] == [(e.train_loss, e.val_loss) for e in alone]
