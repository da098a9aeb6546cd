"""Each of torchvision's classifiers is recognised, given other classes, taken apart, and is still itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import filterfalse
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from ftgui.core.process import give_freed_memory_back
from ftgui.models import architectures, splitting
from ftgui.models.construction import shapes_of, skeleton
from ftgui.models.fingerprint import is_auxiliary, is_counter, is_under
from ftgui.models.head import untrained_auxiliary_heads
from ftgui.models.identify import recognise
from ftgui.models.splitting import Halves
from ftgui.models.stages import Stage
from ftgui.models.tracing import measure, trace
from ftgui.models.weights import WeightsFile, read_weights
from tests import samples
from tests.models import files
from tests.models.classifiers import (
    ALL,
    CLASSES,
    QUICK,
    WITH_AUXILIARY_HEADS,
    Classifier,
    filled_entries,
    torchvisions,
)
from tests.models.lively import assert_varies, family_of
from tests.models.stage_checks import assert_whole

STAGES = {
    "alexnet": "stem features.3 features.6-10 classifier.1-4 head",
    "(convnext|swin)_.*": "stem features.1 features.2-3 features.4-5 features.6-7 head",
    "densenet.*": (
        "stem denseblock1 transition1-denseblock2 transition2-denseblock3 transition3-denseblock4 head"
    ),
    "efficientnet_(b.|v2_[ml])": "stem features.2 features.3 features.4-5 features.6-8 head",
    "efficientnet_v2_s": "stem features.2 features.3 features.4-5 features.6-7 head",
    "googlenet": (
        "stem conv2-3 inception3a-inception3b inception4a-inception4e inception5a-inception5b head"
    ),
    "inception_v3": (
        "stem Conv2d_3b_1x1-Conv2d_4a_3x3 Mixed_5b-Mixed_5d Mixed_6a-Mixed_6e Mixed_7a-Mixed_7c head"
    ),
    "maxvit_t": "stem blocks.0 blocks.1 blocks.2 blocks.3 head",
    "mnasnet.*": "stem layers.8 layers.9 layers.10-11 layers.12-14 head",
    "mobilenet_v2": "stem features.2-3 features.4-6 features.7-13 features.14-18 head",
    "mobilenet_v3_large": ("stem features.2-3 features.4-6 features.7-12 features.13-16 classifier.0 head"),
    "mobilenet_v3_small": "stem features.1 features.2-3 features.4-8 features.9-12 classifier.0 head",
    "regnet_.*": "stem block1 block2 block3 block4 head",
    "(wide_)?resne.*": "stem layer1 layer2 layer3 layer4 head",
    "shufflenet_.*": "stem stage2 stage3 stage4-conv5 head",
    "squeezenet1_0": "stem features.3-5 features.7-10 features.12 head",
    "squeezenet1_1": "stem features.3-4 features.6-7 features.9-12 head",
    "vgg11": "stem features.3 features.6-8 features.11-13 features.16-18 classifier.0-3 head",
    "vgg11_bn": "stem features.4 features.8-11 features.15-18 features.22-25 classifier.0-3 head",
    "vgg13": "stem features.5-7 features.10-12 features.15-17 features.20-22 classifier.0-3 head",
    "vgg13_bn": "stem features.7-10 features.14-17 features.21-24 features.28-31 classifier.0-3 head",
    "vgg16": "stem features.5-7 features.10-14 features.17-21 features.24-28 classifier.0-3 head",
    "vgg16_bn": "stem features.7-10 features.14-20 features.24-30 features.34-40 classifier.0-3 head",
    "vgg19": "stem features.5-7 features.10-16 features.19-25 features.28-34 classifier.0-3 head",
    "vgg19_bn": "stem features.7-10 features.14-23 features.27-36 features.40-49 classifier.0-3 head",
    "vit_b_.*": "stem encoder_layer_0-2 encoder_layer_3-5 encoder_layer_6-8 encoder_layer_9-11 head",
    "vit_l_.*": "stem encoder_layer_0-5 encoder_layer_6-11 encoder_layer_12-17 encoder_layer_18-23 head",
    "vit_h_14": "stem encoder_layer_0-7 encoder_layer_8-15 encoder_layer_16-23 encoder_layer_24-31 head",
}
"""People type these names, and run folders keep them: a change breaks both."""


@pytest.fixture(scope="module", params=ALL)
def network(request: pytest.FixtureRequest) -> Iterator[Classifier]:
    """One after the other: several at once would take gigabytes."""
    yield Classifier(request.param)
    give_freed_memory_back()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with samples.one_thread():
        yield


def test_one_of_most_families_is_gone_through_each_time() -> None:
    assert len(ALL) == 80
    quick, families = ({family_of(name) for name in names} for names in (QUICK, architectures.names()))
    assert families - quick == {"densenet", "maxvit", "swin_transformer", "vgg", "vision_transformer"}


def test_the_file_that_torchvision_would_save_is_recognised(network: Classifier, tmp_path: Path) -> None:
    model = torchvisions(network.name)
    file = read_weights(files.saved(tmp_path / "w.pth", filled_entries(model)))
    assert file.layout == "state_dict"
    assert_recognised(file, model, network.name, 1000)


def test_a_file_of_seven_classes_in_half_precision_and_with_prefixes_is_recognised(
    network: Classifier, tmp_path: Path
) -> None:
    model = torchvisions(network.name, num_classes=7)
    entries = {f"module.{key}": halved(tensor) for key, tensor in filled_entries(model).items()}
    file = read_weights(files.saved(tmp_path / "w.pth", entries))
    assert file.layout == "state_dict, prefix 'module.'"
    assert file.notes == ("The weights are stored as float16; they are used as float32.",)
    assert_recognised(file, model, network.name, 7)


def halved(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor in half precision, but for the largest, which would take gigabytes as float32 again."""
    return tensor.half() if tensor.is_floating_point() and tensor.numel() < 2**22 else tensor


