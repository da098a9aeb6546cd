"""From folders to classes: what counts as a picture, a class, a split."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftgui.cli.parser import make_parser
from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.scan import check_open, scan_dataset
from ftgui.data.walk import SYSTEM_NAMES
from tests.data.conftest import Tree
from tests.data.drawn_trees import write
from tests.harness.privileges import folder_for_all, without_privileges
from tests.harness.process import run_python

CATS_AND_DOGS = ("cats/1.jpg", "cats/2.png", "dogs/1.jpg")

names = st.text(
    st.characters(exclude_characters='/\\\0:*?"<>|.', exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8
).filter(lambda name: name == name.strip() and name.casefold() not in {"train", *SYSTEM_NAMES})


def paths(pictures: tuple[Picture, ...]) -> list[str]:
    return [picture.path for picture in pictures]


def said(dataset: Dataset, *words: str) -> bool:
    """Whether one note says all of ``words``."""
    return any(all(word in note for word in words) for note in dataset.notes)


def failure(root: Path) -> FtguiError:
    with pytest.raises(FtguiError) as caught:
        scan_dataset(root)
    assert caught.value.message.endswith(".")
    assert caught.value.hint.endswith(".")
    return caught.value


def test_a_folder_per_class_is_a_dataset_without_a_split(tree: Tree) -> None:
    dataset = scan_dataset(tree(*CATS_AND_DOGS))
    assert dataset.class_names == ("cats", "dogs")
    assert dataset.train == (Picture("cats/1.jpg", 0), Picture("cats/2.png", 0), Picture("dogs/1.jpg", 1))
    assert not dataset.has_val
    assert dataset.test == ()
    assert dataset.notes == ()


@pytest.mark.parametrize("train", ["train", "Train", "TRAIN"])
@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val", "VALIDATION"])
def test_train_val_and_test_are_found_in_any_case(tree: Tree, train: str, val: str) -> None:
    dataset = scan_dataset(
        tree(*(f"{part}/{name}/{part}.jpg" for part in (train, val, "Test") for name in ("a", "b")))
    )
    assert paths(dataset.train) == [f"{train}/a/{train}.jpg", f"{train}/b/{train}.jpg"]
    assert paths(dataset.val) == [f"{val}/a/{val}.jpg", f"{val}/b/{val}.jpg"]
    assert paths(dataset.test) == ["Test/a/Test.jpg", "Test/b/Test.jpg"]
    assert dataset.class_names == ("a", "b")


def test_train_alone_is_a_dataset_without_a_split(tree: Tree) -> None:
    dataset = scan_dataset(tree("train/a/1.jpg", "train/b/1.jpg"))
    assert dataset.class_names == ("a", "b")
    assert not dataset.has_val


def test_a_class_may_be_called_train_where_its_pictures_lie_in_it(tree: Tree) -> None:
    dataset = scan_dataset(tree("train/1.jpg", "train/steam/2.jpg", "bus/1.jpg"))
    assert dataset.class_names == ("bus", "train")
    assert len(dataset.train) == 3


@pytest.mark.parametrize("other", ["val", "test"])
def test_train_beside_val_or_test_is_a_split_even_with_pictures_of_its_own(tree: Tree, other: str) -> None:
    dataset = scan_dataset(tree("train/a/1.jpg", "train/b/1.jpg", "train/cover.jpg", f"{other}/a/1.jpg"))
    assert dataset.class_names == ("a", "b")
    assert len(dataset.train) == 2


def test_folders_beside_train_are_left_out_and_said(tree: Tree) -> None:
    dataset = scan_dataset(
        tree("train/a/1.jpg", "train/b/1.jpg", "val/a/1.jpg", "val/b/2.jpg", "notes/x.jpg")
    )
    assert len(dataset.train) + len(dataset.val) == 4
    assert said(dataset, "“notes”", "Left out")


def test_val_and_test_without_train_are_no_split(tree: Tree) -> None:
    assert "no folder “train”" in failure(tree("val/a/1.jpg", "val/b/1.jpg", "Test/a/1.jpg")).message


def test_a_folder_called_valid_among_classes_is_a_class_and_said(tree: Tree) -> None:
    dataset = scan_dataset(tree("valid/1.jpg", "broken/1.jpg"))
    assert dataset.class_names == ("broken", "valid")
    assert said(dataset, "“valid”", "no folder “train”")


def test_pictures_in_folders_within_a_class_belong_to_the_class(tree: Tree) -> None:
    dataset = scan_dataset(tree("a/2019/may/1.jpg", "a/0.jpg", "b/train/1.jpg"))
    assert dataset.train == (
        Picture("a/0.jpg", 0),
        Picture("a/2019/may/1.jpg", 0),
        Picture("b/train/1.jpg", 1),
    )


@pytest.mark.parametrize(
    "suffix",
    [
        *("jpg", "jpeg", "jfif", "mpo", "png", "webp", "gif", "bmp", "tif", "tiff"),
        *("ppm", "pgm", "pbm", "pnm", "avif", "JPG", "Png"),
    ],
)
def test_each_kind_of_picture_is_found_by_its_suffix(tree: Tree, suffix: str) -> None:
    assert paths(scan_dataset(tree(f"a/1.{suffix}", "b/1.jpg")).train) == [f"a/1.{suffix}", "b/1.jpg"]


def test_other_files_are_counted_in_one_note(tree: Tree) -> None:
    dataset = scan_dataset(
        tree(*CATS_AND_DOGS, "labels.csv", "cats/a.txt", "cats/b.txt", "dogs/noend", "dogs/x.mp4")
    )
    assert len(dataset.train) == 3
    assert len(dataset.notes) == 1
    assert said(dataset, "5 files left out, not pictures: ", ".csv", ".txt (2)", "noend", ".mp4")


def test_a_single_file_that_is_no_picture_is_said_in_the_singular(tree: Tree) -> None:
    assert scan_dataset(tree(*CATS_AND_DOGS, "a.txt")).notes == ("1 file left out, not a picture: .txt.",)


@pytest.mark.parametrize(
    "name", [".ipynb_checkpoints", "__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", ".git"]
)
def test_hidden_and_system_folders_are_no_classes_at_any_depth(tree: Tree, name: str) -> None:
    dataset = scan_dataset(tree(*CATS_AND_DOGS, f"{name}/1.jpg", f"cats/{name}/cats/1.jpg"))
    assert dataset.class_names == ("cats", "dogs")
    assert len(dataset.train) == 3
    assert said(dataset, "ignored", f"{name} (2)")


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "._1.jpg"])
def test_hidden_and_system_files_are_no_pictures(tree: Tree, name: str) -> None:
    dataset = scan_dataset(tree(*CATS_AND_DOGS, f"cats/{name}"))
    assert len(dataset.train) == 3
    assert len(dataset.notes) == 1
    assert said(dataset, "ignored", name)


def test_classes_are_numbered_as_torchvision_numbers_them(tree: Tree) -> None:
    from torchvision.datasets import ImageFolder

    root = tree(
        *(f"{name}/1.jpg" for name in ("b", "B", "a b", "a", "a-b", "10", "9", "é", "z", "Ω", "日本"))
    )
    dataset = scan_dataset(root)
    reference = ImageFolder(str(root))
    assert dataset.class_to_idx == reference.class_to_idx
    assert {str(root / p.path): p.label for p in dataset.train} == dict(reference.samples)


def test_pictures_come_sorted_by_path(tree: Tree) -> None:
    found = paths(scan_dataset(tree("b/2.jpg", "b/1/3.jpg", "a b/1.jpg", "a/9.jpg", "a/10.jpg")).train)
    assert found == ["a b/1.jpg", "a/10.jpg", "a/9.jpg", "b/1/3.jpg", "b/2.jpg"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(classes=st.dictionaries(names, st.sets(names, min_size=1, max_size=4), min_size=2, max_size=5))
def test_any_tree_of_names_is_read_back_as_it_was_made(
    tmp_path_factory: pytest.TempPathFactory, classes: dict[str, set[str]]
) -> None:
    root = tmp_path_factory.mktemp("any")
    made = set()
    for name, files in classes.items():
        for file in files:
            (root / name / file).mkdir(parents=True, exist_ok=True)
            (root / name / file / f"{file}.png").write_bytes(b"")
            made.add(f"{name}/{file}/{file}.png")
    dataset = scan_dataset(root)
    assert {os.fsencode(p) for p in paths(dataset.train)} == {os.fsencode(p) for p in made}
    assert dataset.class_names == tuple(sorted(classes))
    assert all(p.path.split("/")[0] == dataset.class_names[p.label] for p in dataset.train)
    assert all(dataset.file(p).is_file() for p in dataset.train)
    assert records.from_json(records.to_json(dataset).encode(), Dataset, "it") == dataset


def test_a_class_in_val_that_train_lacks_is_left_out_and_said(tree: Tree) -> None:
    dataset = scan_dataset(
        tree("train/b/1.jpg", "train/c/1.jpg", "val/a/1.jpg", "val/a/2.jpg", "val/b/1.jpg", "val/c/1.jpg")
    )
    assert dataset.class_names == ("b", "c")
    assert dataset.val == (Picture("val/b/1.jpg", 0), Picture("val/c/1.jpg", 1))
    assert said(dataset, "2 pictures", "“val”", "train lacks", "“a”")


def test_a_class_missing_from_val_is_said_and_shifts_no_other(tree: Tree) -> None:
    train = (f"train/{name}/1.jpg" for name in "abcd")
    dataset = scan_dataset(tree(*train, "val/a/1.jpg", "val/c/1.jpg", "val/d/"))
    assert dataset.val == (Picture("val/a/1.jpg", 0), Picture("val/c/1.jpg", 2))
    assert said(dataset, "“val” has no pictures of “b”, “d”")


@pytest.mark.parametrize("val", [(), ("val/c/1.jpg",)])
def test_a_val_without_pictures_leaves_the_split_to_ftgui_and_says_so_once(
    tree: Tree, val: tuple[str, ...]
) -> None:
    dataset = scan_dataset(tree("train/a/1.jpg", "train/b/1.jpg", "val/", *val))
    assert not dataset.has_val
    words = "“val” has no pictures of any class, so a share of train is kept for validation."
    assert [f.message for f in dataset.findings if f.path == "val"] == [words]
    assert [note for note in dataset.notes if "has no pictures" in note] == [words]
    assert {(f.kind, f.path) for f in dataset.findings} == {
        ("class_missing", "val"),
        *(("class_missing", path.rpartition("/")[0]) for path in val),
    }
    assert not any("nobody learns" in finding.message for finding in dataset.findings)


def test_a_test_without_pictures_is_said_class_by_class(tree: Tree) -> None:
    dataset = scan_dataset(tree("train/a/1.jpg", "train/b/1.jpg", "test/"))
    assert [f.path for f in dataset.findings] == ["test/a", "test/b"]
    assert not said(dataset, "kept for validation")


def test_class_folders_may_be_links_and_names_long(tree: Tree) -> None:
    long = "n" * 200
    root = tree(f"{long}/{long}.jpg")
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.jpg").write_bytes(b"")
    (root / "linked").symlink_to(elsewhere)
    dataset = scan_dataset(root)
    assert dataset.class_names == ("linked", long)
    assert paths(dataset.train) == ["linked/1.jpg", f"{long}/{long}.jpg"]


def test_folders_without_pictures_make_no_class_and_are_said(tree: Tree) -> None:
    dataset = scan_dataset(tree("a/1.jpg", "b/", "c/deep/er/", "d/1.jpg"))
    assert dataset.class_names == ("a", "d")
    assert dataset.train[1].label == 1
    assert said(dataset, "“b”, “c”", "no class")


def test_pictures_outside_the_class_folders_are_left_out_and_said(tree: Tree) -> None:
    flat = scan_dataset(tree(*CATS_AND_DOGS, "cover.jpg"))
    assert len(flat.train) == 3
    assert said(flat, "1 picture left out")


def test_pictures_outside_the_classes_of_a_split_are_left_out_and_said(tree: Tree) -> None:
    split = scan_dataset(
        tree("train/a/1.jpg", "train/b/1.jpg", "train/x.jpg", "y.jpg", "val/a/1.jpg", "val/z.jpg")
    )
    assert len(split.train) + len(split.val) == 3
    assert said(split, "2 pictures left out")
    assert said(split, "1 picture left out", "“val”")


def test_links_are_followed_and_loops_of_them_end(tree: Tree) -> None:
    root = tree(*CATS_AND_DOGS, "cats/deep/3.jpg")
    (root / "cats" / "deep" / "up").symlink_to(root / "cats")
    (root / "cats" / "top").symlink_to(root)
    (root / "dogs" / "self").symlink_to(root / "dogs" / "self")
    elsewhere = root.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "9.jpg").write_bytes(b"")
    (root / "dogs" / "more").symlink_to(elsewhere)
    (root / "all").symlink_to(root)
    dataset = scan_dataset(root)
    assert paths(dataset.train) == [
        *("cats/1.jpg", "cats/2.png", "cats/deep/3.jpg"), *("dogs/1.jpg", "dogs/more/9.jpg"),
    ]  # fmt: skip
    assert dataset.class_names == ("cats", "dogs")
    assert said(dataset, "already seen", "“cats/deep/up”", "“cats/top”")
    assert said(dataset, "no class", "“all”")


def test_a_split_that_links_back_to_itself_ends(tree: Tree) -> None:
    root = tree("train/a/1.jpg", "train/b/1.jpg")
    (root / "train" / "a" / "again").symlink_to(root / "train")
    assert paths(scan_dataset(root).train) == ["train/a/1.jpg", "train/b/1.jpg"]


def test_links_that_lead_nowhere_and_named_pipes_are_no_pictures(tree: Tree) -> None:
    root = tree(*CATS_AND_DOGS)
    (root / "cats" / "gone.jpg").symlink_to(root / "nowhere.jpg")
    os.mkfifo(root / "cats" / "pipe.jpg")
    dataset = scan_dataset(root)
    assert len(dataset.train) == 3
    assert said(dataset, "“cats/gone.jpg”", "“cats/pipe.jpg”")


def test_names_that_are_no_text_are_left_out_and_said_in_text(tree: Tree) -> None:
    root = tree(*CATS_AND_DOGS)
    (root / "cats" / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"")
    (root / os.fsdecode(b"\xff")).mkdir()
    dataset = scan_dataset(root)
    assert len(dataset.train) == 3
    assert said(dataset, "2 names", "caf?.jpg")
    records.to_json(dataset)


def test_a_root_whose_name_is_no_text_is_refused(tree: Tree) -> None:
    root = tree(*CATS_AND_DOGS)
    odd = root.rename(root.parent / os.fsdecode(b"\xff"))
    assert "no valid text" in str(failure(odd)).encode().decode()


def test_a_relative_root_is_made_absolute(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(*CATS_AND_DOGS)
    monkeypatch.chdir(root.parent)
    assert scan_dataset(Path("pictures")).root == str(root)


def test_scanning_changes_nothing(tree: Tree) -> None:
    root = tree(*CATS_AND_DOGS, "cats/.DS_Store", "empty/", "x.txt")
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in [root, *root.rglob("*")]}
    scan_dataset(root)
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in [root, *root.rglob("*")]}
    assert after == before


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    error = failure(tmp_path / "nowhere")
    assert "There is no folder" in error.message
    assert "nowhere" in error.message


def test_a_file_in_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(b"")
    (tmp_path / "cats.zip").write_bytes(b"")
    assert "is a file" in failure(tmp_path / "cat.jpg").message
    assert "Unpack" in failure(tmp_path / "cats.zip").hint


def test_an_empty_folder_is_said(tree: Tree) -> None:
    assert "neither pictures nor folders" in failure(tree(".DS_Store")).message


def test_pictures_without_class_folders_are_said(tree: Tree) -> None:
    assert "2 pictures but no class folders" in failure(tree("1.jpg", "2.jpg")).message


def test_train_with_pictures_but_no_class_folders_is_said(tree: Tree) -> None:
    error = failure(tree("train/1.jpg", "val/1.jpg"))
    assert "1 picture but no class folders" in error.message
    assert "train" in error.message


def test_folders_without_any_pictures_are_said(tree: Tree) -> None:
    assert "No folder in" in failure(tree("a/x.txt", "b/")).message


def test_a_train_without_any_pictures_is_said(tree: Tree) -> None:
    error = failure(tree("train/a/", "train/b/", "val/a/1.jpg", "val/b/1.jpg"))
    assert "train” holds pictures" in error.message


def test_a_single_class_is_said(tree: Tree) -> None:
    error = failure(tree("cats/1.jpg", "cats/kittens/2.jpg", "dogs/"))
    assert "a single class, “cats”" in error.message
    assert "at least two" in error.hint


@pytest.mark.parametrize("below", [("a/1.jpg", "b/1.jpg"), ("train/a/1.jpg", "val/a/1.jpg")])
def test_a_folder_chosen_one_level_too_high_gets_the_right_one_named(
    tree: Tree, below: tuple[str, ...]
) -> None:
    assert "flowers” instead" in failure(tree(*(f"flowers/{path}" for path in below))).hint


@pytest.mark.parametrize("command", [("scan", ""), ("lr-find", "", "--weights", "w.pth")])
def test_an_empty_name_is_not_taken_for_the_working_directory(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(command)
    assert ended.value.code == 2
    assert "an empty name is no dataset" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["", ".csv"])
def test_a_name_that_is_too_long_is_refused_in_words(tmp_path: Path, ending: str) -> None:
    with pytest.raises(FtguiError):
        scan_dataset(tmp_path / ("n" * 300 + ending))


needs_permissions = pytest.mark.skipif(sys.platform == "win32", reason="has no permission bits to take away")


@needs_permissions
@pytest.mark.parametrize(
    ("names", "locked"),
    [
        (("cats/1.jpg", "dogs/1.jpg"), ""),
        (("train/cats/1.jpg", "train/dogs/1.jpg"), "train"),
        (("dogs/1.jpg",), "dogs"),
        (("dogs/deep/1.jpg",), "dogs/deep"),
    ],
)
def test_a_folder_without_which_there_are_no_two_classes_is_said(names: Sequence[str], locked: str) -> None:
    with folder_for_all() as folder:
        root = write(folder / "pictures", dict.fromkeys(names, b""))
        (root / locked).chmod(0)
        with without_privileges(), pytest.raises(FtguiError, match="may not be read") as caught:
            scan_dataset(root)
    assert str(root / locked) in caught.value.message


@needs_permissions
@pytest.mark.parametrize(
    ("names", "locked", "train"),
    [
        (("cats/1.jpg", "dogs/1.jpg"), "cats", ["dogs/1.jpg"]),
        (("cats/1.jpg", "cats/deep/2.jpg", "dogs/1.jpg"), "cats/deep", ["cats/1.jpg", "dogs/1.jpg"]),
        (("train/cats/1.jpg", "train/dogs/1.jpg", "val/cats/1.jpg"), "train/cats", ["train/dogs/1.jpg"]),
        (
            ("train/cats/1.jpg", "train/dogs/1.jpg", "val/cats/1.jpg"),
            "val/cats",
            ["train/cats/1.jpg", "train/dogs/1.jpg"],
        ),
    ],
)
def test_a_class_that_may_not_be_read_stays_a_class_and_is_said(
    names: Sequence[str], locked: str, train: list[str]
) -> None:
    with folder_for_all() as folder:
        root = write(folder / "pictures", dict.fromkeys(names, b""))
        (root / locked).chmod(0)
        with without_privileges():
            dataset = scan_dataset(root)
    assert dataset.class_names == ("cats", "dogs")
    assert paths(dataset.train) == train
    assert dataset.closed == (locked,)
    (closed,) = (found for found in dataset.findings if found.kind == "no_permission")
    assert f"{root / locked}” may not be read" in closed.message
    assert [found.path for found in dataset.findings if "cats" in found.path] == [locked]
    with pytest.raises(FtguiError, match="may not be read"):
        check_open(dataset)


def test_scanning_and_splitting_need_no_torch() -> None:
    script = "import sys, ftgui.data.scan, ftgui.data.split, ftgui.data.decode; print('torch' in sys.modules)"
    assert run_python("-c", script).stdout == "False\n"


@pytest.mark.real_data
def test_the_ants_and_bees_are_read_with_their_own_split(real_data: Path) -> None:
    dataset = scan_dataset(real_data / "hymenoptera_data")
    assert dataset.class_names == ("ants", "bees")
    assert (len(dataset.train), len(dataset.val)) == (245, 153)
    assert "train/ants/imageNotFound.gif" in paths(dataset.train)


@pytest.mark.real_data
def test_caltech_is_read_as_a_folder_per_class(real_data: Path) -> None:
    dataset = scan_dataset(real_data / "caltech101_25")
    assert (len(dataset.class_names), len(dataset.train), dataset.has_val) == (25, 997, False)
