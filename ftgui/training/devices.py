"""Which device computes, and why."""

from __future__ import annotations

import platform

import msgspec
import torch

from ftgui.core.errors import FtguiError
from ftgui.core.process import give_freed_memory_back


class DeviceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as torch names it, and a sentence that says why it is the one."""

    name: str
    why: str

    @property
    def torch_device(self) -> torch.device:
        return torch.device(self.name)


def available_devices() -> tuple[DeviceChoice, ...]:
    """Return the devices of this machine, the best first."""
    found = []
    if torch.cuda.is_available():
        found.append(DeviceChoice(name="cuda", why=f"{torch.cuda.get_device_name()} found"))
    if torch.backends.mps.is_available():
        found.append(DeviceChoice(name="mps", why="Apple GPU found"))
    reason = "no CUDA or Apple GPU found" if not found else (platform.processor() or "processor")
    return (*found, DeviceChoice(name="cpu", why=reason))


def choose_device(asked: str) -> DeviceChoice:
    """Return the best device for ``auto``, else the one asked for.

    Raises:
        FtguiError: this machine, or the torch on it, has no such device.
    """
    found = available_devices()
    if asked == "auto":
        return found[0]
    for choice in found:
        if choice.name == asked:
            return DeviceChoice(name=asked, why="chosen in the settings")
    raise FtguiError(
        f"The device “{asked}” is not available on this computer.",
        f"Choose auto, or {', '.join(choice.name for choice in found)}.",
        f"torch {torch.__version__}, CUDA build {torch.version.cuda}",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the device's or the machine's memory ran out.

    On the CPU torch raises a plain RuntimeError; only its words tell.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        part in words
        for part in ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
    )


def free_memory(device: str) -> None:
    """Give cached memory back after a run, so that the next one, or another program, finds it."""
    give_freed_memory_back()
    if device == "cuda":
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
