"""What a run's figures depend on besides its config."""

from __future__ import annotations

import functools
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import torch
import torchvision

from ftgui import __version__

CPU_INFO = Path("/proc/cpuinfo")


def versions() -> dict[str, str]:
    """Return what a run's figures depend on: the versions of everything, and what computes."""
    known = {**software_versions(), "processor": processor_name()}
    if torch.cuda.is_available():
        known["gpu"] = torch.cuda.get_device_name()
    return known


def software_versions() -> dict[str, str]:
    """Return the versions of everything that computes or decodes."""
    return {
        "ftgui": __version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": str(torchvision.__version__),
        "pillow": version("pillow"),
        "platform": platform.platform(),
    }


@functools.cache
def processor_name() -> str:
    """Return what the maker calls the processor, as far as the system says it."""
    with suppress(OSError):  # no Linux
        for line in CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
