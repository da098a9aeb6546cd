"""Weights on disk."""

from __future__ import annotations

import errno
import io
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.core.records import FORMAT_VERSION
from ftgui.training import checkpoint
from ftgui.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    read_state_dict,
    save_checkpoint,
    save_weights,
)


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


def test_what_is_written_is_a_plain_state_dict(tmp_path: Path) -> None:
    model = network()
    save_weights(tmp_path / "best.pth", model)
    loaded = torch.load(tmp_path / "best.pth", weights_only=True)
    assert type(loaded) is OrderedDict, "as every state_dict is, with what torch keeps beside it"
    assert list(loaded) == list(model.state_dict())
    assert all(torch.equal(loaded[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(tensor.requires_grad for tensor in loaded.values())


def test_what_is_written_is_as_large_as_its_weights(tmp_path: Path) -> None:
    """A view into a larger storage would bring all of that along."""
    model = nn.Linear(10, 10)
    model.weight = nn.Parameter(torch.zeros(1000, 10)[:10])
    save_weights(tmp_path / "best.pth", model)
    assert (tmp_path / "best.pth").stat().st_size < 5000


def test_a_full_disk_leaves_the_weights_that_were_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "best.pth"
    save_weights(path, network())
    before = path.read_bytes()

    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        save_weights(path, network())
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["best.pth"]


def test_a_disk_that_fills_up_in_the_middle_is_an_os_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch's zip writer raises a RuntimeError of its own over what the stream says."""

    class Full(io.BytesIO):
        def write(self, _content: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    @contextmanager
    def full(path: Path) -> Iterator[io.BytesIO]:
        yield Full()

    monkeypatch.setattr(checkpoint, "atomic_writer", full)
    with pytest.raises(OSError, match="No space left"):
        save_weights(tmp_path / "best.pth", network())


def test_networks_that_look_at_their_versions_open_what_is_written(tmp_path: Path) -> None:
    """MNASNets take weights without ``_metadata`` for those of their first version, and refuse them."""
    save_weights(tmp_path / "best.pth", torchvision.models.mnasnet0_5(num_classes=2))
    opened = torch.load(tmp_path / "best.pth", weights_only=True)
    torchvision.models.mnasnet0_5(num_classes=2).load_state_dict(opened)
    torchvision.models.mnasnet0_5(num_classes=2).load_state_dict(read_state_dict(tmp_path / "best.pth"))


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 and no more"])
def test_damaged_weights_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "best.pth").write_bytes(content)
    with pytest.raises(FtguiError, match=r"best\.pth” cannot be read\.") as caught:
        read_state_dict(tmp_path / "best.pth")
    assert caught.value.hint


def test_half_of_a_file_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "best.pth"
    save_weights(path, network())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(FtguiError, match="cannot be read"):
        read_state_dict(path)


def test_a_file_of_something_else_is_no_weights(tmp_path: Path) -> None:
    torch.save(torch.zeros(3), tmp_path / "best.pth")
    with pytest.raises(FtguiError, match="holds no weights"):
        read_state_dict(tmp_path / "best.pth")


def test_missing_weights_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="cannot be read"):
        read_state_dict(tmp_path / "best.pth")


# Checkpoints -----------------------------------------------------------------------------------------------


def checkpoint_of(kind: str = "sgd", epoch: int = 3) -> Checkpoint:
    """Return one of a network that has taken a step, so that its optimizer has something to remember."""
    model = network()
    made = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}[kind]
    more = {"momentum": 0.9} if kind == "sgd" else {}
    optimizer = made(
        [{"params": list(model.parameters()), "lr": 0.1, "stage": "stem", "joins": 2, "lr_joined": 0.3}],
        **more,
    )
    model(torch.randn(2, 3, 5, 5)).square().sum().backward()
    optimizer.step()
    return Checkpoint(
        epoch=epoch,
        moving=dict(model.state_dict()),
        optimizer=optimizer.state_dict(),
        seconds=12.5,
        phase_seconds={"training": 10.25, "proof": 0.0},
    )


def same(first: object, second: object) -> bool:
    """Whether two states are equal bit for bit, however they are nested."""
    if isinstance(first, torch.Tensor):
        assert isinstance(second, torch.Tensor)
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        assert isinstance(second, dict)
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list):
        assert isinstance(second, list)
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_a_checkpoint_comes_back_as_it_went(tmp_path: Path, kind: str) -> None:
    """With the state of the optimizer and what each of its groups brings."""
    went = checkpoint_of(kind)
    save_checkpoint(tmp_path / "checkpoint.pth", went)
    came = read_checkpoint(tmp_path / "checkpoint.pth")
    assert (came.epoch, came.seconds, came.phase_seconds) == (3, 12.5, {"training": 10.25, "proof": 0.0})
    assert same(dict(came.moving), went.moving)
    assert came.optimizer["state"], "or there was nothing to compare"
    assert same(came.optimizer, went.optimizer)
    assert [(g["stage"], g["joins"]) for g in came.optimizer["param_groups"]] == [("stem", 2)]


def test_a_checkpoint_says_which_format_it_has(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "checkpoint.pth", checkpoint_of())
    assert torch.load(tmp_path / "checkpoint.pth", weights_only=True)["format_version"] == FORMAT_VERSION


def test_a_checkpoint_of_a_newer_ftgui_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    save_checkpoint(path, checkpoint_of())
    plain = torch.load(path, weights_only=True)
    torch.save({**plain, "format_version": FORMAT_VERSION + 1, "gradients": "painted"}, path)
    with pytest.raises(FtguiError, match=r"checkpoint\.pth” was written by a newer ftgui"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 and no more"])
def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.pth").write_bytes(content)
    with pytest.raises(FtguiError, match=r"checkpoint\.pth” cannot be read\.") as caught:
        read_checkpoint(tmp_path / "checkpoint.pth")
    assert caught.value.hint


def test_weights_are_no_checkpoint(tmp_path: Path) -> None:
    save_weights(tmp_path / "best.pth", network())
    with pytest.raises(FtguiError, match=r"best\.pth” is no checkpoint of a run\."):
        read_checkpoint(tmp_path / "best.pth")


def test_a_checkpoint_that_lacks_something_is_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    save_checkpoint(path, checkpoint_of())
    plain = torch.load(path, weights_only=True)
    del plain["optimizer"]
    torch.save(plain, path)
    with pytest.raises(FtguiError, match="is no checkpoint of a run"):
        read_checkpoint(path)


def test_a_full_disk_leaves_the_checkpoint_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pth"
    save_checkpoint(path, checkpoint_of(epoch=3))

    def half(_entries: object, stream: io.BufferedWriter) -> None:
        stream.write(b"half of a checkpoint")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint.torch, "save", half)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, checkpoint_of(epoch=4))
    assert read_checkpoint(path).epoch == 3
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pth"]
