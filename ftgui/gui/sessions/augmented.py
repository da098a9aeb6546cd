"""The views that training sees of a picture, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ftgui.core.preprocessing import Preprocessing
from ftgui.data.decode import load_resized
from ftgui.data.views import View, make_view, view_parameters


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
        how = self.preprocessing
        resized = load_resized(file, how.resize, how.interpolation)
        path = file.relative_to(self.root).as_posix()
        views = (view_parameters(self.augment, path, k, resized.size) for k in range(self.count))
        return [self._view(resized, view) for view in views]

    def _view(self, resized: Image.Image, view: View) -> Image.Image:
        return make_view(resized, view, self.preprocessing.crop, self.preprocessing.interpolation)
