"""A weights file is recognised by its hash or by its entries, and a wrong hint is answered with figures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.models import architectures
from ftgui.models.construction import construct, skeleton
from ftgui.models.families import family_of
from ftgui.models.identify import nearest, recognise
from ftgui.models.weights import WeightsFile, read_weights

OLD_LAYOUTS = ("densenet121", "vit_b_32")


def file_of(entries: dict[str, torch.Tensor], sha256: str = "0" * 64) -> WeightsFile:
    return WeightsFile(
        path="w.pth", sha256=sha256, size_bytes=1, layout="state_dict", entries=entries, notes=("Read so.",)
    )


def entries_of(name: str, num_classes: int = 5, image_size: int | None = None) -> dict[str, torch.Tensor]:
    """Return an architecture's entries without memory: to recognise them only shapes count."""
    return skeleton(name, num_classes, image_size).state_dict()


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "parameters", "matched"), [("squeezenet1_1", 1_235_496, 52), ("mobilenet_v2", 3_504_872, 314)]
)
def test_real_weights_are_recognised(real_data: Path, name: str, parameters: int, matched: int) -> None:
    found = recognise(read_weights(real_data / "weights" / f"{name}-imagenet.pth"))
    assert (found.architecture, found.num_classes, found.parameters) == (name, 1000, parameters)
    assert (found.matched, found.missing, found.unexpected, found.reason) == (matched, (), (), "")
    assert (found.exact_weights, found.preprocessing_is_certain) == (None, False)
    assert (found.preprocessing.resize, found.preprocessing.crop) == (256, 224)


@pytest.mark.parametrize("name", architectures.names())
def test_every_architecture_is_recognised_by_its_entries_alone(name: str) -> None:
    found = recognise(file_of(entries_of(name, num_classes=5)))
    assert (found.architecture, found.num_classes) == (name, 5)
    assert found.title == architectures.get(name).title
    assert (found.missing, found.unexpected) == ((), ())
    assert found.notes[0] == "Read so."


def test_a_hash_that_torchvision_published_says_which_weights_exactly() -> None:
    official = {one.name: one for one in architectures.get("resnet50").weights}["IMAGENET1K_V2"]
    found = recognise(file_of(entries_of("resnet50", 1000), official.sha256_prefix + "0" * 56))
    assert (found.architecture, found.exact_weights) == ("resnet50", "IMAGENET1K_V2")
    assert found.preprocessing == official.preprocessing
    assert found.preprocessing_is_certain


def test_a_published_hash_over_other_entries_is_not_believed() -> None:
    prefix = architectures.get("resnet50").weights[0].sha256_prefix
    found = recognise(file_of(entries_of("resnet18", 1000), prefix + "0" * 56))
    assert found.architecture is None
    assert "do not fit ResNet-50" in found.reason


def test_an_unknown_hash_makes_the_preprocessing_a_guess_and_says_so() -> None:
    found = recognise(file_of(entries_of("mobilenet_v2")))
    assert found.preprocessing.name == "IMAGENET1K_V1"
    assert not found.preprocessing_is_certain
    assert "a guess: IMAGENET1K_V1 (resize 256, crop 224); also possible: IMAGENET1K_V2." in found.notes[-1]


def test_a_vision_transformer_for_larger_pictures_is_recognised_with_their_size() -> None:
    found = recognise(file_of(entries_of("vit_b_16", 5, image_size=384)))
    assert (found.architecture, found.preprocessing.crop) == ("vit_b_16", 384)
    assert found.preprocessing.name == "IMAGENET1K_SWAG_E2E_V1"


