"""The steps of transfer learning that make a network: with a file's weights, or random ones."""

from __future__ import annotations

import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models import architectures
from ftgui.models.architectures import IMAGENET_CLASSES
from ftgui.models.construction import skeleton
from ftgui.models.fingerprint import is_counter, is_under
from ftgui.models.head import seeded
from ftgui.models.identify import Recognition
from ftgui.models.matching import image_size
from ftgui.models.weights import WeightsFile


def load_pretrained(file: WeightsFile, recognition: Recognition) -> nn.Module:
    """Return the recognised network with the file's weights in float32, copied, for its own classes.

    Where the file's output layer is absent or of another kind, the network has a fresh one for ImageNet's
    1,000 classes. Built without random weights first: a large network's would take seconds.

    Raises:
        FtguiError: the file was not recognised.
    """
    if recognition.architecture is None:
        raise FtguiError(recognition.reason or "These weights are of an unknown network.", _OTHER_FILE)
    head = architectures.get(recognition.architecture).head
    size = image_size(file.shapes)
    model = skeleton(recognition.architecture, recognition.num_classes or IMAGENET_CLASSES, size)
    model.to_empty(device="cpu")
    if recognition.num_classes is None:
        _reset(model.get_submodule(head))
    model.load_state_dict(_entries_for(model, file, None if recognition.num_classes else head), strict=True)
    return model


_OTHER_FILE = "Choose a weights file of one of torchvision's classifiers, or say which one it is."


def _reset(layer: nn.Module) -> None:
    with seeded(0):
        layer.reset_parameters()  # type: ignore[operator]  # every layer with weights has it


def _entries_for(model: nn.Module, file: WeightsFile, kept: str | None) -> dict[str, torch.Tensor]:
    """Return the file's entries under exactly the network's names.

    They go into the network's own ``state_dict``, since that carries ``_metadata``, without which MNASNets
    take themselves for their first version. Absent counters are 0; the module ``kept`` keeps its own.

    Raises:
        FtguiError: another entry is absent.
    """
    entries = model.state_dict()
    for key, tensor in entries.items():
        if kept is not None and is_under(key, kept):
            continue
        if key in file.entries:
            entries[key] = file.entries[key]
        elif is_counter(key):
            entries[key] = torch.zeros_like(tensor)
        else:
            raise FtguiError(f"The weights file lacks “{key}”.", _OTHER_FILE)
    return entries


def random_model(architecture: str, num_classes: int, seed: int, image_size: int | None = None) -> nn.Module:
    """Return an architecture with random weights, which ``seed`` alone decides.

    ``image_size`` matters to vision transformers alone (224 unless said).

    Raises:
        FtguiError: there is no architecture of this name.
    """
    with seeded(seed), torch.device("cpu"):
        return architectures.build(architecture, num_classes, image_size)
