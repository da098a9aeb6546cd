"""Folders of pictures with every problem that people's folders have, made for one test."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple, TypeVar

from PIL import Image

from ftgui.data.check import Tally, find_problems
from ftgui.data.content_index import ContentIndex
from ftgui.data.dataset import Dataset
from ftgui.data.findings import Finding
from ftgui.data.looking import Look, look_at
from ftgui.data.scan import scan_dataset

T = TypeVar("T")
SIZE = (48, 36)


def jpeg(number: int, size: tuple[int, int] = SIZE) -> bytes:
    """Return a JPEG that no other number gives."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    colour = ((number * 37) % 256, (number * 91) % 256, number // 256 % 256)
    image.paste(colour, (0, 0, size[0] // 2, size[1]))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90, comment=str(number).encode())
    return stream.getvalue()


def encoded(form: str, size: tuple[int, int] = SIZE, colour: str = "teal", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, form, **options)
    return stream.getvalue()


def animation() -> bytes:
    return encoded("GIF", save_all=True, append_images=[Image.new("RGB", SIZE, "red")])


def write(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below ``root``."""
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


def plain(classes: int = 2, each: int = 4, side: str = "", first: int = 0) -> dict[str, bytes]:
    """Return pictures of which nothing is to be said."""
    return {
        f"{side}{'abcdefgh'[c]}/{n:02}.jpg": jpeg(first + c * each + n)
        for c in range(classes)
        for n in range(each)
    }


class Checked(NamedTuple):
    """What a check found."""

    dataset: Dataset
    tally: Tally
    findings: tuple[Finding, ...]

    def of(self, *kinds: str) -> list[tuple[str, str]]:
        """Return (kind, path) of the findings, or of those of some kinds."""
        return [(f.kind, f.path) for f in self.findings if not kinds or f.kind in kinds]


def checked(root: Path, index: Path) -> Checked:
    """Scan and check a folder."""
    dataset = scan_dataset(root)
    tally = Tally(dataset, looked(dataset, index))
    return Checked(dataset, tally, find_problems(tally))


def looked(dataset: Dataset, index_folder: Path) -> list[Look]:
    paths = [picture.path for _, pictures in dataset.sides for picture in pictures]
    with ContentIndex(index_folder) as index:
        return drained(look_at(dataset.root, paths, index, threads=2))


def drained(work: Generator[object, None, T]) -> T:
    """Run a generator to its end; return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


Stamp = dict[str, tuple[int, str]]


def stamps(root: Path) -> Stamp:
    """Return the modification time and the bytes' hash of every file and the times of every folder."""
    found: Stamp = {}
    for path in sorted([root, *root.rglob("*")]):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path.relative_to(root))] = status.st_mtime_ns, hashlib.sha256(content).hexdigest()
    return found
