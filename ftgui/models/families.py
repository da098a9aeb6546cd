"""Networks that torchvision does not have, known by their entries' names: so that a file can be named."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FAMILIES = (
    (r"conv_stem\.weight$", "timm's EfficientNets or MobileNets"),
    (r"blocks\.\d+\.attn\.qkv\.weight$", "timm's vision transformers"),
    (r"layers\.\d+\.blocks\.\d+\.attn\.qkv\.weight$", "timm's or Microsoft's Swin transformers"),
    (r"stages\.\d+\.blocks\.\d+\.(conv_dw|dwconv)\.weight$", "timm's or Meta's ConvNeXts"),
    (r"_conv_stem\.weight$|_blocks\.\d+\._depthwise_conv\.weight$", "the package efficientnet_pytorch"),
    (r"encoder\.layer\.\d+\.attention\.attention\.query\.weight$", "Hugging Face's vision transformers"),
    (r"embedder\.embedder\.convolution\.weight$", "Hugging Face's ResNets"),
    (r"visual\.(conv1\.weight|transformer\.resblocks\.0\.)", "CLIP"),
    (r"image_encoder\.patch_embed\.proj\.weight$", "Segment Anything"),
    (r"model\.\d+\.cv\d\.conv\.weight$", "YOLO"),
    (r"rpn\.head\.", "torchvision's detectors, which find things in pictures"),
    (r"backbone\.body\.layer\d", "torchvision's detectors, which find things in pictures"),
    (r"classifier\.\d\.convs\.\d\.", "torchvision's segmentation networks, which colour pictures in"),
)
"""A name of one of the entries, and whose networks have it."""


def family_of(names: Iterable[str]) -> str | None:
    """Return whose networks have entries of such names ("timm's vision transformers"), None if unknown."""
    listed = tuple(names)
    return next((family for name, family in _FAMILIES if any(re.search(name, key) for key in listed)), None)
