"""JSON that says which version of its format it is."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.records import FORMAT_VERSION, Record


class Note(Record, frozen=True, kw_only=True):
    words: str
    figure: float | None = None


def test_a_record_comes_back_as_it_went(tmp_path: Path) -> None:
    note = Note(words="Grüße", figure=0.1)
    records.write_json(tmp_path / "note.json", note)
    assert records.read_json(tmp_path / "note.json", Note) == note


def test_the_version_is_the_first_thing_in_the_file(tmp_path: Path) -> None:
    records.write_json(tmp_path / "note.json", Note(words="x"))
    text = (tmp_path / "note.json").read_text()
    assert next(iter(json.loads(text).items())) == ("format_version", FORMAT_VERSION)
    assert text.endswith("}\n")


def test_a_newer_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_text('{"format_version": 99, "words": {"not": "even a string any more"}}')
    with pytest.raises(FtguiError, match="newer ftgui") as caught:
        records.read_json(path, Note)
    assert str(path) in caught.value.message
    assert "99" in caught.value.message
    assert caught.value.hint == "Update ftgui to open it."


@pytest.mark.parametrize("content", ['{"words": "x"}', '{"format_version": 0, "words": "x"}'])
def test_an_older_file_is_read(tmp_path: Path, content: str) -> None:
    (tmp_path / "note.json").write_text(content)
    assert records.read_json(tmp_path / "note.json", Note).words == "x"


@pytest.mark.parametrize("content", ["", "words", "[]", "{}", '{"words": 1}', '{"format_version": "1"}'])
def test_what_is_no_record_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "note.json"
    path.write_text(content)
    with pytest.raises(FtguiError) as caught:
        records.read_json(path, Note)
    assert caught.value.message == f"“{path}” is not a file that ftgui wrote."


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match=r"none\.json” cannot be read: No such file"):
        records.read_json(tmp_path / "none.json", Note)


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_becomes_null(figure: float) -> None:
    line = records.to_json_line(Note(words="x", figure=figure))
    assert json.loads(line)["figure"] is None
    assert records.from_json(line.encode(), Note, "line").figure is None


def test_a_line_is_one_line() -> None:
    assert "\n" not in records.to_json_line(Note(words="two\nlines"))


def test_an_error_reads_as_its_sentence_and_what_to_do() -> None:
    assert str(FtguiError("It rains.", "Take an umbrella.", "12 mm")) == "It rains. Take an umbrella."
    assert str(FtguiError("It rains.")) == "It rains."