def assert_recognised(file: WeightsFile, model: nn.Module, name: str, num_classes: int) -> None:
    """Fail unless a file is taken for exactly torchvision's ``model``, auxiliary heads aside."""
    found = recognise(file)
    assert (found.architecture, found.num_classes, found.reason) == (name, num_classes, "")
    wanted = {key: tensor for key, tensor in model.state_dict().items() if not is_auxiliary(key)}
    assert set(filterfalse(is_counter, found.matched_names)) == set(filterfalse(is_counter, wanted))
    assert (found.missing, found.unexpected, found.other_shapes, found.left_out) == ((), (), (), ())
    assert found.parameters == sum(p.numel() for key, p in model.named_parameters() if key in wanted)
    assert found.notes[: len(file.notes)] == file.notes
    assert any("uxiliary heads" in note for note in found.notes) == (name in WITH_AUXILIARY_HEADS)


def test_a_new_output_layer_takes_the_old_ones_place_and_all_else_is_the_files(network: Classifier) -> None:
    old, new = network.own.state_dict(), network.tuned.state_dict()
    output = {key for key in old if is_under(key, list(old)[-1].rpartition(".")[0])}
    assert list(new) == list(old)
    assert {key for key in old if not torch.equal(new[key], old[key])} == output
    assert {new[key].shape for key in output} == {(CLASSES, *old[key].shape[1:]) for key in output}
    with torch.no_grad():
        answers = network.tuned(network.pictures)
    assert answers.shape == (2, CLASSES)
    assert_varies(answers)


def test_torchvisions_own_network_takes_the_weights_strictly_and_says_the_same(network: Classifier) -> None:
    """With no option but the number of classes, and a vision transformer's size of pictures."""
    weights = network.tuned.state_dict()
    weights.update(untrained_auxiliary_heads(network.name, CLASSES))
    plain = torchvisions(network.name, num_classes=CLASSES, **network.size)
    plain.load_state_dict(weights, strict=True, assign=True)
    with torch.no_grad():
        expected = network.tuned(network.pictures)
        assert torch.equal(plain.eval()(network.pictures), expected)


def test_it_is_built_as_torchvision_builds_it_without_any_option(network: Classifier) -> None:
    plain = shapes_of(torchvisions(network.name, num_classes=CLASSES))
    assert list(shapes_of(skeleton(network.name, CLASSES, auxiliary=True)).items()) == list(plain.items())
    assert any(map(is_auxiliary, plain)) == (network.name in WITH_AUXILIARY_HEADS)
    trained = {key: shape for key, shape in plain.items() if not is_auxiliary(key)}
    assert shapes_of(skeleton(network.name, CLASSES)) == trained


def test_its_stages_are_the_whole_network_in_order_and_named_as_ever(network: Classifier) -> None:
    assert_whole(network.bare, network.stages)
    expected = [names for pattern, names in STAGES.items() if re.fullmatch(pattern, network.name)]
    assert [" ".join(stage.name for stage in network.stages)] == expected


@pytest.mark.long
def test_its_cost_is_what_torchvision_publishes(network: Classifier) -> None:
    published = next(iter(torchvision.models.get_model_weights(network.name)))
    crop = published.transforms().crop_size[0]
    costs = measure(trace(skeleton(network.name, 1000, crop)), crop).costs
    assert sum(costs.values()) / 2e9 == pytest.approx(published.meta["_ops"], rel=0.005, abs=0.001)


def test_wherever_it_is_cut_each_half_is_its_own_stages_and_both_together_say_what_it_says(
    network: Classifier,
) -> None:
    model, stages = network.tuned, network.stages
    with torch.no_grad():
        expected = model(network.pictures)
        assert_varies(expected)
        for line in range(1, len(stages)):
            halves = Halves(model, stages, line)
            assert_is_of(stages[:line], halves.prefix, model)
            assert_is_of(stages[line:], halves.suffix, model)
            features = halves.prefix(network.pictures)
            assert_varies(features)
            assert torch.equal(halves.suffix(features), expected), f"cut after {line} stages"


def assert_is_of(stages: Sequence[Stage], half: nn.Module, model: nn.Module) -> None:
    """Fail unless a half holds all entries of these stages, and no others, and calls only their modules."""
    held = {id(tensor) for tensor in (*half.parameters(), *half.buffers())}
    tensors = (*model.named_parameters(), *model.named_buffers())
    assert {key for key, tensor in tensors if id(tensor) in held} == {
        entry for stage in stages for entry in stage.entries
    }
    paths = {id(part): path for path, part in model.named_modules() if not list(part.children())}
    called = {paths[id(part)] for part in half.modules() if id(part) in paths}
    assert called <= {path for stage in stages for path in stage.inner}


@pytest.mark.long
def test_where_the_mode_changes_the_operations_a_module_is_known_to_ask_for_it(network: Classifier) -> None:
    codes = set()
    for mode in (True, False):
        code = trace(network.bare.train(mode)).module.code
        codes.add(re.sub(r"_tensor_constant\d+", "constant", code))
    asking = splitting._asking(network.bare, trace(network.bare).nodes)
    assert len(codes) == 1 or asking
