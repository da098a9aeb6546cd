"""The folder of a comparison: whether one can be there, and what a program that was killed left in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ftgui.core import files, locks
from ftgui.core.errors import FtguiError
from ftgui.runs.comparison import COMPARISON
from ftgui.runs.project import is_text
from ftgui.runs.store import EVENTS, LOCK, LOG, SPLIT
from ftgui.training.config import TrainConfig

UNBORN = {EVENTS, LOG, LOCK, SPLIT}
"""What a run folder holds before the run begins."""


def holds_comparison(out: Path) -> bool:
    """Return whether something is compared in ``out``.

    Raises:
        FtguiError: no folder can be called so, or nobody may look.
    """
    _check_name(str(out.absolute()))  # its runs write it down
    try:
        return (out / COMPARISON).is_file()
    except OSError as error:
        raise FtguiError(
            f"“{out}” cannot be looked into: {error.strerror or error}.",
            "Choose a folder that you may open.",
            str(error),
        ) from error


def check_names(config: TrainConfig) -> None:
    """Raise FtguiError where a comparison could not write down what it is of."""
    for name in (config.dataset, config.weights, *config.exclude):
        _check_name(name)


def _check_name(name: str) -> None:
    if not is_text(name) or "\0" in name:
        shown = name.encode("utf-8", "replace").decode().replace("\0", "?")
        raise FtguiError(f"The name “{shown}” is no valid text.", "Rename it.", ascii(name))


@contextmanager
def held_folder(out: Path) -> Iterator[None]:
    """Make the folder where there is none yet, and be the only one who compares in it within the block.

    Raises:
        FtguiError: it holds something else, another program compares there, or, at any time within the block,
            it cannot be written.
    """
    busy = FtguiError(f"Another program compares in “{out}”.", "Wait until it is done, or stop it there.")
    try:
        if not (holds_comparison(out) or _is_left_behind_whole(out)):
            files.new_folder(out, "the comparison")
        with locks.held(out / LOCK, busy):
            yield
    except OSError as error:
        raise files.cannot_write(out, "the comparison", error) from error


def clear(folder: Path) -> None:
    """Take a run folder away that a program was killed over before its run began.

    Raises:
        FtguiError: it holds something else.
        OSError: it cannot be taken away.
    """
    unknown = [path.name for path in folder.iterdir() if not _is_left_behind(path)]
    if unknown:
        raise FtguiError(
            f"“{folder}” holds something that is no run of a comparison ({', '.join(sorted(unknown))}).",
            "Take it away, or compare in another folder.",
        )
    shutil.rmtree(folder)


def _is_left_behind_whole(out: Path) -> bool:
    return out.is_dir() and all(map(_is_left_behind, out.iterdir()))


def _is_left_behind(path: Path) -> bool:
    """Whether a file is what a program leaves that was killed before it had written anything whole."""
    return path.name in UNBORN or (path.name.startswith(".") and path.name.endswith(".part"))
