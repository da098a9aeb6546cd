"""The arithmetic of the network's forward and backward passes: number format and order in memory."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import nn

from ftgui.core.preprocessing import Preprocessing
from ftgui.data.pixels import normalise

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def settle_precision(precision: str) -> None:
    """Have ``fp32`` mean that on CUDA too, where torch computes convolutions in TF32 unless told not to."""
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = precision != "fp32"


def autocast(device: str, precision: str) -> AbstractContextManager[None]:
    """Return the context in which the forward pass runs. Weights that learn stay fp32 in all."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device, dtype=DTYPES[precision])


@dataclass(frozen=True)
class Arithmetic:
    """Where and how the network computes."""

    device: torch.device
    precision: str
    preprocessing: Preprocessing
    layout: str = "contiguous"

    @property
    def memory_format(self) -> torch.memory_format:
        return FORMATS[self.layout]

    @property
    def computer(self) -> str:
        """What computes, as far as it decides how fast."""
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        return f"{name}, {torch.get_num_threads()} threads, torch {torch.__version__}"

    @property
    def dtype(self) -> torch.dtype:
        """The numbers of what does not learn, weights included."""
        return DTYPES[self.precision]

    def place(self, model: nn.Module) -> None:
        """Move a network to the device, its filters laid out as they are computed with."""
        model.to(device=self.device, memory_format=self.memory_format)  # type: ignore[call-overload]

    def inputs(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return uint8 pixels (N, 3, crop, crop) as the network takes them: fp32, on the device."""
        return normalise(pixels, self.preprocessing, self.device).contiguous(memory_format=self.memory_format)

    def forward(self, network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """Return fp32 logits (N, classes)."""
        if self.precision == "fp32":
            inputs = inputs.float()  # features may be kept in fewer bits
        with autocast(self.device.type, self.precision):
            logits: torch.Tensor = network(inputs)
        return logits.float()


def drawn_pictures(crop: int, count: int) -> torch.Tensor:
    """Return uint8 pixels (count, 3, crop, crop) that are all different, to time a network with."""
    numbers = torch.arange(count * 3 * crop * crop).remainder_(251)
    return numbers.to(torch.uint8).view(count, 3, crop, crop)


def wait_for(device: torch.device) -> None:
    """Wait until all is computed that was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
