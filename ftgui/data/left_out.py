"""Which pictures of a folder are left out of training: a list in the project, the files untouched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection
from pathlib import Path

from ftgui.core import files, records

LISTS = "left_out"
"""The folder of the lists within a project."""


class LeftOut(records.Record, frozen=True, kw_only=True):
    """One folder's list."""

    dataset: str
    paths: tuple[str, ...]
    """Relative to ``dataset`` with forward slashes."""


def read_left_out(project: Path, dataset: str) -> frozenset[str]:
    """Return the pictures of ``dataset`` that are left out in a project; none where nobody said so.

    Raises:
        FtguiError: the list cannot be read.
    """
    path = _list_file(project, dataset)
    return frozenset(records.read_json(path, LeftOut).paths) if path.exists() else frozenset()


def write_left_out(project: Path, dataset: str, paths: Collection[str]) -> None:
    """Write down which pictures are left out.

    Raises:
        FtguiError: it cannot be written.
    """
    path = _list_file(project, dataset)
    try:
        if paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            records.write_json(path, LeftOut(dataset=dataset, paths=tuple(sorted(paths))))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise files.cannot_write(path, "the list of pictures left out", error) from error


def copy_left_out(project: Path, other: Path) -> None:
    """Have the new project in ``other`` leave out what the one in ``project`` does.

    Raises:
        FtguiError: it cannot be written.
    """
    lists = project / LISTS
    if lists.is_dir():
        try:
            shutil.copytree(lists, other / LISTS, dirs_exist_ok=True)
        except OSError as error:
            raise files.cannot_write(other, "the list of pictures left out", error) from error


def _list_file(project: Path, dataset: str) -> Path:
    name = hashlib.blake2b(dataset.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return project / LISTS / f"{name}.json"
