"""Which device computes, and how its lack of memory is known."""

from __future__ import annotations

import pytest
import torch

from ftgui.core.errors import FtguiError
from ftgui.training import devices
from ftgui.training.devices import available_devices, choose_device, is_out_of_memory
from ftgui.training.precision import autocast


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine without accelerators; tests put some in."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Card 9000")
    return monkeypatch


def with_cuda(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)


def with_mps(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.backends.mps, "is_available", lambda: True)


def test_without_an_accelerator_the_cpu_computes_and_it_is_said_why(machine: pytest.MonkeyPatch) -> None:
    choice = choose_device("auto")
    assert (choice.name, choice.why) == ("cpu", "no CUDA or Apple GPU found")
    assert choice.torch_device == torch.device("cpu")


def test_cuda_comes_first_and_is_named(machine: pytest.MonkeyPatch) -> None:
    with_cuda(machine)
    with_mps(machine)
    assert choose_device("auto").name == "cuda"
    assert "Card 9000" in choose_device("auto").why
    assert [d.name for d in available_devices()] == ["cuda", "mps", "cpu"]


def test_an_apple_gpu_comes_before_the_cpu(machine: pytest.MonkeyPatch) -> None:
    with_mps(machine)
    assert choose_device("auto").name == "mps"


def test_the_device_asked_for_is_taken(machine: pytest.MonkeyPatch) -> None:
    with_cuda(machine)
    assert choose_device("cpu").name == "cpu"
    assert choose_device("cuda").why == "chosen in the settings"


@pytest.mark.parametrize("asked", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused_and_those_that_are_named(
    machine: pytest.MonkeyPatch, asked: str
) -> None:
    with pytest.raises(FtguiError, match=f"“{asked}” is not available") as caught:
        choose_device(asked)
    assert caught.value.hint == "Choose auto, or cpu."


def test_torchs_own_words_for_a_full_main_memory_are_known() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert is_out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error: Exception, full: bool) -> None:
    assert is_out_of_memory(error) == full


@pytest.mark.parametrize(("device", "freed"), [("cuda", ["cuda"]), ("mps", ["mps"]), ("cpu", [])])
def test_memory_is_given_back_where_it_is_held(
    machine: pytest.MonkeyPatch, device: str, freed: list[str]
) -> None:
    given = []
    machine.setattr(torch.cuda, "empty_cache", lambda: given.append("cuda"))
    machine.setattr(torch.mps, "empty_cache", lambda: given.append("mps"))
    devices.free_memory(device)
    assert given == freed


def test_weights_stay_fp32_in_bf16() -> None:
    layer = torch.nn.Linear(2, 2)
    with autocast("cpu", "bf16"):
        assert layer(torch.ones(1, 2)).dtype == torch.bfloat16
    with autocast("cpu", "fp32"):
        assert layer(torch.ones(1, 2)).dtype == torch.float32
    assert layer.weight.dtype == torch.float32
