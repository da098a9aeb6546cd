"""What is wrong with pictures is found, each problem with its file, and nothing is said of good ones."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ftgui.data import check
from ftgui.data.findings import KINDS
from tests.data.drawn_trees import (
    Checked,
    animation,
    checked,
    encoded,
    jpeg,
    plain,
    stamps,
    write,
)
from tests.harness.privileges import folder_for_all, without_privileges

LOST = {kind for kind, facts in KINDS.items() if facts.weight == "lost"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def check_of(tmp_path: Path, files: dict[str, bytes]) -> Checked:
    return checked(write(tmp_path / "pictures", files), tmp_path / "index")


def test_nothing_is_said_of_good_pictures(tmp_path: Path) -> None:
    assert check_of(tmp_path, plain()).of() == []


def test_nothing_is_said_of_a_good_split(tmp_path: Path) -> None:
    files = plain(side="train/") | plain(side="val/", first=100) | plain(side="test/", first=200)
    assert check_of(tmp_path, files).of() == []


FILES = {
    "truncated": jpeg(900)[:-300],
    "empty_file": b"",
    "not_a_picture": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "unreadable": encoded("PNG")[:60] + b"\0" * 20 + encoded("PNG")[80:],
    "tiny": encoded("JPEG", (9, 60)),
    "animated": animation(),
}
"""What makes a finding by itself, whatever the rest."""


@pytest.mark.parametrize("kind", FILES)
def test_a_file_with_one_problem_makes_one_finding(tmp_path: Path, kind: str) -> None:
    result = check_of(tmp_path, {**plain(), "a/wrong.jpg": FILES[kind]})
    assert result.of() == [(kind, "a/wrong.jpg")]
    (finding,) = result.findings
    assert finding.message.endswith(".")
    assert result.tally.usable["train", 0] == 4 + (kind not in LOST)


def test_a_picture_too_large_to_decode_is_found_from_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ftgui.data.decode.MAX_PIXELS", 5000)
    result = check_of(tmp_path, {**plain(), "b/wall.png": encoded("PNG", (100, 51))})
    assert result.of() == [("too_large", "b/wall.png")]


def test_a_file_that_may_not_be_read_is_found() -> None:
    with folder_for_all() as folder:
        root = write(folder / "pictures", {**plain(), "a/secret.jpg": jpeg(77)})
        index = folder / "index"
        index.mkdir()
        index.chmod(0o777)
        (root / "a/secret.jpg").chmod(0)
        with without_privileges():
            result = checked(root, index)
        assert result.of() == [("no_permission", "a/secret.jpg")]


def test_a_file_that_goes_between_listing_and_looking_is_unreadable(tmp_path: Path, root: Path) -> None:
    from ftgui.data.scan import scan_dataset
    from tests.data.drawn_trees import looked

    dataset = scan_dataset(write(root, plain()))
    (root / "a/00.jpg").unlink()
    looks = looked(dataset, tmp_path / "index")
    found = check.find_problems(check.Tally(dataset, looks))
    assert [(f.kind, f.path) for f in found] == [("unreadable", "a/00.jpg")]


# The same picture more than once.


def test_a_copy_within_a_class_is_a_duplicate_of_the_first(tmp_path: Path) -> None:
    result = check_of(tmp_path, {**plain(), "a/zz.jpg": jpeg(0), "a/zzz.jpg": jpeg(0)})
    assert result.of() == [("duplicate", "a/zz.jpg"), ("duplicate", "a/zzz.jpg")]
    assert {finding.others for finding in result.findings} == {("a/00.jpg",)}


def test_the_same_picture_in_two_classes_is_a_labelling_error_of_both(tmp_path: Path) -> None:
    result = check_of(tmp_path, {**plain(), "b/zz.jpg": jpeg(1)})
    assert result.of() == [
        ("duplicate_across_classes", "a/01.jpg"),
        ("duplicate_across_classes", "b/zz.jpg"),
    ]
    assert [finding.others for finding in result.findings] == [("b/zz.jpg",), ("a/01.jpg",)]


@pytest.mark.parametrize(("side", "other"), [("val", "test"), ("test", "val")])
def test_a_picture_of_train_in_another_split_is_leakage(tmp_path: Path, side: str, other: str) -> None:
    files = plain(side="train/") | plain(side=f"{side}/", first=50) | plain(side=f"{other}/", first=90)
    result = check_of(tmp_path, files | {f"{side}/a/zz.jpg": jpeg(2)})
    assert result.of() == [("duplicate_across_splits", f"{side}/a/zz.jpg")]
    assert result.findings[0].others == ("train/a/02.jpg",)


def test_a_picture_of_val_in_test_is_leakage_too(tmp_path: Path) -> None:
    files = plain(side="train/") | plain(side="val/", first=50) | plain(side="test/", first=90)
    result = check_of(tmp_path, files | {"test/a/zz.jpg": jpeg(50)})
    assert result.of() == [("duplicate_across_splits", "test/a/zz.jpg")]


def test_empty_files_are_not_each_others_copies(tmp_path: Path) -> None:
    result = check_of(tmp_path, {**plain(), "a/x.jpg": b"", "b/y.jpg": b""})
    assert result.of() == [("empty_file", "a/x.jpg"), ("empty_file", "b/y.jpg")]


def test_web_pages_saved_as_pictures_are_not_each_others_copies(tmp_path: Path) -> None:
    page = FILES["not_a_picture"]
    result = check_of(tmp_path, {**plain(), "a/x.jpg": page, "b/y.jpg": page})
    assert result.of() == [("not_a_picture", "a/x.jpg"), ("not_a_picture", "b/y.jpg")]


def test_a_placeholder_that_lies_there_a_thousand_times_names_a_few_others_each(tmp_path: Path) -> None:
    files = {f"{name}/{n}.jpg": jpeg(0) for name in "ab" for n in range(100)}
    findings = [f for f in check_of(tmp_path, files).findings if f.kind == "duplicate_across_classes"]
    assert len(findings) == 200
    assert {len(finding.others) for finding in findings} == {check.MOST_OTHERS}


# Unlike all others.


@pytest.mark.parametrize("name", ["0.jpg", "imageNotFound.gif", "photo.jpeg"])
def test_the_only_gif_among_jpegs_is_odd_whatever_its_name(tmp_path: Path, name: str) -> None:
    result = check_of(tmp_path, {**plain(each=12), f"b/{name}": encoded("GIF")})
    assert result.of() == [("odd_one_out", f"b/{name}")]
    assert "the only GIF among 24 JPEG pictures" in result.findings[0].message


def test_a_picture_of_a_hundredth_of_the_others_size_is_odd(tmp_path: Path) -> None:
    files = {f"{c}/{n}.jpg": jpeg(n + 20 * (c == "b"), (400, 300)) for c in "ab" for n in range(12)}
    result = check_of(tmp_path, files | {"a/small.jpg": jpeg(99, (40, 30))})
    assert result.of() == [("odd_one_out", "a/small.jpg")]


def test_two_formats_side_by_side_are_not_odd(tmp_path: Path) -> None:
    files = {**plain(each=12), "a/x.gif": encoded("GIF"), "b/y.gif": encoded("GIF", colour="red")}
    assert check_of(tmp_path, files).of() == []


def test_nothing_is_odd_among_a_handful(tmp_path: Path) -> None:
    assert check_of(tmp_path, {**plain(), "b/it.gif": encoded("GIF")}).of() == []


def test_many_small_pictures_are_a_part_of_the_set(tmp_path: Path) -> None:
    files = {f"{c}/{n}.jpg": jpeg(n + 20 * (c == "b"), (400, 300)) for c in "ab" for n in range(12)}
    files |= {f"a/small{n}.jpg": jpeg(99 + n, (40, 30)) for n in range(3)}
    assert check_of(tmp_path, files).of() == []


# Classes.


def test_a_class_that_val_lacks_is_said(tmp_path: Path) -> None:
    files = plain(3, side="train/") | plain(2, side="val/", first=50)
    assert check_of(tmp_path, files).of() == [("class_missing", "val/c")]


def test_a_class_that_train_lacks_is_said_and_shifts_no_label(tmp_path: Path) -> None:
    files = {f"train/{name}/{n}.jpg": jpeg(n + 10 * (name == "c")) for name in "bc" for n in range(3)}
    files |= {f"val/{name}/{n}.jpg": jpeg(50 + n + 10 * ord(name)) for name in "abc" for n in range(2)}
    result = check_of(tmp_path, files)
    assert result.of() == [("class_missing", "val/a")]
    assert result.dataset.class_names == ("b", "c")
    assert Counter(picture.label for picture in result.dataset.val) == {0: 2, 1: 2}


def test_a_class_folder_without_pictures_is_said(tmp_path: Path) -> None:
    (tmp_path / "pictures/empty").mkdir(parents=True)
    assert check_of(tmp_path, plain()).of() == [("class_missing", "empty")]


def test_a_class_of_which_no_picture_can_be_used_is_said(tmp_path: Path) -> None:
    result = check_of(tmp_path, {**plain(), "c/x.jpg": b"", "c/y.jpg": FILES["truncated"]})
    assert result.of("class_missing") == [("class_missing", "c")]


@pytest.mark.parametrize(("count", "said"), [(12, False), (13, True)])
def test_classes_are_unequal_above_three_to_one(tmp_path: Path, count: int, said: bool) -> None:
    files = {f"a/{n}.jpg": jpeg(n) for n in range(4)} | {f"b/{n}.jpg": jpeg(50 + n) for n in range(count)}
    result = check_of(tmp_path, files)
    assert result.of() == ([("imbalance", "")] if said else [])
    assert all("“b” has 13" in finding.message for finding in result.findings)


# What is not even looked at.


IGNORED = (
    *(".DS_Store", "a/Thumbs.db", "__MACOSX/a/._00.jpg", "a/.ipynb_checkpoints/00.jpg"),
    *("@eaDir/00.jpg", "notes.txt", "a/00.xml"),
)


def test_hidden_and_system_entries_are_ignored_and_said(tmp_path: Path) -> None:
    result = check_of(tmp_path, plain() | dict.fromkeys(IGNORED, b"x"))
    said = ("__MACOSX", ".DS_Store", "@eaDir", "a/.ipynb_checkpoints", "a/00.xml", "a/Thumbs.db", "notes.txt")
    assert sorted(result.of()) == sorted(("ignored", path) for path in said)
    assert result.dataset.class_names == ("a", "b")


def test_a_broken_link_is_unreadable_and_a_loop_ends(tmp_path: Path, root: Path) -> None:
    write(root, plain())
    (root / "a/gone.jpg").symlink_to(root / "nowhere.jpg")
    (root / "b/up").symlink_to(root, target_is_directory=True)
    result = checked(root, tmp_path / "index")
    assert sorted(result.of()) == [("ignored", "b/up"), ("unreadable", "a/gone.jpg")]


# All at once.

PROBLEMS = st.dictionaries(
    st.sampled_from(["train/a", "train/b", "val/a", "val/b/deep"]),
    st.lists(st.sampled_from(sorted(FILES)), max_size=4),
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems=PROBLEMS, copies=st.sets(st.sampled_from(["train/a", "train/b", "val/a"]), max_size=3))
def test_problems_together_are_found_as_each_alone_and_the_folder_stays_untouched(
    tmp_path: Path, problems: dict[str, list[str]], copies: set[str]
) -> None:
    shutil.rmtree(tmp_path / "pictures", ignore_errors=True)
    files = plain(side="train/", each=9) | plain(side="val/", each=3, first=500)
    expected = set()
    for folder, kinds in problems.items():
        for number, kind in enumerate(kinds):
            path = f"{folder}/{kind}{number}.jpg"
            files[path] = FILES[kind] + os.urandom(8) if kind in ("tiny", "not_a_picture") else FILES[kind]
            expected.add((kind, path))
    files |= {f"{folder}/copy.jpg": jpeg(3) for folder in copies}
    root = write(tmp_path / "pictures", files)
    before = stamps(root)
    result = checked(root, tmp_path / "index")
    own = set(FILES)
    assert {found for found in result.of() if found[0] in own} == expected
    of_copies = {"train/a/03.jpg", *(f"{folder}/copy.jpg" for folder in copies)}
    across = {path for _, path in result.of("duplicate_across_classes")}
    assert across & of_copies == (of_copies if "train/b" in copies else set())
    assert ("duplicate_across_splits", "val/a/copy.jpg") in result.of() or "val/a" not in copies
    assert stamps(root) == before
    again = checked(root, tmp_path / "index")
    assert again.findings == result.findings


def test_all_kinds_of_findings_have_words() -> None:
    for facts in KINDS.values():
        assert facts.title
        assert facts.meaning.endswith(".")


def test_pictures_of_every_mode_are_usable(tmp_path: Path) -> None:
    files = plain()
    root = write(tmp_path / "pictures", files)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "LAB", "F"):
        form = "TIFF" if mode in ("CMYK", "LAB", "F") else "PNG"
        Image.new(mode, (40, 40)).save(root / f"a/{mode.replace(';', '')}.{form.lower()}", form)
    assert checked(root, tmp_path / "index").of(*LOST) == []
