"""What a run's figures depend on besides its config."""

from __future__ import annotations

import platform
from importlib.metadata import version

import torch
import torchvision

from ftgui import __version__


def versions() -> dict[str, str]:
    """Return the versions of everything that computes or decodes."""
    return {
        "ftgui": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "pillow": version("pillow"),
        "platform": platform.platform(),
    }
