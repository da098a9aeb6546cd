"""From a folder to a dataset: which classes there are and which pictures belong to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Dataset, Picture
from ftgui.data.layout import find_layout, only_val_and_test
from ftgui.data.walk import Listing, Walker, counted, is_text, join, shown, unreadable

ClassPictures = Mapping[str, list[str]]
"""The paths of each class's pictures; classes in the order of their names as plain strings."""

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz")
HOW_TO = "Make one folder for each class and put its pictures there."


def scan_dataset(root: Path) -> Dataset:
    """Find the classes and pictures in ``root`` from names alone; nothing is decoded or written.

    Understood are a folder per class, and ``train`` with ``val``, ``valid`` or ``validation`` and ``test``,
    in any case. Classes are numbered in the order of their names as plain strings, as torchvision's
    ``ImageFolder`` does; train alone decides which there are. What is left out is said in ``notes``.

    Raises:
        FtguiError: there is no such folder, it may not be read, or no two classes with pictures are in it.
    """
    root = Path(root).absolute()
    _check_folder(root)
    walker = Walker(root)
    top = walker.listing("")
    _check_top(walker, top)
    layout = find_layout(walker, top)
    train, notes = _read_train(walker, layout.train, top)
    numbers = {name: number for number, name in enumerate(train)}
    val, val_notes = _read_other(walker, layout.val, numbers)
    test, test_notes = _read_other(walker, layout.test, numbers)
    return Dataset(
        root=str(root),
        class_names=tuple(numbers),
        train=_pictures(train, numbers),
        val=val,
        test=test,
        notes=(*layout.notes(), *notes, *val_notes, *test_notes, *walker.notes()),
    )


def _check_folder(root: Path) -> None:
    """Raise FtguiError where ``root`` is no folder."""
    if not is_text(str(root)):
        raise FtguiError(f"The name of the folder {str(root)!a} is no valid text.", "Rename it.")
    try:
        missing, folder = not root.exists(), root.is_dir()
    except OSError as error:
        raise unreadable(root, error) from error
    if missing:
        raise FtguiError(f"There is no folder “{root}”.", "Choose the folder that holds your pictures.")
    if not folder:
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


def _read_train(walker: Walker, train: str, top: Listing) -> tuple[ClassPictures, list[str]]:
    """Return the classes that have pictures, and what is to be said about the rest; "" is a flat layout.

    Raises:
        FtguiError: fewer than two classes have pictures.
    """
    inside = walker.listing(train) if train else top
    found = _read_classes(walker, train, inside)
    classes = {name: paths for name, paths in found.items() if paths}
    folder = walker.root / train
    if not classes:
        raise _no_classes(folder, len(inside.pictures))
    if len(classes) == 1:
        raise _one_class(folder, *next(iter(classes.items())))
    loose = {*top.pictures, *(join(train, name) for name in inside.pictures)}
    return classes, list(_train_notes(found, len(loose)))


def _train_notes(found: ClassPictures, loose: int) -> Iterator[str]:
    empty = [name for name, paths in found.items() if not paths]
    if empty:
        yield f"Folders without pictures make no class: {shown(empty)}."
    if loose:
        yield f"{counted(loose, 'picture')} left out, lying outside the class folders."


def _read_other(
    walker: Walker, folder: str | None, numbers: Mapping[str, int]
) -> tuple[tuple[Picture, ...], list[str]]:
    """Return the pictures of val or test, numbered by train's classes, and what is to be said."""
    if folder is None:
        return (), []
    inside = walker.listing(folder)
    found = _read_classes(walker, folder, inside)
    known = {name: paths for name, paths in found.items() if name in numbers}
    pictures = _pictures(known, numbers)
    return pictures, list(_other_notes(folder, inside, found, numbers))


def _other_notes(
    folder: str, inside: Listing, found: ClassPictures, numbers: Mapping[str, int]
) -> Iterator[str]:
    unknown = {name: paths for name, paths in found.items() if name not in numbers and paths}
    missing = [name for name in numbers if not found.get(name)]
    if unknown:
        number = sum(map(len, unknown.values()))
        yield (
            f"{counted(number, 'picture')} in “{folder}” left out, of classes that train lacks: "
            f"{shown(list(unknown))}."
        )
    if missing:
        yield f"“{folder}” has no pictures of {shown(missing)}."
    if inside.pictures:
        yield f"{counted(len(inside.pictures), 'picture')} left out, lying in “{folder}” itself."


def _read_classes(walker: Walker, folder: str, inside: Listing) -> ClassPictures:
    """Return the pictures below each folder in ``folder``."""
    above = ("", folder) if folder else ("",)
    return {name: walker.pictures_below(join(folder, name), above) for name in inside.folders}


def _pictures(classes: ClassPictures, numbers: Mapping[str, int]) -> tuple[Picture, ...]:
    """Return all pictures sorted by path."""
    pictures = [Picture(path, numbers[name]) for name, paths in classes.items() for path in paths]
    return tuple(sorted(pictures, key=lambda picture: picture.path))


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
