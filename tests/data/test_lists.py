"""Datasets that a list of paths and labels describes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftgui.cli.parser import make_parser
from ftgui.cli.training import config_from, read_paths
from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.lists import read_rows
from ftgui.data.scan import scan_dataset
from ftgui.training.config import TrainConfig
from tests.data.conftest import Tree

PICTURES = ("images/1.jpg", "images/2.jpg", "images/3.jpg", "images/4.jpg")
LIST = "images/1.jpg,cat\nimages/2.jpg,dog\nimages/3.jpg,cat\nimages/4.jpg,dog\n"


def scanned(root: Path, name: str, text: str) -> Dataset:
    (root / name).write_text(text, encoding="utf-8")
    return scan_dataset(root)


def pairs(dataset: Dataset, side: str = "train") -> list[tuple[str, str]]:
    pictures: tuple[Picture, ...] = dict(dataset.sides)[side]
    return [(picture.path, dataset.class_names[picture.label]) for picture in pictures]


EXPECTED = [(path, name) for path, name in zip(PICTURES, ("cat", "dog", "cat", "dog"), strict=True)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", LIST),
        ("labels.csv", "path,label\n" + LIST),
        ("labels.CSV", "﻿Filename,Class\r\n" + LIST.replace("\n", "\r\n")),
        ("a.csv", "label,notes,image\n" + "".join(f"{n},x,{p}\n" for p, n in EXPECTED)),
        ("a.tsv", LIST.replace(",", "\t")),
        ("a.csv", LIST.replace(",", ";")),
        ("a.txt", LIST.replace(",", " ")),
        ("a.txt", "# made by hand\n\n" + LIST),
        ("a.csv", LIST.replace("images/", "./images/")),
        ("a.csv", LIST.replace("images/", "images\\")),
        ("a.csv", LIST.replace("images/", "")),
        ("a.csv", 'path,label\n"images/1.jpg","cat"\n' + LIST[LIST.index("\n") + 1 :]),
    ],
)
def test_a_list_says_the_classes_however_it_is_written(tree: Tree, name: str, text: str) -> None:
    dataset = scanned(tree(*PICTURES), name, text)
    assert pairs(dataset) == EXPECTED
    assert dataset.class_names == ("cat", "dog")
    assert dataset.layout == "list"
    assert any(f"“{name}”" in note for note in dataset.notes)


def test_the_list_itself_may_be_chosen_and_then_wins_over_folders(tree: Tree) -> None:
    root = tree("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg")
    (root / "labels.csv").write_text("a/1.jpg,x\na/2.jpg,y\nb/1.jpg,x\nb/2.jpg,y\n")
    by_folders, by_list = scan_dataset(root), scan_dataset(root / "labels.csv")
    assert by_folders.class_names == ("a", "b")
    assert by_list.class_names == ("x", "y")
    assert by_list.root == str(root)
    assert [f.path for f in by_folders.findings] == ["labels.csv"]


def test_a_column_of_the_list_may_say_the_split(tree: Tree) -> None:
    rows = "".join(
        f"{p},{n},{s}\n" for (p, n), s in zip(EXPECTED, ("train", "Train", "VALID", "test"), strict=True)
    )
    dataset = scanned(tree(*PICTURES), "all.csv", "path,label,split\n" + rows)
    assert pairs(dataset) == EXPECTED[:2]
    assert pairs(dataset, "val") == EXPECTED[2:3]
    assert pairs(dataset, "test") == EXPECTED[3:]


def test_a_list_for_each_part_of_the_split(tree: Tree) -> None:
    root = tree(*PICTURES)
    lines = LIST.splitlines(keepends=True)
    (root / "train.csv").write_text("".join(lines[:2]))
    (root / "val.csv").write_text("".join(lines[2:]))
    dataset = scan_dataset(root)
    assert (pairs(dataset), pairs(dataset, "val")) == (EXPECTED[:2], EXPECTED[2:])


def test_labels_that_are_numbers_keep_their_order(tree: Tree) -> None:
    root = tree(*(f"p/{n}.jpg" for n in range(12)))
    dataset = scanned(root, "l.csv", "".join(f"p/{n}.jpg,{n}\n" for n in range(12)))
    assert dataset.class_names == tuple(map(str, range(12)))
    assert all(
        int(dataset.class_names[picture.label]) == int(picture.path[2:-4]) for picture in dataset.train
    )


def test_what_a_list_names_wrongly_is_found(tree: Tree) -> None:
    text = LIST + "images/1.jpg,dog\nimages/2.jpg,dog\nimages/9.jpg,cat\n"
    dataset = scanned(tree(*PICTURES), "l.csv", text)
    assert pairs(dataset) == EXPECTED
    assert [(f.kind, f.path) for f in dataset.findings] == [
        ("duplicate_across_classes", "images/1.jpg"),
        ("unreadable", "images/9.jpg"),
    ]


def test_classes_that_only_val_has_are_left_out_and_said(tree: Tree) -> None:
    root = tree(*PICTURES, "images/5.jpg")
    rows = "".join(f"{p},{n},train\n" for p, n in EXPECTED) + "images/5.jpg,cow,val\n"
    dataset = scanned(root, "l.csv", "path,label,split\n" + rows)
    assert dataset.class_names == ("cat", "dog")
    assert dataset.val == ()
    assert "cow" in next(f.message for f in dataset.findings if f.kind == "class_missing")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("images/1.jpg,cat\nimages/2.jpg\n", "Line 2"),
        ("images/1.jpg,cat\nimages/2.jpg,cat\n", "a single class, “cat”"),
        ("", "lists no pictures"),
    ],
)
def test_a_list_that_will_not_do_says_why(tree: Tree, text: str, words: str) -> None:
    root = tree(*PICTURES)
    (root / "l.csv").write_text(text)
    with pytest.raises(FtguiError) as caught:
        scan_dataset(root / "l.csv")
    assert words in caught.value.message


def test_a_text_file_that_is_no_list_leaves_the_folders_own_trouble(tree: Tree) -> None:
    root = tree("only/1.jpg", "only/2.jpg")
    (root / "README.txt").write_text("These are my pictures, all of them.\nTaken in May.\n")
    with pytest.raises(FtguiError, match="a single class, “only”"):
        scan_dataset(root)


def found(dataset: Dataset) -> list[tuple[str, str]]:
    return [(finding.kind, finding.path) for finding in dataset.findings]


def said(dataset: Dataset, *words: str) -> bool:
    """Whether one note says all of ``words``."""
    return any(all(word in note for word in words) for note in dataset.notes)


@pytest.mark.parametrize("above", ["{root}/", "{root}/images/../", "{root}/../pictures/", "{root}//"])
def test_absolute_paths_below_the_root_are_relative_to_it(tree: Tree, above: str) -> None:
    root = tree(*PICTURES)
    text = LIST.replace("images/", above.format(root=root) + "images/")
    assert pairs(scanned(root, "l.csv", text)) == EXPECTED


def test_absolute_paths_may_name_the_root_by_another_way_to_it(tree: Tree) -> None:
    root = tree(*PICTURES)
    link = root.parent / "deeper" / "link"
    link.parent.mkdir()
    link.symlink_to(root)
    (root / "l.csv").write_text(LIST.replace("images/", f"{root}/images/"))
    assert pairs(scan_dataset(link / "l.csv")) == EXPECTED
    (root / "l.csv").write_text(LIST.replace("images/", f"{link}/images/"))
    assert pairs(scan_dataset(link / "l.csv")) == EXPECTED


def test_absolute_paths_elsewhere_lead_out_of_the_root_through_dots(tree: Tree) -> None:
    root = tree(*PICTURES)
    (root.parent / "other.jpg").write_bytes(b"")
    link = root.parent / "deeper" / "link"
    link.parent.mkdir()
    link.symlink_to(root)
    (root / "l.csv").write_text(f"{LIST}{root.parent}/other.jpg,dog\n")
    for chosen in (root / "l.csv", link / "l.csv"):
        dataset = scan_dataset(chosen)
        assert pairs(dataset) == [("../other.jpg", "dog"), *EXPECTED]
        assert all(dataset.file(picture).is_file() for picture in dataset.train)


def test_a_path_on_another_drive_is_found(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drive(path: str, start: str) -> str:
        raise ValueError(f"path is on mount 'D:', start on mount {start!r}: {path}")

    root = tree(*PICTURES)
    (root / "l.csv").write_text(LIST + "/elsewhere/5.jpg,cat\n")
    with monkeypatch.context() as patched:
        patched.setattr("ftgui.data.lists.os.path.relpath", other_drive)
        dataset = scan_dataset(root / "l.csv")
    assert pairs(dataset) == EXPECTED
    assert found(dataset) == [("unreadable", "/elsewhere/5.jpg")]
    assert "another drive" in dataset.findings[0].message


@pytest.mark.parametrize(
    "other", ["images//1.jpg", "images/./1.jpg", "./images/x/../1.jpg", "{root}/images/1.jpg"]
)
def test_a_file_counts_once_however_its_path_is_written(tree: Tree, other: str) -> None:
    root = tree(*PICTURES)
    dataset = scanned(root, "l.csv", f"{LIST}{other.format(root=root)},dog\n")
    assert pairs(dataset) == EXPECTED
    assert found(dataset) == [("duplicate_across_classes", "images/1.jpg")]


def test_bare_names_are_found_in_the_folder_beside_a_list_that_was_chosen_itself(tree: Tree) -> None:
    root = tree(*PICTURES, "docs/x.txt")
    (root / "labels.csv").write_text(LIST.replace("images/", ""))
    assert pairs(scan_dataset(root / "labels.csv")) == pairs(scan_dataset(root)) == EXPECTED


def test_the_lists_beside_a_train_list_are_used_when_it_is_chosen_itself(tree: Tree) -> None:
    root = tree(*PICTURES)
    lines = LIST.splitlines(keepends=True)
    (root / "Train.csv").write_text("".join(lines[:2]))
    (root / "val.csv").write_text(lines[2])
    (root / "test.csv").write_text(lines[3])
    (root / "train.txt").write_text("images/4.jpg dog\n")
    chosen = scan_dataset(root / "Train.csv")
    assert chosen == scan_dataset(root)
    assert [pairs(chosen, side) for side in ("train", "val", "test")] == [
        EXPECTED[:2],
        EXPECTED[2:3],
        EXPECTED[3:],
    ]
    (root / "all.csv").write_text(LIST)
    assert pairs(scan_dataset(root / "all.csv")) == EXPECTED
    assert not scan_dataset(root / "all.csv").has_val


def test_a_list_that_says_other_classes_than_the_folders_is_named(tree: Tree) -> None:
    root = tree("a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg")
    same = "a/1.jpg,a\nb/1.jpg,b\n"
    assert not said(scanned(root, "labels.csv", same), "Not used")
    (root / "README.txt").write_text("These are my pictures.\n")
    dataset = scanned(root, "labels.csv", "a/1.jpg,x\na/2.jpg,y\nb/1.jpg,x\nb/2.jpg,y\n")
    assert dataset.class_names == ("a", "b")
    assert said(dataset, "Not used", "“labels.csv”", "Choose the list itself")
    assert not said(dataset, "Not used", "README")


@pytest.mark.parametrize(("column", "values"), [("fold", "0120"), ("set", "abba")])
def test_a_column_that_names_no_part_is_no_split(tree: Tree, column: str, values: str) -> None:
    rows = "".join(f"{p},{n},{v}\n" for (p, n), v in zip(EXPECTED, values, strict=True))
    dataset = scanned(tree(*PICTURES), "l.csv", f"path,label,{column}\n{rows}")
    assert pairs(dataset) == EXPECTED
    assert dataset.findings == ()


def test_the_column_that_names_the_parts_is_the_split_whatever_stands_before_it(tree: Tree) -> None:
    sides = ("train", "train", "val", "test")
    rows = "".join(f"{p},{n},{i},{s}\n" for i, ((p, n), s) in enumerate(zip(EXPECTED, sides, strict=True)))
    dataset = scanned(tree(*PICTURES), "l.csv", f"path,label,fold,split\n{rows}")
    assert [pairs(dataset, side) for side in ("train", "val", "test")] == [
        EXPECTED[:2],
        EXPECTED[2:3],
        EXPECTED[3:],
    ]


def test_lines_of_an_unknown_part_among_known_ones_are_left_out_and_counted(tree: Tree) -> None:
    sides = ("train", "train", "holdout", "spare")
    rows = "".join(f"{p},{n},{s}\n" for (p, n), s in zip(EXPECTED, sides, strict=True))
    dataset = scanned(tree(*PICTURES), "l.csv", f"path,label,split\n{rows}")
    assert pairs(dataset) == EXPECTED[:2]
    assert found(dataset) == [("ignored", "images/3.jpg"), ("ignored", "images/4.jpg")]
    assert said(dataset, "2 pictures left out", "split", "images/3.jpg")


@pytest.mark.parametrize("side", ["val", "test"])
@pytest.mark.parametrize(
    "text", ["images/3.jpg\nimages/4.jpg\n", "path\nimages/3.jpg\n", "id,path\n1,images/3.jpg\n",
             "path,label\nimages/3.jpg,\n"]
)  # fmt: skip
def test_a_val_or_test_list_without_classes_is_left_out_and_said(tree: Tree, side: str, text: str) -> None:
    root = tree(*PICTURES)
    (root / "train.csv").write_text("".join(LIST.splitlines(keepends=True)[:2]))
    dataset = scanned(root, f"{side}.csv", text)
    assert pairs(dataset) == EXPECTED[:2]
    assert pairs(dataset, side) == []
    assert found(dataset) == [("class_missing", f"{side}.csv")]
    assert said(dataset, f"“{side}.csv” was left out", "no classes")
    assert said(dataset, "share of train") == (side == "val")
    assert dataset.notes[0] == "The classes are those in “train.csv”."


def test_a_train_list_without_classes_is_refused(tree: Tree) -> None:
    root = tree(*PICTURES)
    (root / "l.csv").write_text("id,path\n" + "".join(f"{n},{p}\n" for n, p in enumerate(PICTURES)))
    with pytest.raises(FtguiError, match=r"“l\.csv” says no classes"):
        scan_dataset(root / "l.csv")


@pytest.mark.parametrize("second", ["", "images/5.jpg,cow\n", "images/1.jpg,cow\n"])
def test_a_val_list_without_pictures_of_any_class_leaves_the_split_to_ftgui(tree: Tree, second: str) -> None:
    root = tree(*PICTURES)
    (root / "train.csv").write_text(LIST)
    dataset = scanned(root, "val.csv", "path,label\n" + second)
    assert not dataset.has_val
    assert [f.path for f in dataset.findings if "share of train" in f.message] == ["val.csv"]
    assert said(dataset, "val has no pictures of any class")


def test_a_path_in_two_parts_counts_in_the_first_and_is_found(tree: Tree) -> None:
    rows = "".join(f"{p},{n},train\n" for p, n in EXPECTED)
    text = f"path,label,split\n{rows}images/1.jpg,cat,val\nimages/2.jpg,dog,train\nimages/4.jpg,cat,test\n"
    dataset = scanned(tree(*PICTURES), "l.csv", text)
    assert pairs(dataset) == EXPECTED
    assert found(dataset) == [
        ("duplicate_across_splits", "images/1.jpg"),
        ("duplicate_across_classes", "images/4.jpg"),
        ("duplicate_across_splits", "images/4.jpg"),
    ]
    assert "under train, which counts, and under val" in dataset.findings[0].message


def test_a_class_whose_files_are_all_missing_is_found(tree: Tree) -> None:
    dataset = scanned(tree(*PICTURES), "l.csv", LIST + "images/8.jpg,cow\nimages/9.jpg,cow\n")
    assert dataset.class_names == ("cat", "dog")
    assert found(dataset)[2:] == [("class_missing", "l.csv")]
    assert said(dataset, "“cow” makes no class", "2 listed pictures")


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("filename,breed", "{path},{name}"),
        ("breed,filename", "{name},{path}"),
        ("id,filename,breed", "7,{path},{name}"),
        (",filename,breed", "7,{path},{name}"),
        ("path,name", "{path},{name}"),
        ("label,name,path", "{name},Rex,{path}"),
        ("label,where", "{name},{path}"),
        ("photo,kind", "{path},{name}"),
        ("photo kind", "{path} {name}"),
    ],
)
def test_a_first_line_of_other_words_names_the_columns(tree: Tree, header: str, line: str) -> None:
    rows = "".join(line.format(path=path, name=name) + "\n" for path, name in EXPECTED)
    dataset = scanned(tree(*PICTURES), "l.txt", f"{header}\n{rows}")
    assert pairs(dataset) == EXPECTED
    assert dataset.findings == ()


def test_a_missing_picture_in_the_first_line_is_no_header(tree: Tree) -> None:
    dataset = scanned(tree(*PICTURES), "l.csv", "images/0.jpg,class\n" + LIST)
    assert found(dataset) == [("unreadable", "images/0.jpg"), ("class_missing", "l.csv")]


@pytest.mark.parametrize("before", ["", "{n}/"])
def test_a_list_that_begins_with_many_missing_files_is_still_meant(tree: Tree, before: str) -> None:
    missing = "".join(f"{before.format(n=n)}no{n}.jpg,cat\n" for n in range(2500))
    dataset = scanned(tree(*PICTURES), "l.csv", missing + LIST.replace("images/", "") * 300)
    assert pairs(dataset) == EXPECTED
    assert sum(kind == "unreadable" for kind, _ in found(dataset)) == 2500


def test_names_that_are_too_long_are_found_missing(tree: Tree) -> None:
    long = "n" * 200
    root = tree(*PICTURES, f"{long}/{long}.jpg")
    (root / "l.csv").write_text(f"{LIST}{long}/{long}.jpg,cat\n{long * 2}.jpg,dog\n")
    dataset = scan_dataset(root / "l.csv")
    assert pairs(dataset) == [*EXPECTED, (f"{long}/{long}.jpg", "cat")]
    assert found(dataset) == [("unreadable", f"{long * 2}.jpg")]


def test_a_list_may_name_pictures_through_links(tree: Tree) -> None:
    root = tree(*PICTURES)
    elsewhere = root.parent / "elsewhere"
    (root / "images").rename(elsewhere)
    (root / "images").symlink_to(elsewhere)
    assert pairs(scanned(root, "l.csv", LIST.replace("images/", ""))) == EXPECTED


def test_a_list_whose_name_is_no_text_is_refused(tree: Tree) -> None:
    odd = tree(*PICTURES) / os.fsdecode(b"\xff.csv")
    odd.write_text(LIST)
    with pytest.raises(FtguiError, match="no valid text"):
        scan_dataset(odd)


def test_pictures_to_leave_out_may_be_named_absolutely(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(*PICTURES)
    (root / "l.csv").write_text(LIST)
    out = root.parent / "out.txt"
    out.write_text(f"{root}/images/1.jpg\nimages//2.jpg\n{root}/x/../images/3.jpg\n\n{root.parent}/far.jpg\n")
    expected = (*PICTURES[:3], "../far.jpg")
    monkeypatch.chdir(root.parent)
    for data in (root, root / "l.csv", Path("pictures"), Path("pictures/l.csv")):
        assert read_paths(out, data) == expected


def test_pictures_to_leave_out_begin_at_the_dataset_of_the_config(tree: Tree) -> None:
    root = tree(*PICTURES)
    config, out = root.parent / "config.json", root.parent / "out.txt"
    records.write_json(config, TrainConfig(dataset=str(root), weights="w.pth"))
    out.write_text(f"{root}/images/1.jpg\n")
    words = ["train", "--config", str(config), "--exclude", str(out), "--out", "run"]
    assert config_from(make_parser().parse_args(words)).exclude == PICTURES[:1]


cells = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(cells, cells), max_size=6), extra=st.binary(max_size=20))
def test_any_text_is_read_or_refused_in_words(
    tmp_path: Path, rows: list[tuple[str, str]], extra: bytes
) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes("\n".join(",".join(row) for row in rows).encode() + extra)
    read = []
    with suppress(FtguiError):
        read = read_rows(path)
    assert all(row.path and row.label for row in read)
