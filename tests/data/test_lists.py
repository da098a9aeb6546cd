"""Datasets that a list of paths and labels describes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.lists import read_rows
from ftgui.data.scan import scan_dataset
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
