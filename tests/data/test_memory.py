"""How much memory there is to take: the machine's, or the container's where that is less."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from ftgui.data import memory
from ftgui.data.memory import PIXEL_SHARE, available_memory, default_budget


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands in for what Linux says of the container."""
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    return tmp_path


def limit(container: Path, limit: str, used: str, forgettable: int = 0) -> None:
    (container / "memory.max").write_text(f"{limit}\n")
    (container / "memory.current").write_text(f"{used}\n")
    (container / "memory.stat").write_text(f"anon 7\ninactive_file {forgettable}\nactive_file 9\n")


def test_without_a_container_the_machines_free_memory_counts(container: Path) -> None:
    assert available_memory() == pytest.approx(psutil.virtual_memory().available, rel=0.2)


def test_a_container_without_a_limit_does_not_count(container: Path) -> None:
    limit(container, "max", "12345")
    assert available_memory() == pytest.approx(psutil.virtual_memory().available, rel=0.2)


def test_a_containers_limit_counts_where_it_is_less(container: Path) -> None:
    limit(container, "5000000", "2000000")
    assert available_memory() == 3_000_000
    assert default_budget() == 3_000_000 * PIXEL_SHARE


def test_files_that_the_system_remembers_do_not_count_as_used(container: Path) -> None:
    limit(container, "5000000", "4900000", forgettable=1_900_000)
    assert available_memory() == 2_000_000


def test_a_container_over_its_limit_has_nothing_left(container: Path) -> None:
    limit(container, "2000000", "3000000")
    assert available_memory() == 0
