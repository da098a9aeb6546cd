"""What the bench of many pictures makes of its measurements, and the pictures that it draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftgui.core.settings import read_settings
from tests.bench.scaling import Size, draw_all, home_with_budget, is_linear, report


def test_a_start_that_costs_the_same_for_all_does_not_count() -> None:
    sizes = [Size(n, 5.0 + 0.01 * n, 300.0) for n in (1000, 4000, 16000)]
    assert is_linear(sizes)
    assert "| 16,000 | 165 | 10.31 | 10.00 | 1.00 × | 300 | 1.00 × |" in report(sizes)


def test_a_cost_that_grows_by_more_than_a_tenth_is_not_linear() -> None:
    sizes = [Size(1000, 10.0, 300.0), Size(4000, 40.0, 310.0), Size(16000, 40.0 + 12000 * 0.0112, 330.0)]
    assert not is_linear(sizes)
    assert "not linear" in report(sizes)


def test_every_size_has_its_pictures_and_no_two_are_alike(tmp_path: Path) -> None:
    folders = draw_all(tmp_path, (6, 10))
    small, large = ({p.name: p.read_bytes() for p in folders[n].rglob("*.jpg")} for n in (6, 10))
    assert (len(small), len(large), len(set(large.values()))) == (6, 10, 10)
    assert small.items() <= large.items()


def test_the_budget_is_one_that_ftgui_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTGUI_HOME", str(home_with_budget(tmp_path / "home", 2.0)))
    share = read_settings().cache_memory_share
    assert 0 < share < 0.01
