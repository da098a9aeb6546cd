"""Make ftgui/resources/architectures.json from torchvision itself.

Run it after an update of torchvision, from the project's root: ``python tools/make_architectures.py``.
It takes some seconds and no network; tests/models/test_architectures.py compares the file with torchvision.
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Any

import torchvision
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ftgui.core import records  # noqa: E402  the project need not be installed to run a tool
from ftgui.core.preprocessing import Preprocessing  # noqa: E402
from ftgui.models import architectures as known  # noqa: E402
from ftgui.models.construction import shapes_of, skeleton  # noqa: E402
from ftgui.models.fingerprint import Shapes, fingerprint, identifying, is_under, shape_text  # noqa: E402

SAMPLE = 24
TARGET = ROOT / "ftgui" / "resources" / "architectures.json"

_TITLES = (
    (r"alexnet", "AlexNet"),
    (r"convnext_(\w+)", "ConvNeXt {0}"),
    (r"densenet(\d+)", "DenseNet-{0}"),
    (r"efficientnet_v2_(\w)", "EfficientNet V2 {0}"),
    (r"efficientnet_(b\d)", "EfficientNet {0}"),
    (r"googlenet", "GoogLeNet"),
    (r"inception_v3", "Inception v3"),
    (r"maxvit_t", "MaxViT T"),
    (r"mnasnet(\d)_(\d+)", "MNASNet {0}.{1}"),
    (r"mobilenet_v2", "MobileNet V2"),
    (r"mobilenet_v3_(\w+)", "MobileNet V3 {0}"),
    (r"regnet_([xy])_(\d+)_(\d+)gf", "RegNet {0} {1}.{2} GF"),
    (r"regnet_([xy])_(\d+)([gm])f", "RegNet {0} {1} {2}F"),
    (r"wide_resnet(\d+)_(\d)", "Wide ResNet-{0}-{1}"),
    (r"resnet(\d+)", "ResNet-{0}"),
    (r"resnext(\d+)_(\d+x\d+d)", "ResNeXt-{0} {1}"),
    (r"shufflenet_v2_x(\d)_(\d)", "ShuffleNet V2 x{0}.{1}"),
    (r"squeezenet(\d)_(\d)", "SqueezeNet {0}.{1}"),
    (r"swin_v2_(\w)", "Swin V2 {0}"),
    (r"swin_(\w)", "Swin {0}"),
    (r"vgg(\d+)_bn", "VGG-{0} with batch norm"),
    (r"vgg(\d+)", "VGG-{0}"),
    (r"vit_(\w)_(\d+)", "ViT {0}/{1}"),
)


def title(name: str) -> str:
    """Return what people call an architecture ("ResNet-18")."""
    for pattern, words in _TITLES:
        if match := re.fullmatch(pattern, name):
            return words.format(*(_capital(group) for group in match.groups()))
    return name


def _capital(group: str) -> str:
    return group if re.fullmatch(r"\d+x\d+d", group) else group[:1].upper() + group[1:]


def official_weights(name: str, weights: Any) -> known.OfficialWeights:
    """Return one of torchvision's published files, as the table holds it."""
    preset = weights.transforms()
    default = torchvision.models.get_model_weights(name)["DEFAULT"]
    match = re.search(r"-([0-9a-f]{8,})\.pth$", weights.url)
    if match is None:
        raise SystemExit(f"{name}: no hash in {weights.url}")
    return known.OfficialWeights(
        name=weights.name,
        sha256_prefix=match.group(1),
        is_default=weights is default,
        file=weights.url.rsplit("/", 1)[1],
        file_mb=weights.meta["_file_size"],
        parameters=weights.meta["num_params"],
        gflops=weights.meta["_ops"],
        accuracy=_accuracy(weights),
        recipe=weights.meta["recipe"],
        licence=weights.meta.get("license", ""),
        preprocessing=preprocessing(name, weights.name, preset),
    )


def _accuracy(weights: Any) -> float | None:
    """Return top-1 in percent; torchvision writes “not a number” where there is nothing to measure."""
    accuracy = float(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"])
    return accuracy if math.isfinite(accuracy) else None


def preprocessing(name: str, weights_name: str, preset: Any) -> Preprocessing:
    """Return a preset as a record.

    GoogLeNet and Inception undo the ImageNet normalisation inside the network (``transform_input``), to
    (x - 0.5) / 0.5; here that is their preprocessing and the switch is off.
    """
    own_half = name in ("googlenet", "inception_v3")
    return Preprocessing(
        resize=preset.resize_size[0],
        crop=preset.crop_size[0],
        interpolation=preset.interpolation.value,
        mean=(0.5, 0.5, 0.5) if own_half else tuple(preset.mean),
        std=(0.5, 0.5, 0.5) if own_half else tuple(preset.std),
        name=weights_name,
    )


def output_layer(model: nn.Module) -> str:
    """Return the module path of the last layer with parameters."""
    return [path for path, part in model.named_modules() if list(part.parameters(recurse=False))][-1]


def head_region(head: str, shapes: Shapes) -> str:
    """Return the outermost module around the output layer that holds nothing else."""
    around = head.rpartition(".")[0]
    alone = around and all(is_under(key, head) for key in shapes if is_under(key, around))
    return head_region(around, shapes) if alone else head


def architecture(name: str) -> known.Architecture:
    """Return what the table holds of one architecture."""
    model = skeleton(name, known.IMAGENET_CLASSES)
    head, shapes = output_layer(model), shapes_of(model)
    region = head_region(head, shapes)
    entries = identifying(shapes, region)
    step = max(1, len(entries) // SAMPLE)
    return known.Architecture(
        name=name,
        title=title(name),
        fingerprint=fingerprint(shapes, region),
        head=head,
        head_region=region,
        weights=tuple(official_weights(name, w) for w in torchvision.models.get_model_weights(name)),
        entry_count=len(entries),
        sample={key: shape_text(shape) for key, shape in list(entries.items())[::step]},
    )


def table() -> known.ArchitectureTable:
    """Return the table of all classifiers of the torchvision that is installed."""
    return known.ArchitectureTable(
        torchvision=torchvision.__version__,
        architectures=tuple(map(architecture, torchvision.models.list_models(module=torchvision.models))),
    )


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    records.write_json(TARGET, table())
    print(f"{TARGET.relative_to(ROOT)}: {len(known.names())} architectures")
