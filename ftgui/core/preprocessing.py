"""What is done to a picture before a network sees it: shared by models (who know) and data (who do)."""

from __future__ import annotations

import msgspec

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True):
    """Resize the short side, crop the centre, scale to 0..1, then ``(x - mean) / std`` a channel.

    The same arithmetic as ``torchvision.transforms._presets.ImageClassification``.
    """

    resize: int = 256
    """Short side after resizing, in pixels."""
    crop: int = 224
    """Side of the centre crop, in pixels; what the network sees."""
    interpolation: str = "bilinear"
    """``bilinear`` or ``bicubic``, antialiased."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    name: str = "ImageNet"
    """What a person would call it, such as torchvision's name of the weights it belongs to."""
