"""Small folders of pictures, made for the test that asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Make a folder with empty files of the names given, and empty folders where a name ends in a slash."""

    def make(*paths: str) -> Path:
        root = tmp_path / "pictures"
        root.mkdir(exist_ok=True)
        for path in paths:
            target = root / path
            (target if path.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
            if not path.endswith("/"):
                target.write_bytes(b"")
        return root

    return make


@pytest.fixture
def coloured() -> Callable[[int, int], Image.Image]:
    """Make a picture in which no two pixels near each other are alike, so that a shift or a flip shows."""

    def make(width: int, height: int) -> Image.Image:
        across = Image.linear_gradient("L").rotate(90).resize((width, height))
        down = Image.linear_gradient("L").resize((width, height))
        round_about = Image.radial_gradient("L").resize((width, height))
        return Image.merge("RGB", (across, down, round_about))

    return make