def test_counters_may_be_missing_and_auxiliary_heads_may_be_there() -> None:
    entries = {k: t for k, t in entries_of("googlenet").items() if not k.endswith("num_batches_tracked")}
    entries |= {"aux1.fc1.weight": torch.zeros(3, 3), "aux2.conv.bn.running_mean": torch.zeros(3)}
    found = recognise(file_of(entries))
    assert (found.architecture, found.missing, found.unexpected) == ("googlenet", (), ())
    assert any("Its auxiliary heads are left out" in note for note in found.notes)
    assert any("num_batches_tracked" in note for note in found.notes)


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"fc.0.weight": torch.zeros(64, 512), "fc.2.weight": torch.zeros(3, 64)},
        {"fc.weight": torch.zeros(3, 99), "fc.bias": torch.zeros(3)},
    ],
    ids=["none", "two layers", "other inputs"],
)
def test_a_missing_or_strange_output_layer_does_not_hide_the_network(head: dict[str, torch.Tensor]) -> None:
    entries = {key: t for key, t in entries_of("resnet18").items() if not key.startswith("fc.")}
    found = recognise(file_of(entries | head))
    assert (found.architecture, found.num_classes) == ("resnet18", None)
    assert any("output layer" in note for note in found.notes)


def test_a_hint_that_fits_is_followed() -> None:
    assert recognise(file_of(entries_of("resnet18")), "resnet18").architecture == "resnet18"


def test_a_hint_that_does_not_fit_is_answered_with_what_does_not() -> None:
    found = recognise(file_of(entries_of("resnet18")), "resnet34")
    assert found.architecture is None
    assert found.reason == (
        "These weights do not fit ResNet-34: 96 entries are missing (layer1.2.conv1.weight, …). "
        "They fit ResNet-18 (resnet18)."
    )
    assert len(found.missing) == 96


def test_a_smaller_network_whose_entries_are_all_there_is_no_fit() -> None:
    found = recognise(file_of(entries_of("resnet34")), "resnet18")
    assert found.architecture is None
    assert "96 entries do not belong to it (layer1.2.conv1.weight, …)" in found.reason


def test_other_shapes_are_counted() -> None:
    found = recognise(file_of(entries_of("wide_resnet50_2")), "resnet50")
    assert "have other shapes" in found.reason
    assert "Wide ResNet-50-2" in found.reason


def test_a_hint_that_is_no_name_is_refused() -> None:
    with pytest.raises(FtguiError, match="no architecture “resnet-18”"):
        recognise(file_of(entries_of("resnet18")), "resnet-18")


def test_an_unknown_network_is_laid_beside_the_nearest() -> None:
    entries = entries_of("resnet34")
    del entries["layer3.5.conv2.weight"]
    found = recognise(file_of(entries))
    assert found.architecture is None
    assert found.reason == (
        "These weights are of no network in torchvision. The nearest is ResNet-34: 217 of 218 entries match; "
        "1 entry is missing (layer3.5.conv2.weight)."
    )
    assert found.missing == ("layer3.5.conv2.weight",)
    assert (found.title, found.num_classes) == ("Unknown network", None)


