"""Small pictures and weights, drawn where a test needs them: nothing is downloaded, nothing takes long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import nn

from ftgui.models.construction import construct

CLASS_NAMES = ("apples", "bricks", "clouds", "daisies", "eggs")
COLOURS = ((190, 60, 50), (70, 90, 180), (90, 170, 80), (200, 180, 70), (150, 90, 160))
SIZE = (56, 48)
"""Width and height of a drawn picture: small, so that decoding it takes no time."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread: for so little work several lose more by waiting for each other.

    On a busy machine, where they wait by spinning, they make it twenty times slower.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def draw_picture(label: int, number: int) -> Image.Image:
    """Return picture ``number`` of a class: shapes of about the class's colour on a noisy ground.

    Two numbers never give the same picture, and the colour says the class, though not always loudly.
    """
    rng = np.random.default_rng((label, number))
    ground = rng.integers(60, 200, 3) * 0.5 + np.array(COLOURS[label]) * 0.5
    noise = rng.normal(ground, 25, (SIZE[1], SIZE[0], 3))
    image = Image.fromarray(noise.clip(0, 255).astype(np.uint8)).filter(ImageFilter.SMOOTH)
    draw = ImageDraw.Draw(image)
    for _ in range(3):
        x, y, side = (int(n) for n in (rng.integers(0, 40), rng.integers(0, 32), rng.integers(10, 28)))
        colour = tuple(int(c) for c in (np.array(COLOURS[label]) + rng.normal(0, 20, 3)).clip(0, 255))
        shape = draw.rectangle if label % 2 else draw.ellipse
        shape((x, y, x + side, y + side), fill=colour)
    return image


def draw_class(folder: Path, label: int, count: int, first: int = 0) -> None:
    """Write ``count`` pictures of a class into ``folder``."""
    folder.mkdir(parents=True)
    for number in range(first, first + count):
        draw_picture(label, number).save(folder / f"{number:03}.png")


def draw_dataset(folder: Path, classes: int = 3, per_class: int = 8, *, split: bool = False) -> Path:
    """Write a dataset of classes that can be told apart; with ``split`` into ``train`` and ``val``.

    A ``val`` holds half as many pictures as ``train``, and none of the same.
    """
    for label, name in enumerate(CLASS_NAMES[:classes]):
        if split:
            draw_class(folder / "train" / name, label, per_class)
            draw_class(folder / "val" / name, label, per_class // 2, first=per_class)
        else:
            draw_class(folder / name, label, per_class)
    return folder


def calibrated_model(architecture: str, num_classes: int, seed: int = 0) -> nn.Module:
    """Return a torchvision network with random weights whose features tell pictures apart.

    Random weights with fresh BatchNorm statistics give the same answer for every picture (they differ by
    some 1e-10), and whatever is shown with such a network holds of nothing. So its statistics are taken
    from a few batches, and that its answers vary is asserted here.
    """
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        model = construct(architecture, num_classes)
        norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
        for norm in norms:
            norm.momentum = None  # the plain mean of all batches
        model.train()
        with torch.no_grad():
            for batch in range(3):
                model(_pixels(range(batch * 4, batch * 4 + 4)))
        for norm in norms:
            norm.momentum = 0.1
        model.eval()
        assert_answers_vary(model)
    return model


def assert_answers_vary(model: nn.Module) -> None:
    """Fail where a network says nearly the same of different pictures."""
    with torch.no_grad():
        answers = model(_pixels(range(50, 54)))
    spread = answers.std(dim=0).mean() / answers.abs().mean()
    assert spread > 0.02, f"the answers of this network differ by {spread:.1e} of their size only"


def calibrated_weights(
    path: Path, architecture: str = "shufflenet_v2_x0_5", num_classes: int = 5, seed: int = 0
) -> Path:
    """Write such a network's ``state_dict`` to ``path``, as a person would."""
    torch.save(calibrated_model(architecture, num_classes, seed).state_dict(), path)
    return path


def _pixels(numbers: Sequence[int]) -> torch.Tensor:
    """Return some drawn pictures of every class as a network sees them, shape (pictures, 3, 224, 224)."""
    pictures = [draw_picture(label, number) for number in numbers for label in range(3)]
    arrays = np.stack([np.asarray(picture.resize((224, 224))) for picture in pictures])
    pixels = torch.from_numpy(arrays).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (pixels - mean) / std
