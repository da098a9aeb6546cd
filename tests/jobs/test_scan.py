"""What is said of a folder: how many pictures can be used, what is wrong, whether it can be trained on."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from ftgui.core.errors import FtguiError
from ftgui.core.settings import EngineSettings, write_settings
from ftgui.data.content_index import FILE_NAME
from ftgui.jobs.prepare import find_pictures
from ftgui.jobs.scan import ScanReport, check, list_pictures, scan, without
from ftgui.training.clock import RunClock
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from tests.data.drawn_trees import drained, jpeg, plain, write
from tests.harness.privileges import folder_for_all, without_privileges

CUT = jpeg(900)[:-300]


def report_of(root: Path, files: dict[str, bytes], left_out: Collection[str] = ()) -> ScanReport:
    dataset, _ = list_pictures(write(root, files))
    return without(drained(check(dataset)), dataset, left_out)


def counts(report: ScanReport) -> list[tuple[int, int, int]]:
    return [(entry.train, entry.val, entry.test) for entry in report.classes]


def test_only_pictures_that_can_be_used_are_counted(tmp_path: Path) -> None:
    files = plain(side="train/") | plain(side="val/", first=50) | {"train/a/x.jpg": b"", "val/b/y.jpg": CUT}
    listed = list_pictures(write(tmp_path / "p", files)).report
    assert (listed.pictures, counts(listed), listed.checked) == (18, [(5, 4, 0), (4, 5, 0)], False)
    report = report_of(tmp_path / "p", {})
    assert (report.pictures, counts(report), report.checked) == (16, [(4, 4, 0), (4, 4, 0)], True)
    assert report.ready
    assert report.layout == "split_folders"


def test_scan_is_a_list_and_a_check_of_it(tmp_path: Path) -> None:
    root = write(tmp_path / "p", plain() | {"a/x.jpg": b""})
    assert drained(scan(root)) == drained(check(list_pictures(root).dataset))


NOT_READY = {
    "No picture of “b” can be used to learn from.": plain(1) | {"b/0.jpg": CUT, "b/1.jpg": b""},
    "No class has two pictures that can be used, so none can be kept for validation.": {
        "a/0.jpg": jpeg(0),
        "b/0.jpg": jpeg(1),
        "b/1.jpg": CUT,
    },
    "No class has two different pictures, so none can be kept for validation.": {
        f"{name}/{n}.jpg": jpeg(ord(name)) for name in "ab" for n in range(3)
    },
    "No picture can be used for validation.": plain(side="train/") | {"val/a/0.jpg": CUT, "val/b/0.jpg": b""},
}


@pytest.mark.parametrize("reason", NOT_READY)
def test_what_cannot_be_trained_on_is_not_ready_and_says_why(tmp_path: Path, reason: str) -> None:
    report = report_of(tmp_path / "p", NOT_READY[reason])
    assert not report.ready
    assert report.reasons == (reason,)


@pytest.mark.skipif(sys.platform == "win32", reason="has no permission bits to take away")
def test_a_folder_that_may_not_be_read_is_a_finding_and_nothing_is_trained_on_the_rest() -> None:
    with folder_for_all() as folder:
        root = write(folder / "p", plain(3))
        (root / "b").chmod(0)
        with without_privileges():
            report = drained(check(list_pictures(root).dataset, EngineSettings()))
            config = TrainConfig(dataset=str(root), weights="any.pth")
            finding = find_pictures(config, EngineSettings(), RunClock(), RunControl())
            with pytest.raises(FtguiError, match="may not be read"):
                drained(finding)
    assert [(f.kind, f.path) for f in report.findings] == [("no_permission", "b")]
    assert report.pictures == 8
    assert not report.ready
    assert report.reasons[0] == "The folder “b” may not be read."


def test_pictures_left_out_count_no_more_and_make_no_findings(tmp_path: Path) -> None:
    files = plain(each=3) | {"b/copy.jpg": jpeg(0), "a/cut.jpg": CUT}
    whole = report_of(tmp_path / "p", files)
    assert [finding.kind for finding in whole.findings] == [
        "truncated",
        "duplicate_across_classes",
        "duplicate_across_classes",
    ]
    less = report_of(tmp_path / "p", {}, {"b/copy.jpg", "a/cut.jpg", "a/01.jpg", "nowhere.jpg"})
    assert less.findings == ()
    assert counts(less) == [(2, 0, 0), (3, 0, 0)]
    assert counts(whole) == [(3, 0, 0), (4, 0, 0)]


def test_classes_are_unequal_by_what_is_left_of_them(tmp_path: Path) -> None:
    files = {f"a/{n}.jpg": jpeg(n) for n in range(3)} | {f"b/{n}.jpg": jpeg(50 + n) for n in range(10)}
    (finding,) = report_of(tmp_path / "p", files).findings
    assert finding.kind == "imbalance"
    assert report_of(tmp_path / "p", {}, {"b/0.jpg"}).findings == ()
    (finding,) = report_of(tmp_path / "p", {}, {"a/0.jpg"}).findings
    assert "“a” 2" in finding.message


def test_leaving_out_the_last_picture_of_a_class_is_not_ready(tmp_path: Path) -> None:
    report = report_of(tmp_path / "p", plain(each=2), {"a/00.jpg", "a/01.jpg"})
    assert report.reasons == ("No picture of “a” can be used to learn from.",)


def test_what_was_found_out_is_kept_unless_nothing_may_be(tmp_path: Path) -> None:
    write_settings(EngineSettings(cache_folder=str(tmp_path / "cache"), cache_gb=0.0))
    assert report_of(tmp_path / "p", plain()).ready
    assert not (tmp_path / "cache").exists()
    write_settings(EngineSettings(cache_folder=str(tmp_path / "cache")))
    assert report_of(tmp_path / "p", {}).ready
    assert (tmp_path / "cache" / FILE_NAME).is_file()
