"""``--exclude``: pictures that a text file names are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftgui.cli.parser import make_parser
from ftgui.cli.training import config_from, read_paths
from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.training.config import TrainConfig


def asked(*options: str) -> TrainConfig:
    words = ["train", "pictures", "--weights", "w.pth", "--out", "run", *options]
    return config_from(make_parser().parse_args(words))


def test_each_line_names_a_picture_and_blank_ones_none(tmp_path: Path) -> None:
    listed = tmp_path / "out.txt"
    listed.write_bytes("\ufeffants/a b.jpg\r\n\n   \n./bees/ä.png\nants/c .jpg\n".encode())
    assert asked("--exclude", str(listed)).exclude == ("ants/a b.jpg", "bees/ä.png", "ants/c .jpg")
    assert asked().exclude == ()


def test_nothing_is_left_out_where_the_file_is_empty_whatever_the_config_says(tmp_path: Path) -> None:
    records.write_json(tmp_path / "config.json", TrainConfig(dataset="d", weights="w", exclude=("a.png",)))
    config, listed = str(tmp_path / "config.json"), tmp_path / "out.txt"
    listed.write_text("")
    assert asked("--config", config).exclude == ("a.png",)
    assert asked("--config", config, "--exclude", str(listed)).exclude == ()


def test_a_config_of_before_leaves_nothing_out(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    records.write_json(path, TrainConfig(dataset="d", weights="w"))
    text = path.read_text()
    assert '"exclude"' in text
    path.write_text(text.replace('"exclude": [],', "").replace('"exclude":[],', ""))
    assert '"exclude"' not in path.read_text()
    assert records.read_json(path, TrainConfig).exclude == ()


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b"\xff\xfe\x00", "no UTF-8 text")])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "out.txt").write_bytes(content)
    with pytest.raises(FtguiError, match=words):
        read_paths(tmp_path / "out.txt")
