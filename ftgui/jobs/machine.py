"""What this machine computes with."""

from __future__ import annotations

import msgspec
import torch

from ftgui.training.devices import DeviceChoice, available_devices


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The devices of this machine, the best first, and torch's threads."""

    devices: tuple[DeviceChoice, ...]
    threads: int
    torch: str


def describe_machine() -> Machine:
    """Look at this machine. Calling it loads torch, which takes seconds: not on the GUI thread."""
    return Machine(devices=available_devices(), threads=torch.get_num_threads(), torch=str(torch.__version__))
