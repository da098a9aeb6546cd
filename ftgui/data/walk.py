"""Walking a folder of pictures: what counts, what is passed over, and where links would go round for ever."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ftgui.core.errors import FtguiError
from ftgui.data.findings import Finding

PICTURE_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jfif", ".mpo", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".avif"),
        *(".heic", ".heif", ".hif"),
    }
)
USUAL_ENDINGS = (".jpg", ".JPG", ".png")
"""Of most pictures' names: no other way of finding out is as quick."""
SYSTEM_NAMES = frozenset(
    {
        *("__macosx", "@eadir", "#recycle", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin"),
        *("system volume information", "lost+found", "__pycache__"),
    }
)
"""What systems and storage boxes leave behind, compared without case; a leading dot is hidden anyway."""

Identity = tuple[int, int]
"""What a folder is, whatever it is called on the way to it: device and inode."""


class Listing(NamedTuple):
    """What one folder holds, names sorted as plain strings."""

    folders: tuple[str, ...]
    pictures: tuple[str, ...]
    others: tuple[str, ...] = ()
    """Files that are no pictures by their names, and neither hidden nor the system's."""


class Walker:
    """Lists folders below ``root`` and remembers what it passed over, so that it can be said.

    Nothing is opened but folders. All paths are relative to ``root`` with forward slashes; "" is the root.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hidden: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._broken: list[str] = []
        self._unnameable: list[str] = []
        self._loops: list[str] = []
        self.closed: list[str] = []
        """Folders below a class that may not be read."""
        self.findings: list[Finding] = []
        """What was passed over, one by one."""

    def listing(self, folder: str) -> Listing:
        """List ``folder``.

        Raises:
            FtguiError: it cannot be opened. A class that silently shrinks would be worse.
        """
        folders, pictures, others = [], [], []
        for entry in self._entries(folder):
            name = entry.name
            if name[-4:] in USUAL_ENDINGS and name[0] != "." and name.isascii() and _is_regular(entry):
                pictures.append(name)  # at once: nearly all of 100,000 are
                continue
            path = join(folder, name)
            if self._passed_over(entry, path):
                continue
            if _is_folder(entry):
                folders.append(entry.name)
            elif self._is_picture(entry, path):
                pictures.append(entry.name)
            else:
                others.append(entry.name)
        return Listing(tuple(sorted(folders)), tuple(sorted(pictures)), tuple(sorted(others)))

    def pictures_below(self, folder: str, above: tuple[str, ...] = ("",)) -> list[str]:
        """Return the paths of all pictures in ``folder`` and the folders in it.

        A folder met a second time, or a link to one of the folders ``above``, is not entered again:
        that is how loops of links end. One that may not be read is noted in ``closed``.
        """
        seen = {self._identity(path) for path in above}
        found: list[str] = []
        waiting = [folder]
        while waiting:
            current = waiting.pop()
            try:
                if (identity := self._identity(current)) in seen:
                    self._loops.append(current)
                    self._ignore(current, "A link back to a folder already seen was not followed.")
                    continue
                seen.add(identity)
                inside = self.listing(current)
            except FtguiError as error:
                if not isinstance(error.__cause__, PermissionError):
                    raise
                self.closed.append(current)
                self.findings.append(Finding(kind="no_permission", path=current, message=error.message))
                continue
            found += [f"{current}/{name}" for name in inside.pictures]
            waiting += (join(current, name) for name in reversed(inside.folders))
        return found

    def notes(self) -> Iterator[str]:
        """Say what was passed over, a sentence each."""
        if self._hidden:
            yield f"Hidden and system entries were ignored: {_tally(self._hidden)}."
        if self._others:
            number = sum(self._others.values())
            what = "not a picture" if number == 1 else "not pictures"
            yield f"{counted(number, 'file')} left out, {what}: {_tally(self._others)}."
        if self._broken:
            yield f"{counted(len(self._broken), 'broken link')} left out: {shown(self._broken)}."
        if self._unnameable:
            number = len(self._unnameable)
            yield f"{counted(number, 'name')} left out as no valid text: {shown(self._unnameable)}."
        if self._loops:
            yield f"Links back to a folder already seen were not followed: {shown(self._loops)}."

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                yield from entries
        except OSError as error:
            raise unreadable(self.root / folder, error) from error

    def _identity(self, folder: str) -> Identity:
        try:
            status = (self.root / folder).stat()
        except OSError as error:
            raise unreadable(self.root / folder, error) from error
        return status.st_dev, status.st_ino

    def _passed_over(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether ``entry`` is hidden, the system's, or has a name that no text file could hold."""
        name = entry.name
        if name[0] == "." or name.casefold() in SYSTEM_NAMES:
            self._hidden[entry.name] += 1
            self._ignore(path, "Hidden and system entries are no pictures and no classes.")
            return True
        if not entry.name.isascii() and not is_text(entry.name):
            self._unnameable.append(path)
            self._ignore(printable(path), "Its name is no valid text.")
            return True
        return False

    def _is_picture(self, entry: os.DirEntry[str], path: str) -> bool:
        """Whether ``entry`` is a regular file with a picture's suffix; a named pipe would hang a reader."""
        suffix = suffix_of(entry.name)
        if suffix not in PICTURE_SUFFIXES:
            self._others[suffix or entry.name] += 1
            self._ignore(path, "By its name it is no picture.")
            return False
        if not _is_regular(entry):
            self._broken.append(path)
            self.findings.append(
                Finding(kind="unreadable", path=path, message="It is a link to nothing, or no file.")
            )
            return False
        return True

    def _ignore(self, path: str, why: str) -> None:
        self.findings.append(Finding(kind="ignored", path=path, message=why))


def suffix_of(name: str) -> str:
    """Return a name's ending with its dot, in small letters: Path's costs more than the rest of the walk."""
    stem, dot, ending = name.rpartition(".")
    return (dot + ending).casefold() if stem.strip(".") else ""


def join(folder: str, name: str) -> str:
    """Join two relative parts with a forward slash; "" is the root."""
    return f"{folder}/{name}" if folder else name


def unreadable(path: Path, error: OSError) -> FtguiError:
    """Put a folder that cannot be opened in words."""
    if isinstance(error, PermissionError):
        return FtguiError(
            f"The folder “{path}” may not be read.",
            "Give yourself permission to read it, or copy the pictures to a folder of your own.",
            str(error),
        )
    return FtguiError(
        f"The folder “{path}” cannot be read: {error.strerror or error}.",
        "Check that it still exists and its disk is connected.",
        str(error),
    )


def counted(number: int, noun: str) -> str:
    """Return ``number`` and ``noun``, in the plural where it is due."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown(names: list[str], limit: int = 5) -> str:
    """Return the first names in quotes, and how many more there are."""
    quoted = ", ".join(f"“{printable(name)}”" for name in names[:limit])
    return quoted if len(names) <= limit else f"{quoted} and {len(names) - limit:,} more"


def _tally(names: Counter[str], limit: int = 5) -> str:
    """Return names with how often each was met, the most frequent first."""
    ranked = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    parts = [printable(name) + (f" ({number:,})" if number > 1 else "") for name, number in ranked]
    return ", ".join(parts[:limit]) + (f" and {len(parts) - limit:,} more" if len(parts) > limit else "")


def printable(name: str) -> str:
    """Return a name that any terminal, window or file can take."""
    return name.encode("utf-8", "replace").decode("utf-8")


def is_text(name: str) -> bool:
    """Whether a name is valid Unicode; Python carries other bytes as lone surrogates, JSON cannot."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or one through a folder that may not be entered
        return False


def _is_regular(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False
