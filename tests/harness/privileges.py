"""Root reads everything; a test of what may not be read has to be somebody else for a while."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be nobody within the block, where this process is root; whoever else it is may be refused already."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """Make a folder that nobody may look into as well; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="ftgui-open-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for path in folder.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(folder)
