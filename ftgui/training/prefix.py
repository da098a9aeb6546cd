"""The frozen stages before the ice line, as they are computed once for each view of each picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
import torch
from torch import nn

from ftgui.freezing.apply import AppliedPlan
from ftgui.models.folding import folded
from ftgui.models.splitting import Halves
from ftgui.models.stages import Stage
from ftgui.training.precision import Arithmetic

VERSION = 1
"""Of how features are computed and laid out. Another one shares nothing with what was kept before."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What one picture becomes: features are kept in the order in which they lie in memory."""

    dtype: str
    sizes: tuple[int, ...]
    """Channels last where ``channels_last``."""
    channels_last: bool

    @property
    def torch_dtype(self) -> torch.dtype:
        dtype = getattr(torch, self.dtype)
        assert isinstance(dtype, torch.dtype)
        return dtype

    @property
    def bytes(self) -> int:
        return int(torch.Size(self.sizes).numel()) * self.torch_dtype.itemsize

    def as_kept(self, features: torch.Tensor) -> torch.Tensor:
        """Return features (N, …) as rows (N, *sizes)."""
        return features.permute(0, 2, 3, 1) if self.channels_last else features

    def as_computed(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows (N, *sizes) as the features that they were."""
        return rows.permute(0, 3, 1, 2) if self.channels_last else rows


@dataclass(frozen=True)
class Prefix:
    """The first ``line`` stages of a network that a plan is on, in eval mode, norms folded.

    Its weights are copied when it is first used, and stay: that they stay in the network, too, is what
    makes the line where it is.
    """

    applied: AppliedPlan
    line: int
    arithmetic: Arithmetic
    architecture: str

    @cached_property
    def name(self) -> str:
        """All that its answers depend on, but for the pictures, as 32 hex digits."""
        arithmetic = self.arithmetic
        digest = hashlib.blake2b(digest_size=16)
        facts = (
            VERSION,
            self.architecture,
            self.stages[-1].boundary,
            arithmetic.precision,
            arithmetic.layout,
            _computer(arithmetic.device),
            msgspec.json.encode(arithmetic.preprocessing),
        )
        digest.update(repr(facts).encode())
        state = self.applied.model.state_dict()
        for entry in sorted(name for stage in self.stages for name in stage.entries):
            tensor = state[entry].detach().cpu().contiguous()
            digest.update(f"{entry} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(memoryview(tensor.reshape(-1).view(torch.uint8).numpy()))
        return digest.hexdigest()

    @property
    def stages(self) -> Sequence[Stage]:
        return self.applied.stages[: self.line]

    @cached_property
    def network(self) -> nn.Module:
        """On the device, in the run's arithmetic throughout: nothing in it learns."""
        prefix = Halves(self.applied.model, self.applied.stages, self.line).prefix
        return folded(prefix, self.arithmetic.dtype, self.arithmetic.memory_format)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the features of uint8 pixels (N, 3, crop, crop), on the device."""
        with torch.inference_mode():
            features: torch.Tensor = self.network(self.arithmetic.inputs(pixels))
        return features

    def shape(self) -> Shape:
        """Return what it makes of one picture; a blank one goes through it, once."""
        return self._shape

    @cached_property
    def _shape(self) -> Shape:
        crop = self.arithmetic.preprocessing.crop
        features = self.forward(torch.zeros((1, 3, crop, crop), dtype=torch.uint8))
        channels_last = features.ndim == 4 and self.arithmetic.layout == "channels_last"
        sizes = features.permute(0, 2, 3, 1).shape if channels_last else features.shape
        return Shape(
            dtype=str(features.dtype).removeprefix("torch."),
            sizes=tuple(sizes[1:]),
            channels_last=channels_last,
        )


def _computer(device: torch.device) -> str:
    """Return what computes, as far as it may decide the last bits."""
    if device.type == "cuda":
        return f"{torch.__version__} {torch.cuda.get_device_name(device)}"
    return f"{torch.__version__} {device.type} {torch.backends.cpu.get_cpu_capability()}"
