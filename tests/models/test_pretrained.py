"""A file's weights become a network that computes what torchvision's would."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision

from ftgui.core.errors import FtguiError
from ftgui.models.identify import recognise
from ftgui.models.pretrained import load_pretrained, random_model
from ftgui.models.weights import WeightsFile, read_weights
from tests.models import files


def opened(folder: Path, content: object) -> WeightsFile:
    return read_weights(files.saved(folder / "w.pth", content))


def loaded(file: WeightsFile) -> torch.nn.Module:
    return load_pretrained(file, recognise(file))


def assert_same_entries(model: torch.nn.Module, expected: dict[str, torch.Tensor]) -> None:
    actual = model.state_dict()
    assert list(actual) == list(expected)
    assert [key for key in expected if not torch.equal(actual[key], expected[key])] == []


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_real_weights_predict_as_torchvisions_own_network_does(real_data: Path, name: str) -> None:
    path = real_data / "weights" / f"{name}-imagenet.pth"
    theirs = torchvision.models.get_model(name, weights=None)
    theirs.load_state_dict(torch.load(path, weights_only=True))
    picture = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = theirs.eval()(picture)
        assert torch.equal(loaded(read_weights(path)).eval()(picture), expected)
    assert expected.std() > 1


@pytest.mark.parametrize(
    "name", ["resnet18", "mnasnet0_5", "googlenet", pytest.param("swin_t", marks=pytest.mark.long)]
)
def test_every_entry_of_the_file_is_in_the_network(tmp_path: Path, name: str) -> None:
    theirs = random_model(name, 3, seed=1)
    assert_same_entries(loaded(opened(tmp_path, theirs.state_dict())), theirs.state_dict())


def test_mnasnets_load_without_metadata(tmp_path: Path) -> None:
    """Without its version number, torchvision takes an MNASNet for its first and rebuilds its stem."""
    theirs = random_model("mnasnet0_5", 3, seed=1).state_dict()
    assert_same_entries(loaded(opened(tmp_path, dict(theirs))), theirs)


def test_missing_counters_are_zero(tmp_path: Path) -> None:
    theirs = random_model("resnet18", 3, seed=1).state_dict()
    model = loaded(opened(tmp_path, {k: t for k, t in theirs.items() if "num_batches" not in k}))
    assert_same_entries(model, theirs)
    assert not model.state_dict()["bn1.num_batches_tracked"].any()


def test_auxiliary_heads_of_the_file_are_left_out(tmp_path: Path) -> None:
    theirs = torchvision.models.googlenet(weights=None, num_classes=3, aux_logits=True, init_weights=False)
    model = loaded(opened(tmp_path, theirs.state_dict()))
    assert not any(key.startswith("aux") for key in model.state_dict())
    assert torch.equal(model.state_dict()["fc.weight"], theirs.state_dict()["fc.weight"])


def test_the_network_has_its_own_copy(tmp_path: Path) -> None:
    file = opened(tmp_path, random_model("squeezenet1_1", 3, seed=1).state_dict())
    model = loaded(file)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7)
    assert not any((tensor == 7).all() for tensor in file.entries.values())


def test_half_precision_is_widened(tmp_path: Path) -> None:
    theirs = random_model("squeezenet1_1", 3, seed=1).half()
    model = loaded(opened(tmp_path, theirs.state_dict()))
    assert_same_entries(model, theirs.float().state_dict())


def test_a_vision_transformer_keeps_the_size_of_its_pictures(tmp_path: Path) -> None:
    theirs = random_model("vit_b_32", 3, seed=1, image_size=256)
    model = loaded(opened(tmp_path, theirs.state_dict()))
    assert_same_entries(model, theirs.state_dict())
    assert model.image_size == 256


def test_a_network_without_output_layer_gets_one_that_is_always_the_same(tmp_path: Path) -> None:
    theirs = random_model("resnet18", 3, seed=1).state_dict()
    file = opened(tmp_path, {key: tensor for key, tensor in theirs.items() if not key.startswith("fc.")})
    first, second = loaded(file).state_dict(), loaded(file).state_dict()
    assert first["fc.weight"].shape == (1000, 512)
    assert torch.equal(first["fc.weight"], second["fc.weight"])
    assert 0 < first["fc.weight"].abs().max() < 1
    assert torch.equal(first["layer4.1.conv2.weight"], theirs["layer4.1.conv2.weight"])


def test_a_file_that_was_not_recognised_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = opened(tmp_path, random_model("squeezenet1_1", 3, seed=1).state_dict())
    with pytest.raises(FtguiError, match="do not fit ResNet-18"):
        load_pretrained(file, recognise(file, "resnet18"))


def test_random_weights_are_decided_by_the_seed_alone() -> None:
    torch.manual_seed(3)
    first = random_model("squeezenet1_1", 3, seed=1).state_dict()
    second = random_model("squeezenet1_1", 3, seed=1).state_dict()
    other = random_model("squeezenet1_1", 3, seed=2).state_dict()
    key = "features.0.weight"
    assert torch.equal(first[key], second[key])
    assert not torch.equal(first[key], other[key])
    drawn = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(2))
