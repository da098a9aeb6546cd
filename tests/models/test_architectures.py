"""The table of architectures says what torchvision says."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
import torch
import torchvision
from torchvision.transforms import InterpolationMode

from ftgui.core.errors import FtguiError
from ftgui.models import architectures
from ftgui.models.construction import construct, shapes_of, skeleton
from ftgui.models.fingerprint import fingerprint
from ftgui.models.head import output_layer

SOME = (
    "resnet18",
    "mobilenet_v2",
    "squeezenet1_1",
    "vit_b_16",
    "googlenet",
    "inception_v3",
    "regnet_y_400mf",
)


def test_all_classifiers_of_torchvision_are_known() -> None:
    assert list(architectures.names()) == torchvision.models.list_models(module=torchvision.models)


def test_no_two_architectures_share_a_fingerprint_or_a_title() -> None:
    known = [architectures.get(name) for name in architectures.names()]
    assert len({one.fingerprint for one in known}) == len({one.title for one in known}) == len(known)


def test_titles_are_what_people_say() -> None:
    titles = [architectures.get(name).title for name in ("resnet18", "mobilenet_v2", "vit_b_16", "vgg11_bn")]
    assert titles == ["ResNet-18", "MobileNet V2", "ViT B/16", "VGG-11 with batch norm"]
    assert not any("_" in architectures.get(name).title for name in architectures.names())


@pytest.mark.parametrize("name", SOME)
def test_fingerprint_and_head_are_those_of_torchvisions_network(name: str) -> None:
    _check_network(name)


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(architectures.names()) - set(SOME)))
def test_fingerprint_and_head_of_all_the_others_too(name: str) -> None:
    _check_network(name)


def _check_network(name: str) -> None:
    known, model = architectures.get(name), skeleton(name, 7)
    assert known.head == output_layer(model)
    assert known.fingerprint == fingerprint(shapes_of(model), known.head_region)
    assert all(shape_of_head[0] == 7 for shape_of_head in _head_shapes(model, known.head))


def _head_shapes(model: torch.nn.Module, head: str) -> list[tuple[int, ...]]:
    return [shape for key, shape in shapes_of(model).items() if key.startswith(head + ".")]


@pytest.mark.parametrize("name", architectures.names())
def test_official_weights_are_those_that_torchvision_publishes(name: str) -> None:
    published = torchvision.models.get_model_weights(name)
    known = architectures.get(name).weights
    assert [one.name for one in known] == [one.name for one in published]
    assert [one.name for one in known if one.is_default] == [published["DEFAULT"].name]
    for mine, theirs in zip(known, published, strict=True):
        assert theirs.url.endswith(f"-{mine.sha256_prefix}.pth")
        preset, ours = theirs.transforms(), mine.preprocessing
        assert (ours.resize, ours.crop) == (preset.resize_size[0], preset.crop_size[0])
        assert InterpolationMode(ours.interpolation) is preset.interpolation
        if name not in ("googlenet", "inception_v3"):
            assert (list(ours.mean), list(ours.std)) == (preset.mean, preset.std)


@pytest.mark.parametrize("name", architectures.names())
def test_what_is_known_of_official_weights_is_what_torchvision_says(name: str) -> None:
    published = torchvision.models.get_model_weights(name)
    for mine, theirs in zip(architectures.get(name).weights, published, strict=True):
        meta = theirs.meta
        assert theirs.url == f"https://download.pytorch.org/models/{mine.file}"
        assert (mine.parameters, mine.gflops, mine.file_mb) == (
            *(meta["num_params"], meta["_ops"], meta["_file_size"]),
        )
        assert (mine.recipe, mine.licence) == (meta["recipe"], meta.get("license", ""))
        stated = meta["_metrics"]["ImageNet-1K"]["acc@1"]
        assert mine.accuracy == (None if math.isnan(stated) else stated)


def test_only_the_weights_without_an_output_layer_have_no_accuracy() -> None:
    without = [
        (name, weights.name)
        for name in architectures.names()
        for weights in architectures.get(name).weights
        if weights.accuracy is None
    ]
    assert without == [("vgg16", "IMAGENET1K_FEATURES")]


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_a_change_of_input_inside_the_network_is_preprocessing_here(name: str) -> None:
    """Official preset and ``transform_input`` on, against our preprocessing and the switch off."""
    picture = torch.rand(1, 3, 80, 80, generator=torch.Generator().manual_seed(0))
    preset = torchvision.models.get_model_weights(name)["DEFAULT"].transforms()
    theirs = torchvision.models.get_model(name, weights=None, transform_input=True, init_weights=False)
    ours = architectures.get(name).weights[0].preprocessing
    normalised = torchvision.transforms.functional.normalize(picture, preset.mean, preset.std)
    expected = theirs._transform_input(normalised)
    actual = torchvision.transforms.functional.normalize(picture, list(ours.mean), list(ours.std))
    assert torch.allclose(actual, expected, atol=1e-6)
    assert skeleton(name, 2).transform_input is False


def test_an_unknown_name_is_refused_and_close_ones_are_named() -> None:
    with pytest.raises(FtguiError, match="no architecture “resnet-19”") as error:
        architectures.get("resnet-19")
    assert "resnet18" in error.value.hint
    with pytest.raises(FtguiError, match="no architecture"):
        architectures.build("fasterrcnn_resnet50_fpn", 2)


def test_the_table_is_read_without_torch() -> None:
    code = "import sys; from ftgui.models import architectures as a; a.names(); print('torch' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout == "False\n"


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_networks_are_built_without_auxiliary_heads(name: str) -> None:
    assert not any(key.lower().startswith("aux") for key in shapes_of(skeleton(name, 3)))


def test_a_skeleton_has_no_memory_and_the_shapes_of_the_network() -> None:
    bones, model = skeleton("resnet18", 3), construct("resnet18", 3)
    assert all(tensor.is_meta for tensor in bones.state_dict().values() if tensor.numel() > 1)
    assert shapes_of(bones) == shapes_of(model)
    assert not any(tensor.is_meta for tensor in model.state_dict().values())


def test_a_vision_transformer_is_built_for_the_size_asked() -> None:
    assert shapes_of(skeleton("vit_b_16", 3, 384))["encoder.pos_embedding"] == (1, 577, 768)
    assert shapes_of(skeleton("vit_b_16", 3))["encoder.pos_embedding"] == (1, 197, 768)
