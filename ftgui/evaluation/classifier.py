"""A trained network that answers for pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import filterfalse
from pathlib import Path

import msgspec
import torch
from torchvision.transforms.functional import pil_to_tensor

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.decode import PictureError, load_prepared
from ftgui.data.pixels import normalise
from ftgui.models.construction import skeleton
from ftgui.models.fingerprint import is_auxiliary


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the network says of one picture, the likeliest class first."""

    path: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


class Classifier:
    """An architecture with trained weights, its classes and what it wants done to a picture first.

    Computes in fp32 on the CPU, as the exported ``predict.py`` does.
    """

    def __init__(
        self,
        architecture: str,
        class_names: Sequence[str],
        preprocessing: Preprocessing,
        state_dict: Mapping[str, torch.Tensor],
    ) -> None:
        self.class_names = tuple(class_names)
        self.preprocessing = preprocessing
        self.model = skeleton(architecture, len(self.class_names), preprocessing.crop)
        try:
            found = self.model.load_state_dict(state_dict, strict=False, assign=True)
            wrong = [*found.missing_keys, *filterfalse(is_auxiliary, found.unexpected_keys)]
            if wrong:
                raise ValueError(f"missing or unexpected: {', '.join(wrong)}")
        except (RuntimeError, ValueError) as error:
            raise FtguiError(
                f"The trained weights do not fit {architecture} with {len(self.class_names)} classes.",
                "The files of this run or export do not belong together; export it again.",
                str(error),
            ) from error
        self.model.eval()

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return fp32 logits (N, classes) of uint8 pixels (N, 3, crop, crop)."""
        with torch.inference_mode():
            answer: torch.Tensor = self.model(normalise(pixels, self.preprocessing, torch.device("cpu")))
        return answer

    def predict(self, paths: Sequence[Path], top: int) -> Iterator[Answer]:
        """Yield the ``top`` likeliest classes of each picture, one after the other.

        Raises:
            FtguiError: a file is missing or is no picture.
        """
        for path in paths:
            probabilities = self.logits(self._pixels(path)).softmax(dim=1)[0]
            best = probabilities.topk(min(top, len(self.class_names)))
            yield Answer(
                path=str(path),
                classes=tuple(self.class_names[int(index)] for index in best.indices),
                probabilities=tuple(float(value) for value in best.values),
            )

    def _pixels(self, path: Path) -> torch.Tensor:
        plan = self.preprocessing
        try:
            image = load_prepared(path, plan.resize, plan.crop, plan.interpolation)
        except (PictureError, OSError) as error:
            raise FtguiError(
                f"The picture “{path}” cannot be read: {error}", "Choose a picture file that opens elsewhere."
            ) from error
        pixels: torch.Tensor = pil_to_tensor(image)
        return pixels.unsqueeze(0)
