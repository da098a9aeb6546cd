"""How much memory was needed, and since when."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ftgui.core.memory import forget_peak, peak_memory_mb
from ftgui.core.process import give_freed_memory_back

MUCH = 200_000_000
"""Bytes: more than a test's own noise."""

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak")


def need(size: int) -> None:
    """Touch so much memory, and give it back."""
    assert len(b"x" * size) == size
    give_freed_memory_back()  # or the next one finds it there


@linux
def test_what_was_needed_before_is_forgotten() -> None:
    need(2 * MUCH)
    before = peak_memory_mb()
    forget_peak()
    assert peak_memory_mb() < before - MUCH / 1e6


@linux
def test_the_highest_counts_though_it_was_given_back() -> None:
    forget_peak()
    before = peak_memory_mb()
    need(MUCH)
    assert peak_memory_mb() > before + 0.8 * MUCH / 1e6


def test_a_system_that_cannot_forget_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refuse)
    forget_peak()
    assert peak_memory_mb() > 1
