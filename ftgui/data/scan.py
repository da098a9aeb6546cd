"""From a folder to a dataset: which classes there are and which pictures belong to each."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.findings import Finding
from ftgui.data.layout import Layout, find_layout, only_val_and_test
from ftgui.data.listed import lists_in, lists_with, scan_lists, unused_note
from ftgui.data.lists import is_list_file
from ftgui.data.walk import Listing, Walker, counted, is_text, join, shown, unreadable

ClassPictures = Mapping[str, list[str]]
"""The paths of each class's pictures; classes in the order of their names as plain strings."""

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")
HOW_TO = "Make one folder for each class and put its pictures there."


def scan_dataset(root: Path) -> Dataset:
    """Find the classes and pictures in ``root`` from names alone; nothing is decoded or written.

    Understood are a folder per class, ``train`` with ``val``, ``valid`` or ``validation`` and ``test``, in
    any case, and a list of paths and classes (``data/lists``): ``root`` itself, or one in it where its
    folders are no classes. Classes are numbered in the order of their names as plain strings, as
    torchvision's ``ImageFolder`` does; train alone decides which there are. What is left out is said in
    ``notes`` and ``findings``.

    A folder of a class that may not be read is told of in ``Dataset.closed``; its class has the pictures that
    lie elsewhere, or none.

    Raises:
        FtguiError: there is no such folder, it may not be read, or no two classes with pictures are in it.
    """
    root = Path(root).absolute()
    if is_list_file(root):
        return _scan_chosen_list(root)
    _check_folder(root)
    walker = Walker(root)
    top = walker.listing("")
    try:
        dataset = _scan_folders(walker, top)
    except FtguiError as error:
        lists = lists_in(root, top)
        if not lists:
            raise
        return scan_lists(root, lists, top.folders, instead_of=error)
    return msgspec.structs.replace(dataset, notes=(*dataset.notes, *unused_note(dataset, top)))


def _scan_chosen_list(file: Path) -> Dataset:
    """Read a list that was chosen itself, with what lies beside it."""
    _check_text(file)
    top = Listing((), ())
    with suppress(FtguiError):  # a folder that may not be listed may still hold a list that can be read
        top = Walker(file.parent).listing("")
    return scan_lists(file.parent, lists_with(file.name, top), top.folders)


def _scan_folders(walker: Walker, top: Listing) -> Dataset:
    """Find the classes by the folders that the pictures lie in."""
    _check_top(walker, top)
    layout = find_layout(walker, top)
    train = _read_part(walker, layout.train, top)
    _check_train(walker, train)
    classes = {name: paths for name, paths in train.classes.items() if paths or name in train.closed}
    numbers = {name: number for number, name in enumerate(classes)}
    loose = tuple(top.pictures) if layout.train else ()
    others = {
        side: _read_part(walker, folder)
        for side, folder in (("val", layout.val), ("test", layout.test))
        if folder is not None
    }
    return Dataset(
        root=str(walker.root),
        class_names=tuple(numbers),
        train=_pictures(train.classes, numbers),
        val=_pictures(others["val"].classes, numbers) if "val" in others else (),
        test=_pictures(others["test"].classes, numbers) if "test" in others else (),
        notes=(
            *layout.notes(),
            *_train_notes(train, loose),
            *(note for side, part in others.items() for note in _other_notes(side, part, numbers)),
            *walker.notes(),
        ),
        layout="split_folders" if others else "class_folders",
        folders={"train": train.folder} | {side: part.folder for side, part in others.items()},
        findings=(
            *walker.findings,
            *_layout_findings(layout, loose),
            *_train_findings(train),
            *(found for side, part in others.items() for found in _other_findings(side, part, numbers)),
        ),
    )


class Part(NamedTuple):
    """What ``train``, ``val`` or ``test`` holds."""

    folder: str
    """Relative to the root; "" where the root itself holds the classes."""
    loose: tuple[str, ...]
    """Pictures that lie in no class folder."""
    classes: ClassPictures
    """Those without pictures, too."""
    closed: frozenset[str]
    """Those of which something may not be read."""


def _read_part(walker: Walker, folder: str, inside: Listing | None = None) -> Part:
    inside = inside if inside is not None and not folder else walker.listing(folder)
    above = ("", folder) if folder else ("",)
    classes: dict[str, list[str]] = {}
    closed: set[str] = set()
    for name in inside.folders:
        before = len(walker.closed)
        classes[name] = walker.pictures_below(join(folder, name), above)
        if len(walker.closed) > before:
            closed.add(name)
    loose = tuple(join(folder, name) for name in inside.pictures)
    return Part(folder, loose, classes, frozenset(closed))


def check_open(dataset: Dataset) -> None:
    """Raise FtguiError where a part of the folder may not be read."""
    if dataset.closed:
        raise _closed(Path(dataset.root) / dataset.closed[0])


def _check_text(root: Path) -> None:
    """Raise FtguiError where no text file could hold the name of what was chosen."""
    if not is_text(str(root)):
        raise FtguiError(f"The name {str(root)!a} is no valid text.", "Rename it.")


def check_there(root: Path) -> None:
    """Raise FtguiError where nothing is at ``root``, or nobody may look."""
    _check_text(root)
    try:
        missing = not root.exists()
    except OSError as error:
        raise unreadable(root, error) from error
    if missing:
        raise FtguiError(f"There is no folder “{root}”.", "Choose the folder that holds your pictures.")


def _check_folder(root: Path) -> None:
    """Raise FtguiError where ``root`` is no folder."""
    check_there(root)
    if not root.is_dir():
        unpack = root.suffix.casefold() in ARCHIVES
        hint = "Unpack it and choose the folder it makes." if unpack else "Choose the folder that holds it."
        raise FtguiError(f"“{root}” is a file, not a folder.", hint)


