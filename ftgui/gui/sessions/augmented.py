"""The views that training sees of a picture, to be looked at. What makes them is loaded when they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ftgui.core.preprocessing import Preprocessing

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class AugmentedViews:
    """All views of any picture below ``root``, as ``augment`` makes them."""

    root: Path
    augment: str
    count: int
    preprocessing: Preprocessing

    def __call__(self, file: Path) -> list[Image.Image]:
        """Return each view, ``crop`` by ``crop`` pixels.

        Raises:
            PictureError: the picture cannot be decoded.
        """
        from ftgui.data.decode import load_resized
        from ftgui.data.views import make_view, view_parameters

        how = self.preprocessing
        resized = load_resized(file, how.resize, how.interpolation)
        path = file.relative_to(self.root).as_posix()
        views = (view_parameters(self.augment, path, k, resized.size) for k in range(self.count))
        return [make_view(resized, view, how.crop, how.interpolation) for view in views]
