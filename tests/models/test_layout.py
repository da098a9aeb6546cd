"""Where a network's entries lie in a file: however deep, behind whatever name, among whatever else."""

from __future__ import annotations

import argparse
import pathlib
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models.construction import construct
from ftgui.models.identify import recognise
from ftgui.models.legacy import UNVERIFIABLE
from ftgui.models.weights import WeightsFile, read_weights
from tests.models import files

NAME = "squeezenet1_1"
"""The smallest of torchvision's networks."""


@pytest.fixture(scope="module")
def entries() -> files.Entries:
    return dict(construct(NAME, 3).state_dict())


def opened(folder: Path, content: object, *, legacy: bool = False) -> WeightsFile:
    return read_weights(files.saved(folder / "w.pth", content, legacy=legacy))


def is_whole(file: WeightsFile, entries: files.Entries) -> bool:
    """Whether a file is recognised and holds exactly these entries."""
    return (
        recognise(file).architecture == NAME
        and list(file.entries) == list(entries)
        and all(torch.equal(file.entries[key], tensor) for key, tensor in entries.items())
    )


# Wrappers.


@pytest.mark.parametrize(
    "path",
    [
        ("state_dict",), ("model",), ("model_state_dict",), ("net",), ("ema",), ("network",), ("params_ema",),
        ("checkpoint", "model"), ("my_own_name",), ("a", "b", "c"), ("model", "backbone"),
    ],
    ids=".".join,
)  # fmt: skip
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_a_state_dict_is_found_under_any_name(
    tmp_path: Path, entries: files.Entries, path: tuple[str, ...], legacy: bool
) -> None:
    content: Any = entries
    for name in reversed(path):
        content = {"epoch": 7, name: content}
    file = opened(tmp_path, content, legacy=legacy)
    assert is_whole(file, entries)
    assert file.layout.startswith(f"state_dict under '{'.'.join(path)}'")


def test_what_the_optimizer_keeps_is_no_network(tmp_path: Path, entries: files.Entries) -> None:
    momentum = {f"{key}.{end}": tensor for key, tensor in entries.items() for end in ("m", "v")}
    assert is_whole(opened(tmp_path, {"optimizer_moments": momentum, "mine": entries}), entries)


def test_the_checkpoint_of_a_training_script_is_read_whatever_it_keeps_beside_the_weights(
    tmp_path: Path, entries: files.Entries
) -> None:
    """As torchvision's reference scripts, timm and Lightning write them."""
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    content = {
        "model": OrderedDict(entries),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 3).state_dict(),
        "args": argparse.Namespace(data=pathlib.Path("/data"), lr=0.1, sizes=[1, 2]),
        "best_acc1": np.float64(0.93),
        "history": np.arange(4.0),
        "counts": defaultdict(list, {"a": [1, 2]}),
        "rng": torch.get_rng_state(),
        "epoch": 12,
    }
    for legacy in (False, True):
        file = opened(tmp_path, content, legacy=legacy)
        assert is_whole(file, entries)


def test_weights_inside_a_mapping_of_another_librarys_are_found(
    tmp_path: Path, entries: files.Entries
) -> None:
    assert is_whole(opened(tmp_path, {"model": defaultdict(int, entries)}), entries)


def test_the_arguments_kept_beside_weights_are_neither_made_nor_called(tmp_path: Path) -> None:
    """A name that is let pass stands for something of our own, whatever the file wants of it."""
    marker = tmp_path / "ran"
    call = files.Call("argparse", "Namespace", files.Call("pathlib", "PosixPath", str(marker)))
    tensor = files.tensor(files.Stored("0", 4), (4,), (1,))
    path = files.archive(tmp_path / "w.pth", {"args": call, "model": {"a.weight": tensor}}, {"0": bytes(16)})
    assert list(read_weights(path).entries) == ["a.weight"]
    assert not marker.exists()


