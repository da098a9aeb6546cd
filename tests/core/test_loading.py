"""Loading torch: once, whoever asks, and the seconds told."""

from __future__ import annotations

import json
import threading
import time
from types import ModuleType

import pytest

from ftgui.core import loading
from tests.harness.process import run_python

LOAD = """
import json, sys, time
from ftgui.core.loading import load_torch, torch_loading_seconds
before = torch_loading_seconds(), "torch" in sys.modules
began = time.perf_counter()
load_torch()
seconds = time.perf_counter() - began
after = torch_loading_seconds(), "torch" in sys.modules and "torchvision" in sys.modules
load_torch()
print(json.dumps([before, after, seconds, torch_loading_seconds()]))
"""


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing loaded yet; the names of what is imported from now on, each of which takes a moment."""
    names: list[str] = []

    def slow(name: str) -> ModuleType:
        names.append(name)
        time.sleep(0.05)
        return ModuleType(name)

    monkeypatch.setattr(loading, "_seconds", None)
    monkeypatch.setattr(loading.importlib, "import_module", slow)
    return names


def test_a_program_that_loads_torch_knows_how_long_that_took() -> None:
    done = run_python("-c", LOAD)
    assert done.returncode == 0, done.stderr
    before, after, seconds, again = json.loads(done.stdout.splitlines()[-1])
    assert before == [0.0, False]
    assert after[1]
    assert 0.5 * seconds < after[0] <= seconds
    assert again == after[0], "the second time there was nothing to load"


def test_it_is_loaded_once_and_its_seconds_are_told_once(imported: list[str]) -> None:
    assert loading.torch_loading_seconds() == 0.0
    loading.load_torch()
    seconds = loading.torch_loading_seconds()
    assert seconds >= 2 * 0.05
    loading.load_torch()
    assert imported == ["torch", "torchvision"]
    assert loading.torch_loading_seconds() == seconds


def test_who_asks_while_it_is_being_loaded_waits_until_it_is_there(imported: list[str]) -> None:
    seen: list[int] = []

    def ask() -> None:
        loading.load_torch()
        seen.append(len(imported))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(20)
    assert imported == ["torch", "torchvision"]
    assert seen == [2] * 4


def test_what_cannot_be_loaded_is_tried_again(imported: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> ModuleType:
        raise ImportError(name)

    with monkeypatch.context() as patch:
        patch.setattr(loading.importlib, "import_module", broken)
        with pytest.raises(ImportError):
            loading.load_torch()
    assert loading.torch_loading_seconds() == 0.0
    loading.load_torch()
    assert imported == ["torch", "torchvision"]