def _check_top(walker: Walker, top: Listing) -> None:
    """Raise FtguiError where the first look already shows that there are no classes."""
    root = walker.root
    if not top.folders and not top.pictures:
        raise FtguiError(f"The folder “{root}” holds neither pictures nor folders.", HOW_TO)
    if not top.folders:
        raise _no_classes(root, len(top.pictures))
    if only_val_and_test(walker, top):
        raise FtguiError(
            f"“{root}” holds {shown(list(top.folders))} but no folder “train”.",
            "Add a folder “train” with the pictures to learn from.",
        )


def _check_train(walker: Walker, train: Part) -> None:
    """Raise FtguiError where fewer than two classes have pictures."""
    classes = {name: paths for name, paths in train.classes.items() if paths or name in train.closed}
    folder = walker.root / train.folder
    if not classes:
        raise _no_classes(folder, len(train.loose))
    if len(classes) == 1 and walker.closed:
        raise _closed(walker.root / walker.closed[0])
    if len(classes) == 1:
        raise _one_class(folder, *next(iter(classes.items())))


# What is said together, and one by one.


def _train_notes(train: Part, loose: tuple[str, ...]) -> Iterator[str]:
    empty = [name for name, paths in train.classes.items() if not paths and name not in train.closed]
    if empty:
        yield f"Folders without pictures make no class: {shown(empty)}."
    outside = len(train.loose) + len(loose)
    if outside:
        yield f"{counted(outside, 'picture')} left out, lying outside the class folders."


def _train_findings(train: Part) -> Iterator[Finding]:
    yield from (_loose(path) for path in train.loose)
    for name, paths in train.classes.items():
        if not paths and name not in train.closed:
            yield _class_missing(train.folder, name, f"“{name}” holds no pictures, so it makes no class.")


def _layout_findings(layout: Layout, loose: tuple[str, ...]) -> Iterator[Finding]:
    yield from map(_loose, loose)
    for folder in layout.beside:
        yield _ignored(folder, f"It lies beside “{layout.train}”, which holds the classes.")


def _other_notes(side: str, part: Part, numbers: Mapping[str, int]) -> Iterator[str]:
    unknown = {name: paths for name, paths in part.classes.items() if name not in numbers and paths}
    missing = [name for name in numbers if not part.classes.get(name) and name not in part.closed]
    if unknown:
        number = sum(map(len, unknown.values()))
        yield (
            f"{counted(number, 'picture')} in “{part.folder}” left out, of classes that train lacks: "
            f"{shown(list(unknown))}."
        )
    if _leaves_val_to_us(side, part, numbers):
        yield _val_from_train(part)
    elif missing:
        yield f"“{part.folder}” has no pictures of {shown(missing)}."
    if part.loose:
        yield f"{counted(len(part.loose), 'picture')} left out, lying in “{part.folder}” itself."


def _other_findings(side: str, part: Part, numbers: Mapping[str, int]) -> Iterator[Finding]:
    """Say where val or test has other classes than train."""
    yield from (_loose(path) for path in part.loose)
    for name, paths in part.classes.items():
        if paths and name not in numbers:
            number = counted(len(paths), "picture")
            yield _class_missing(part.folder, name, f"{number} left out: train has no class “{name}”.")
    if _leaves_val_to_us(side, part, numbers):
        yield Finding(kind="class_missing", path=part.folder, message=_val_from_train(part))
        return
    for name in numbers:
        if not part.classes.get(name) and name not in part.closed:
            yield _class_missing(
                part.folder,
                name,
                f"“{part.folder}” has no pictures of “{name}”, so nobody learns how well it is told apart.",
            )


def _leaves_val_to_us(side: str, part: Part, numbers: Mapping[str, int]) -> bool:
    return side == "val" and not part.closed and not any(part.classes.get(name) for name in numbers)


def _val_from_train(part: Part) -> str:
    return f"“{part.folder}” has no pictures of any class, so a share of train is kept for validation."


def _loose(path: str) -> Finding:
    return _ignored(path, "It lies outside the class folders.")


def _ignored(path: str, why: str) -> Finding:
    return Finding(kind="ignored", path=path, message=why)


def _class_missing(folder: str, name: str, message: str) -> Finding:
    return Finding(kind="class_missing", path=join(folder, name), message=message)


def _pictures(classes: ClassPictures, numbers: Mapping[str, int]) -> tuple[Picture, ...]:
    """Return all pictures of known classes, sorted by path."""
    pictures = [
        Picture(path, numbers[name]) for name, paths in classes.items() if name in numbers for path in paths
    ]
    return tuple(sorted(pictures, key=attrgetter("path")))


def _closed(folder: Path) -> FtguiError:
    return unreadable(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def _no_classes(folder: Path, pictures: int) -> FtguiError:
    if pictures:
        return FtguiError(f"“{folder}” holds {counted(pictures, 'picture')} but no class folders.", HOW_TO)
    return FtguiError(f"No folder in “{folder}” holds pictures.", HOW_TO)


def _one_class(folder: Path, name: str, paths: list[str]) -> FtguiError:
    """Put a single class in words; where it holds folders itself, one folder too high was chosen."""
    hint = "A classifier needs at least two: add a folder with pictures of something else."
    folders = {path.rpartition("/")[0] for path in paths}
    if len(folders) > 1 and not any(path.split("/")[-1] == name for path in folders):
        hint = f"The folders in it look like the classes: choose “{folder / name}” instead."
    return FtguiError(f"“{folder}” holds a single class, “{name}”.", hint)
