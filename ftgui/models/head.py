"""The output layer: where it is, and a new one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models.construction import skeleton
from ftgui.models.fingerprint import is_auxiliary


def output_layer(model: nn.Module) -> str:
    """Return the module path of the last layer with parameters of its own.

    Raises:
        FtguiError: nothing in the network has parameters.
    """
    paths: list[str] = [
        path for path, part in model.named_modules() if any(True for _ in part.parameters(recurse=False))
    ]
    if not paths:
        raise FtguiError("This network has nothing that could learn.", "Choose another weights file.")
    return paths[-1]


def replace_output_layer(model: nn.Module, num_classes: int, seed: int) -> str:
    """Put a new output layer of ``num_classes`` in the place of the old one and return its module path.

    It has the old one's inputs and, where that had one, a bias; ``seed`` alone decides its weights, and
    torch's global random numbers go on as if nothing had been drawn.

    Raises:
        FtguiError: the output layer is neither a linear layer nor a convolution.
    """
    path = output_layer(model)
    old = model.get_submodule(path)
    reference = next(old.parameters())
    with seeded(seed):
        new = _like(old, num_classes, path)
    model.set_submodule(path, new.to(reference.device, reference.dtype).train(old.training))
    if hasattr(model, "num_classes"):  # SqueezeNets and vision transformers say it
        setattr(model, "num_classes", num_classes)  # noqa: B010  torch types attributes as modules
    return path


def _like(old: nn.Module, num_classes: int, path: str) -> nn.Module:
    """Return a fresh layer of the old one's kind, initialised as torchvision does."""
    if isinstance(old, nn.Linear):
        return nn.Linear(old.in_features, num_classes, bias=old.bias is not None, device="cpu")
    if isinstance(old, nn.Conv2d) and old.groups == 1:
        return _convolution_like(old, num_classes)
    raise FtguiError(
        f"The output layer “{path}” is a {type(old).__name__}, which cannot be given other classes.",
        "Use a network that ends in a linear layer or a convolution.",
    )


def _convolution_like(old: nn.Conv2d, num_classes: int) -> nn.Conv2d:
    new = nn.Conv2d(
        old.in_channels,
        num_classes,
        (old.kernel_size[0], old.kernel_size[1]),
        stride=(old.stride[0], old.stride[1]),
        padding=old.padding,  # type: ignore[arg-type]  # its own annotation is wider than its argument's
        bias=old.bias is not None,
        device="cpu",
    )
    nn.init.normal_(new.weight, mean=0.0, std=0.01)
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    return new


def untrained_auxiliary_heads(architecture: str, num_classes: int) -> dict[str, torch.Tensor]:
    """Return the entries of the heads that GoogLeNet and Inception have beside their own, as training finds
    them: a network that torchvision builds for ``num_classes`` has such heads. None for other networks.
    """
    generator = torch.Generator().manual_seed(0)  # not the global one, from which a run may be drawing
    bones = skeleton(architecture, num_classes, auxiliary=True).state_dict()
    return {key: _untrained(key, bone, generator) for key, bone in bones.items() if is_auxiliary(key)}


def _untrained(key: str, bone: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    entry = torch.zeros(bone.shape, dtype=bone.dtype)
    if entry.ndim > 1:
        return entry.normal_(std=0.01, generator=generator)  # as torchvision's GoogLeNet
    return entry + 1 if key.endswith(("running_var", "bn.weight")) else entry


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw random numbers on the CPU from ``seed`` alone, and leave all generators in use as they were."""
    is_cuda_used: bool = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    in_use = [torch.cuda.current_device()] if is_cuda_used else []
    with torch.random.fork_rng(devices=in_use):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also reseed every GPU
        yield
