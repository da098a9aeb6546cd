"""Names that no comparison can have are one sentence, and leave nothing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from ftgui.__main__ import main
from tests.fixtures import FP32, Drawn
from tests.harness.privileges import folder_for_all, without_privileges

Capture = pytest.CaptureFixture[str]
NO_TEXT = pytest.param(os.fsdecode(b"caf\xe9"), "caf?” is no valid text. Rename it.", id="no text")
NUL = pytest.param("a\0b", "a?b” is no valid text. Rename it.", id="NUL")
LONG = pytest.param("n" * 300, "File name too long. ", id="long")


def said_of(capsys: Capture, data: Path | str, weights: Path | str, out: Path | str) -> str:
    """Compare, and return the sentence that it ends with."""
    quick = ("--epochs", "1", "--batch-size", "8", "--device", "cpu", *FP32)
    files = (str(data), "--weights", str(weights), "--out", str(out))
    assert main(["compare", *files, "--strategies", "freeze", *quick]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "something went wrong" not in said.err
    return said.err


@pytest.mark.skipif(sys.platform != "linux", reason="only there are names that are no text")
@pytest.mark.parametrize("what", ["dataset", "weights", "folder"])
@pytest.mark.parametrize(("name", "words"), [NO_TEXT, NUL])
def test_a_name_that_is_no_text_is_one_sentence_and_leaves_nothing(
    drawn: Drawn, tmp_path: Path, capsys: Capture, what: str, name: str, words: str
) -> None:
    data, weights, out = drawn.data, drawn.weights, tmp_path / "out"
    if what == "dataset":
        data = tmp_path / name
    elif what == "weights":
        weights = tmp_path / name
    else:
        out = tmp_path / name
    if "\0" not in name and what != "folder":
        shutil.copytree(drawn.data, data) if what == "dataset" else shutil.copy(drawn.weights, weights)
    before = sorted(tmp_path.iterdir())
    assert words in said_of(capsys, data, weights, out)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.name != "posix", reason="other systems have other limits")
@pytest.mark.parametrize(("name", "words"), [NO_TEXT, NUL, LONG])
def test_a_folder_alone_that_nothing_can_be_called_is_one_sentence(
    tmp_path: Path, capsys: Capture, name: str, words: str
) -> None:
    assert main(["compare", "--out", str(tmp_path / name)]) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.skipif(os.name != "posix", reason="other systems have other limits")
def test_a_name_that_is_too_long_is_one_sentence(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    said = said_of(capsys, drawn.data, drawn.weights, tmp_path / ("n" * 300))
    assert "cannot be looked into: File name too long. Choose a folder" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="has no permission bits to take away")
@pytest.mark.parametrize(("mode", "words"), [(0o555, "cannot be written to"), (0, "cannot be looked into")])
def test_a_folder_that_may_not_be_written_or_entered_is_one_sentence(
    drawn: Drawn, capsys: Capture, mode: int, words: str
) -> None:
    with folder_for_all() as top:
        shutil.copytree(drawn.data, top / "data")
        shutil.copy(drawn.weights, top / "weights.pth")
        out = top / "out"
        out.mkdir()
        out.chmod(mode)
        with without_privileges():
            said = said_of(capsys, top / "data", top / "weights.pth", out)
        assert words in said
        assert "Permission denied. Choose a folder" in said
        assert list(out.iterdir()) == []


def test_pictures_that_are_not_there_are_one_sentence_and_the_right_ones_may_follow(
    drawn: Drawn, tmp_path: Path, capsys: Capture
) -> None:
    gone = tmp_path / "gone"
    assert f"There is no folder “{gone}”." in said_of(capsys, gone, drawn.weights, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
