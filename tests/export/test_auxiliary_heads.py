"""GoogLeNet and Inception have heads that only training from scratch uses; torchvision builds them anyway."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision

from ftgui.jobs.export import export
from ftgui.jobs.predict import open_classifier
from ftgui.models.fingerprint import is_auxiliary
from ftgui.models.head import untrained_auxiliary_heads
from tests import samples
from tests.fixtures import Drawn, run_small

NETWORKS = ("googlenet", "inception_v3")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_untrained_heads_are_those_that_torchvision_builds(name: str) -> None:
    theirs = torchvision.models.get_model(name, num_classes=5, init_weights=False).state_dict()
    heads = untrained_auxiliary_heads(name, 5)
    expected = {key: tensor for key, tensor in theirs.items() if is_auxiliary(key)}
    assert {key: (t.shape, t.dtype) for key, t in heads.items()} == {
        key: (t.shape, t.dtype) for key, t in expected.items()
    }
    assert all(tensor.isfinite().all() for tensor in heads.values())
    assert all(heads[key].min() > 0 for key in heads if key.endswith("running_var"))
    assert untrained_auxiliary_heads("resnet18", 5) == {}


def test_drawing_them_leaves_the_global_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    untrained_auxiliary_heads("googlenet", 5)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("name", ["googlenet", "mnasnet0_5"])
def test_an_export_loads_strictly_into_what_torchvision_builds_and_predicts_the_same(
    drawn: Drawn, tmp_path: Path, name: str
) -> None:
    """An MNASNet, too: without the metadata of its entries it would not load at all."""
    weights = samples.calibrated_weights(tmp_path / "w.pth", name)
    config = drawn.config(weights=str(weights), epochs=1)
    run_small(config, tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out")
    state = torch.load(tmp_path / "out" / "model.pth", weights_only=True)
    quietly = {"init_weights": False} if name in NETWORKS else {}
    model = torchvision.models.get_model(name, num_classes=3, **quietly)
    model.load_state_dict(state)  # strictly
    ours = open_classifier(tmp_path / "out")
    pixels = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    pictures = (pixels / 255 - torch.tensor(ours.preprocessing.mean).view(3, 1, 1)) / torch.tensor(
        ours.preprocessing.std
    ).view(3, 1, 1)
    with torch.inference_mode():
        assert torch.allclose(model.eval()(pictures), ours.logits(pixels), atol=1e-5)