@pytest.mark.parametrize("name", ["resnet18", "vgg16_bn", "swin_t", "regnet_x_8gf", "efficientnet_b3"])
def test_the_nearest_of_a_network_less_one_entry_is_itself(name: str) -> None:
    shapes = {key: tuple(tensor.shape) for key, tensor in entries_of(name).items()}
    del shapes[list(shapes)[len(shapes) // 2]]
    found = nearest(shapes)
    assert found is not None
    assert found.name == name


def test_entries_that_nothing_knows_are_said_to_be_so() -> None:
    found = recognise(
        file_of({"blocks.0.attn.qkv.weight": torch.zeros(3, 3), "pos_embed": torch.zeros(1, 5)})
    )
    assert found.architecture is None
    assert "none of its names occurs" in found.reason
    assert (found.parameters, found.matched, len(found.unexpected)) == (14, 0, 2)


def shapes_as_entries(shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


def cifar_resnet20() -> dict[str, tuple[int, ...]]:
    """Return the entries of the widely copied ResNet-20 for CIFAR-10."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (16, 3, 3, 3)}
    shapes |= {f"bn1.{end}": (16,) for end in ("weight", "bias", "running_mean", "running_var")}
    before = 16
    for stage, width in enumerate((16, 32, 64), start=1):
        for block in range(3):
            for n in (1, 2):
                name = f"layer{stage}.{block}"
                shapes[f"{name}.conv{n}.weight"] = (width, before, 3, 3)
                shapes |= {
                    f"{name}.bn{n}.{e}": (width,) for e in ("weight", "bias", "running_mean", "running_var")
                }
                before = width
    return shapes | {"linear.weight": (10, 64), "linear.bias": (10,)}


def home_made_densenet() -> dict[str, tuple[int, ...]]:
    """Return a DenseNet-121 of another growth: torchvision's names, other shapes."""
    real = {key: tuple(tensor.shape) for key, tensor in entries_of("densenet121", 10).items()}
    return {key: (24, *shape[1:]) if shape[:1] == (32,) else shape for key, shape in real.items()}


def timm_efficientnet_lite0() -> dict[str, tuple[int, ...]]:
    """Return the beginning and the end of timm's EfficientNet-Lite0, by timm's names."""
    return {
        "conv_stem.weight": (32, 3, 3, 3), "bn1.weight": (32,), "bn1.bias": (32,), "bn1.running_mean": (32,),
        "bn1.running_var": (32,), "blocks.0.0.conv_dw.weight": (32, 1, 3, 3),
        "blocks.0.0.bn1.weight": (32,), "blocks.0.0.conv_pw.weight": (16, 32, 1, 1),
        "conv_head.weight": (1280, 320, 1, 1), "classifier.weight": (1000, 1280), "classifier.bias": (1000,),
    }  # fmt: skip


STRANGERS = {
    "a CIFAR ResNet-20": (
        cifar_resnet20,
        "The nearest is ResNet-",
        "have other shapes (conv1.weight is 16x3x3x3",
    ),
    "a home-made DenseNet": (home_made_densenet, "The nearest is DenseNet-121", "is 24x"),
    "timm's EfficientNet-Lite": (
        timm_efficientnet_lite0,
        "those of timm's EfficientNets",
        "of no network in",
    ),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_network_that_only_looks_like_torchvisions_is_told_so_with_what_differs(kind: str) -> None:
    make, *words = STRANGERS[kind]
    found = recognise(file_of(shapes_as_entries(make())))
    assert found.architecture is None
    assert all(word in found.reason for word in words), found.reason
    assert found.other_shapes or found.missing or found.unexpected


def test_whose_network_it_is_is_said_for_none_of_torchvisions_own() -> None:
    for name in architectures.names():
        assert family_of(entries_of(name)) is None, name


@pytest.mark.parametrize(
    ("name", "layer"),
    [("mobilenet_v2", "classifier"), ("vit_b_16", "heads"), ("efficientnet_b0", "classifier")],
)
def test_an_output_layer_in_the_place_of_its_whole_container_does_not_hide_the_network(
    name: str, layer: str
) -> None:
    """``model.classifier = nn.Linear(…)``, as many do it."""
    entries = {key: t for key, t in entries_of(name).items() if not key.startswith(f"{layer}.")}
    entries |= {f"{layer}.weight": torch.zeros(3, 9), f"{layer}.bias": torch.zeros(3)}
    found = recognise(file_of(entries))
    assert (found.architecture, found.num_classes) == (name, None)
    assert any("output layer is missing or of another kind" in note for note in found.notes)


def test_a_vision_transformer_for_pictures_that_nobody_publishes_sees_them_at_their_size() -> None:
    found = recognise(file_of(entries_of("vit_b_16", image_size=32)))
    assert (found.preprocessing.crop, found.preprocessing.resize) == (32, 37)
    assert not found.preprocessing_is_certain
    again = recognise(file_of(entries_of("vit_b_16", image_size=32)), preprocessing=found.preprocessing.name)
    assert again.preprocessing == found.preprocessing


def test_an_output_layer_without_a_bias_is_of_another_kind_and_a_bias_without_its_weight_is_a_misfit() -> (
    None
):
    entries = entries_of("resnet18")
    bias = entries.pop("fc.bias")
    found = recognise(file_of(entries))
    assert (found.architecture, found.num_classes) == ("resnet18", None)
    del entries["fc.weight"]
    found = recognise(file_of(entries | {"fc.bias": bias}))
    assert found.architecture is None
    assert "1 entry is a bias without its weight (fc.bias)" in found.reason


@pytest.mark.parametrize("name", ["fc.bibs", "fc.", "fc.weights"])
def test_an_entry_of_no_known_kind_in_the_output_layer_is_a_misfit(name: str) -> None:
    entries = entries_of("resnet18")
    entries[name] = entries.pop("fc.bias")
    found = recognise(file_of(entries))
    assert found.architecture is None
    assert name in found.unexpected


@pytest.mark.parametrize(
    ("lost", "added"), [("bn1", None), (None, "bn9"), ("bn1", "bn9")], ids=["lost", "added", "renamed"]
)
def test_counters_that_do_not_belong_to_the_network_are_a_misfit(lost: str | None, added: str | None) -> None:
    entries = entries_of("resnet18")
    if lost:
        del entries[f"{lost}.num_batches_tracked"]
    if added:
        entries[f"{added}.num_batches_tracked"] = torch.tensor(0)
    found = recognise(file_of(entries))
    assert found.architecture is None
    assert "num_batches_tracked" in found.reason


def test_preprocessing_is_chosen_among_the_published_ones_the_likely_one_first() -> None:
    file = file_of(entries_of("resnet50"))
    guessed = recognise(file)
    assert [choice.name for choice in guessed.preprocessing_choices] == ["IMAGENET1K_V1", "IMAGENET1K_V2"]
    assert guessed.preprocessing == guessed.preprocessing_choices[0]
    chosen = recognise(file, preprocessing="IMAGENET1K_V2")
    assert chosen.preprocessing == guessed.preprocessing_choices[1]
    assert chosen.preprocessing_is_certain
    assert not any("a guess" in note for note in chosen.notes)
    with pytest.raises(FtguiError, match="has no published weights “V3”") as error:
        recognise(file, preprocessing="V3")
    assert "IMAGENET1K_V1, IMAGENET1K_V2" in error.value.hint


def test_a_vision_transformer_is_offered_only_what_its_size_allows() -> None:
    found = recognise(file_of(entries_of("vit_b_16")))
    assert {choice.crop for choice in found.preprocessing_choices} == {224}
    assert len(found.preprocessing_choices) == 2


def test_preprocessing_that_is_known_otherwise_is_taken_as_it_is() -> None:
    own = Preprocessing(resize=99, crop=88, name="mine")
    found = recognise(file_of(entries_of("resnet50")), preprocessing=own)
    assert (found.preprocessing, found.preprocessing_is_certain) == (own, True)


@pytest.mark.parametrize("name", OLD_LAYOUTS)
def test_files_with_old_names_are_recognised(tmp_path: Path, name: str) -> None:
    """DenseNets and vision transformers are published by names that torchvision itself left."""
    entries = construct(name, 3).state_dict()
    old = {_old_name(key): tensor for key, tensor in entries.items()}
    assert old.keys() != entries.keys()
    with (tmp_path / "w.pth").open("wb") as stream:
        torch.save(old, stream)
    file = read_weights(tmp_path / "w.pth")
    assert recognise(file).architecture == name
    assert file.entries.keys() == entries.keys()


def _old_name(key: str) -> str:
    for new, old in ((".mlp.0.", ".mlp.linear_1."), (".mlp.3.", ".mlp.linear_2.")):
        key = key.replace(new, old)
    if "denselayer" in key:
        for kind in ("norm", "conv"):
            for number in "12":
                key = key.replace(f".{kind}{number}.", f".{kind}.{number}.")
    return key


def test_the_files_notes_are_kept() -> None:
    file = dataclasses.replace(file_of(entries_of("resnet18")), notes=("One.", "Two."))
    assert recognise(file).notes[:2] == ("One.", "Two.")