@pytest.mark.parametrize("deep", [10, 3000])
def test_wrappers_without_end_hold_nothing(tmp_path: Path, deep: int) -> None:
    content: Any = {"weight": files.tensor(files.Stored("0", 4), (4,), (1,))}
    raw = files.pickled(content)[2:-1]
    nested = b"\x80\x02" + b"}X\x05\x00\x00\x00model" * deep + raw + b"s" * deep + b"."
    path = files.archive(tmp_path / "source.pth", content, {"0": bytes(16)})
    deepest = files.rewritten(tmp_path / "w.pth", path, {"data.pkl": nested})
    with pytest.raises(FtguiError, match="there are no named weights in it"):
        read_weights(deepest)


@pytest.mark.parametrize(
    "beside",
    [
        {"best_acc": torch.tensor(0.9)},
        {"mean": torch.ones(3), "std": torch.ones(3)},
        {"state_dict": {"loss_weight": torch.ones(1)}},
        {"weights": {"class": torch.ones(5)}},
        {"ema": {"decay": torch.ones(1)}},
    ],
    ids=["a figure", "two of them", "a wrapper of a loss", "a wrapper of classes", "an average's decay"],
)
def test_loose_tensors_beside_a_network_are_not_taken_for_it(
    tmp_path: Path, entries: files.Entries, beside: dict[str, Any]
) -> None:
    assert is_whole(opened(tmp_path, beside | {"student": entries}), entries)


def test_what_an_optimizer_remembers_of_every_weight_is_not_taken_for_the_weights(
    tmp_path: Path, entries: files.Entries
) -> None:
    moments = {key: tensor * 0 for key, tensor in entries.items()}
    assert is_whole(opened(tmp_path, {"opt": {"exp_avg": moments}, "best": entries}), entries)


# Prefixes.


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "model.", "backbone.", "encoder.", "net.", "student.net.", "m.n.o."],
)
def test_a_prefix_before_all_names_is_stripped(tmp_path: Path, entries: files.Entries, prefix: str) -> None:
    file = opened(tmp_path, {prefix + key: tensor for key, tensor in entries.items()})
    assert is_whole(file, entries)
    assert file.layout == f"state_dict, prefix '{prefix}'"
    assert file.left_out == ()


def test_a_network_among_other_modules_is_found_and_what_lies_beside_it_is_said(
    tmp_path: Path, entries: files.Entries
) -> None:
    """As self-supervised training saves them: two encoders, a projection and a queue."""
    content = {f"module.encoder_q.{key}": tensor for key, tensor in entries.items()}
    content |= {f"module.projector.{n}.weight": torch.ones(2, 2) for n in range(3)}
    content |= {"module.queue": torch.ones(4)}
    file = opened(tmp_path, {"state_dict": content})
    assert is_whole(file, entries)
    assert file.layout == "state_dict under 'state_dict', prefix 'module.encoder_q.'"
    assert len(file.left_out) == 4
    assert "4 other tensors, left out: module.projector.0.weight" in file.notes[0]


def test_a_network_without_its_output_layer_is_found_behind_a_prefix(
    tmp_path: Path, entries: files.Entries
) -> None:
    extractor = {key: tensor for key, tensor in entries.items() if key.startswith("features.")}
    content = {f"backbone.{key}": tensor for key, tensor in extractor.items()}
    file = opened(tmp_path, content | {"head.weight": torch.ones(4, 512), "head.bias": torch.ones(4)})
    assert file.entries.keys() == extractor.keys()
    found = recognise(file)
    assert (found.architecture, found.num_classes) == (NAME, None)
    assert found.left_out == ("head.weight", "head.bias")


def test_an_output_layer_that_lies_partly_beside_the_network_is_damage(
    tmp_path: Path, entries: files.Entries
) -> None:
    """One changed letter of a prefix, in a file that nothing else vouches for."""
    content = {f"module.{key}": tensor for key, tensor in entries.items()}
    content["lodule.classifier.1.bias"] = content.pop("module.classifier.1.bias")
    found = recognise(opened(tmp_path, content, legacy=True))
    assert found.architecture is None
    assert "1 entry is missing (classifier.1.bias)" in found.reason


