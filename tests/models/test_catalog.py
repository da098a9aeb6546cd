"""The catalogue of official weights, and what of it this computer has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from ftgui.core.download_words import MEGABYTE
from ftgui.core.errors import FtguiError
from ftgui.models import catalog
from ftgui.models.catalog import CatalogRow


def lay(folder: Path, row: CatalogRow, size: int, suffix: str = "") -> Path:
    """Put a file of zeros where that of ``row`` would be; it takes no room."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{row.weights.file}{suffix}"
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


def test_all_that_torchvision_publishes_for_classifiers_is_in_it_once() -> None:
    published = {
        (name, weights.name)
        for name in torchvision.models.list_models(module=torchvision.models)
        for weights in torchvision.models.get_model_weights(name)
    }
    listed = [(row.architecture, row.weights.name) for row in catalog.rows()]
    assert len(listed) == len(set(listed)) == 115
    assert set(listed) == published


def test_the_recommended_weights_of_a_network_come_first() -> None:
    of_resnet50 = [row for row in catalog.rows() if row.architecture == "resnet50"]
    assert [row.weights.name for row in of_resnet50] == ["IMAGENET1K_V2", "IMAGENET1K_V1"]
    assert [row.has_choice for row in of_resnet50] == [True, True]
    assert not catalog.find("alexnet", "IMAGENET1K_V1").has_choice


def test_no_two_files_have_the_same_name() -> None:
    assert len({row.weights.file for row in catalog.rows()}) == len(catalog.rows())


def test_weights_that_there_are_not_are_refused_and_those_that_there_are_named() -> None:
    with pytest.raises(FtguiError, match="no official weights “IMAGENET1K_V9” for resnet50") as caught:
        catalog.find("resnet50", "IMAGENET1K_V9")
    assert caught.value.hint == "There are: IMAGENET1K_V2, IMAGENET1K_V1."
    with pytest.raises(FtguiError, match="no architecture “resnet5”"):
        catalog.find("resnet5", "IMAGENET1K_V1")


def test_only_weights_without_an_output_layer_cannot_be_fine_tuned() -> None:
    refused = [row.weights.name for row in catalog.rows() if row.obstacle]
    assert refused == ["IMAGENET1K_FEATURES"]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"TORCH_HOME": "/somewhere/torch"},
        {"TORCH_HOME": "~/of mine"},
        {"TORCH_HOME": ""},
        {"TORCH_HOME": "relative"},
        {"TORCH_HOME": "~nobody-of-this-name/x"},
        {"XDG_CACHE_HOME": "/cache of others/"},
        {"XDG_CACHE_HOME": "~/cache"},
        {"XDG_CACHE_HOME": ""},
        {"TORCH_HOME": "/first", "XDG_CACHE_HOME": "/second"},
    ],
)
def test_files_are_kept_where_torch_hub_keeps_them(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert catalog.hub_folder() == Path(torch.hub.get_dir(), "checkpoints")


def test_nothing_is_there_where_there_is_no_folder_and_none_is_made(tmp_path: Path) -> None:
    there = catalog.kept(tmp_path / "none")
    assert not any(there.has(row) or there.share(row) for row in catalog.rows())
    assert not (tmp_path / "none").exists()


def test_without_being_told_it_looks_where_torch_hub_does() -> None:
    row = catalog.find("resnet18", "IMAGENET1K_V1")
    path = lay(catalog.hub_folder(), row, row.about_bytes)
    assert [one for one in catalog.rows() if catalog.kept().has(one)] == [row]
    assert catalog.kept().path(row) == path


def test_a_file_counts_by_its_name_and_its_size(tmp_path: Path) -> None:
    row = catalog.find("resnet18", "IMAGENET1K_V1")
    for size, counts in (
        (46_830_571, True),  # what it really has
        (row.about_bytes - MEGABYTE, False),
        (row.about_bytes * 2, False),
        (0, False),
    ):
        lay(tmp_path, row, size)
        assert catalog.kept(tmp_path).has(row) is counts, size


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    row = catalog.find("resnet18", "IMAGENET1K_V1")
    (tmp_path / row.weights.file).mkdir()
    assert not catalog.kept(tmp_path).has(row)


def test_what_arrived_of_a_file_is_known(tmp_path: Path) -> None:
    row, other = catalog.find("resnet18", "IMAGENET1K_V1"), catalog.find("resnet34", "IMAGENET1K_V1")
    lay(tmp_path, row, row.about_bytes // 4, ".part")
    there = catalog.kept(tmp_path)
    assert there.share(row) == pytest.approx(0.25)
    assert (there.has(row), there.share(other)) == (False, 0)


def test_the_catalogue_is_read_without_torch_and_without_what_speaks_to_the_web() -> None:
    code = (
        "import sys; from ftgui.models import catalog; catalog.rows(); catalog.kept();"
        "print({'torch', 'ssl', 'urllib.request', 'http.client'} & {*sys.modules})"
    )
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert asked.stdout == "set()\n"
