"""The arithmetic of the network's forward and backward passes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def resolve_precision(asked: str) -> str:
    """Return ``fp32`` or ``bf16``. ``auto`` is fp32."""
    return "fp32" if asked == "auto" else asked


def settle_precision(precision: str) -> None:
    """Have ``fp32`` mean that on CUDA too, where torch computes convolutions in TF32 unless told not to."""
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = precision != "fp32"


def autocast(device: str, precision: str) -> AbstractContextManager[None]:
    """Return the context in which the forward pass runs. Weights stay fp32 in both."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16)