def test_names_that_begin_alike_without_a_wrapper_stay_as_they_are(
    tmp_path: Path, entries: files.Entries
) -> None:
    extractor = {key: tensor for key, tensor in entries.items() if key.startswith("features.")}
    file = opened(tmp_path, extractor)
    assert (list(file.entries), file.layout) == (list(extractor), "state_dict")


# Conversions.


def test_half_precision_that_shares_a_storage_is_widened_once(tmp_path: Path) -> None:
    base = torch.arange(1000.0).half()
    content = {f"w{n}": base[n : n + 500] for n in range(200)} | {"whole": base}
    # 16 times over is what a file may use its own bytes: this one does so 100 times.
    with pytest.raises(FtguiError, match="claims more weights than it has bytes for"):
        opened(tmp_path, content)
    few = {key: content[key] for key in ("w0", "w7", "whole")}
    file = opened(tmp_path, few)
    assert all(torch.equal(file.entries[key], tensor.float()) for key, tensor in few.items())
    assert len({tensor.untyped_storage().data_ptr() for tensor in file.entries.values()}) == 1


def test_a_file_saved_on_a_gpu_is_read_on_the_cpu(tmp_path: Path) -> None:
    cpu = files.archive(
        tmp_path / "w.pth", {"w": files.tensor(files.Stored("0", 2), (2,), (1,))}, {"0": bytes(8)}
    )
    raw = files.pickled({"w": files.tensor(files.Stored("0", 2), (2,), (1,))})
    at = b"X\x03\x00\x00\x00cpu"
    assert raw.count(at) == 1
    gpu = files.rewritten(
        tmp_path / "gpu.pth", cpu, {"data.pkl": raw.replace(at, b"X\x06\x00\x00\x00cuda:0")}
    )
    assert read_weights(gpu).entries["w"].device.type == "cpu"


# The legacy format, which has no checksums.


def test_only_files_without_checksums_are_said_to_be_unverifiable(
    tmp_path: Path, entries: files.Entries
) -> None:
    assert UNVERIFIABLE not in opened(tmp_path, entries).notes
    assert UNVERIFIABLE in opened(tmp_path, entries, legacy=True).notes


def test_a_file_saved_without_checksums_is_read_and_said_to_be_unverifiable(
    tmp_path: Path, entries: files.Entries
) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        path = files.saved(tmp_path / "w.pth", entries)
    finally:
        torch.serialization.set_crc32_options(True)
    file = read_weights(path)
    assert is_whole(file, entries)
    assert UNVERIFIABLE in file.notes


def test_a_legacy_file_whose_bytes_are_not_used_up_is_refused(tmp_path: Path) -> None:
    base = torch.arange(8.0).reshape(2, 4)
    assert opened(tmp_path, {"w": base}, legacy=True).entries["w"].shape == (2, 4)
    assert opened(tmp_path, {"w": base[:1]}).entries["w"].shape == (1, 4)  # here checksums vouch for it
    with pytest.raises(FtguiError, match="some of its bytes belong to nothing"):
        opened(tmp_path, {"w": base[:1]}, legacy=True)


# ftgui's own.


def test_what_a_run_is_resumed_from_is_sent_to_the_whole_weights(
    tmp_path: Path, entries: files.Entries
) -> None:
    head = {key: tensor for key, tensor in entries.items() if key.startswith("classifier.")}
    own = {"format_version": 1, "epoch": 2, "optimizer": {"state": {}}, "scaler": {}}
    with pytest.raises(FtguiError, match="what a run of ftgui is resumed from") as error:
        opened(tmp_path, own | {"moving": head})
    assert "best.pth" in error.value.hint
    assert is_whole(opened(tmp_path, own | {"moving": entries}), entries)


def test_a_folder_is_refused_by_naming_the_weights_in_it(tmp_path: Path) -> None:
    files.saved(tmp_path / "best.pth", files.small_entries())
    with pytest.raises(FtguiError, match="is a folder") as error:
        read_weights(tmp_path)
    assert error.value.hint == "Choose a file in it: best.pth."
