"""What was said of each picture, as a table that comes back as it went."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ftgui.core import files
from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Picture
from ftgui.runs.predictions import COLUMNS, Predictions, predictions_csv, read_predictions

AWKWARD = ("a,b", 'say "ants"', "two\nlines", " ants ", "🐜", "e\u0301t\u00e9", "", "'", "=1+1", "a;b\tc")
NAMES = st.sampled_from(AWKWARD) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12
)
"""What files and folders may be called; but see the test of a carriage return."""


def written(tmp_path: Path, text: str) -> Path:
    files.write_text(tmp_path / "predictions.csv", text)
    return tmp_path / "predictions.csv"


@st.composite
def said(draw: st.DrawFn) -> tuple[list[Picture], list[str], list[list[float]]]:
    """Some pictures of some classes, and a probability of each for each class."""
    classes = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    pictures = [
        Picture(path, draw(st.integers(0, len(classes) - 1))) for path in draw(st.lists(NAMES, max_size=5))
    ]
    row = st.lists(st.floats(0, 1), min_size=len(classes), max_size=len(classes))
    return pictures, classes, [draw(row) for _ in pictures]


@given(said())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(([Picture(name, n) for n, name in enumerate(AWKWARD)], [*AWKWARD], [[0.0] * 9 + [1.0]] * 10))
def test_whatever_pictures_and_classes_are_called_comes_back(
    tmp_path: Path, said: tuple[list[Picture], list[str], list[list[float]]]
) -> None:
    pictures, classes, rows = said
    back = read_predictions(written(tmp_path, predictions_csv(pictures, classes, rows)))
    assert back is not None
    assert back.paths == tuple(picture.path for picture in pictures)
    assert back.labels == tuple(classes[picture.label] for picture in pictures)
    best = [max(range(len(classes)), key=row.__getitem__) for row in rows]
    assert back.predicted == tuple(classes[number] for number in best)
    assert back.probabilities == pytest.approx([max(row) for row in rows], abs=5e-7)
    assert list(back.correct) == [p.label == b for p, b in zip(pictures, best, strict=True)]


@pytest.mark.parametrize("name", ["a\rb", "a\r\nb", "Icon\r"])
def test_a_carriage_return_in_a_name_comes_back_too(tmp_path: Path, name: str) -> None:
    back = read_predictions(written(tmp_path, predictions_csv([Picture(name, 0)], ["ants"], [[1.0]])))
    assert back == Predictions((name,), ("ants",), ("ants",), (1.0,))


def test_the_table_is_plain_for_other_programs() -> None:
    pictures = [Picture("val/a.jpg", 1), Picture("val/b,c.jpg", 0)]
    text = predictions_csv(pictures, ["ants", "bees"], [(0.25, 0.75), (1 / 3, 2 / 3)])
    assert text == (
        'path,label,predicted,probability\nval/a.jpg,bees,bees,0.750000\n"val/b,c.jpg",ants,bees,0.666667\n'
    )
    assert next(csv.reader(io.StringIO(text))) == list(COLUMNS)


def test_of_classes_that_are_as_likely_the_first_is_said(tmp_path: Path) -> None:
    text = predictions_csv(
        [Picture("a", 2), Picture("b", 0)], ["x", "y", "z"], [(0.2, 0.4, 0.4), (0.5, 0.5, 0)]
    )
    back = read_predictions(written(tmp_path, text))
    assert back is not None
    assert back.predicted == ("y", "x")


def test_accuracy_is_the_share_of_those_that_were_right() -> None:
    said = Predictions(("1", "2", "3", "4"), ("a", "a", "b", "b"), ("a", "b", "b", "b"), (1.0,) * 4)
    assert said.correct == (True, False, True, True)
    assert said.accuracy == 0.75


def test_of_no_pictures_there_is_a_table_without_rows(tmp_path: Path) -> None:
    back = read_predictions(written(tmp_path, predictions_csv([], ["ants"], [])))
    assert back == Predictions((), (), (), ())
    assert back.accuracy == 0.0
    assert back.correct == ()


def test_pictures_without_an_answer_are_no_table() -> None:
    with pytest.raises(ValueError, match="zip"):
        predictions_csv([Picture("a", 0)], ["ants"], [])


def test_where_there_is_no_file_there_are_no_predictions(tmp_path: Path) -> None:
    assert read_predictions(tmp_path / "predictions.csv") is None
    assert read_predictions(tmp_path / "none" / "predictions.csv") is None


WHOLE = predictions_csv([Picture("a.jpg", 0), Picture("b.jpg", 1)], ["ants", "bees"], [(1, 0), (0.25, 0.75)])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(WHOLE.removesuffix("0.750000\n").encode(), id="cut off in its last number"),
        pytest.param(WHOLE.removesuffix("bees,0.750000\n").encode(), id="cut off in a row"),
        pytest.param(WHOLE.replace("probability", "chance").encode(), id="other columns"),
        pytest.param(WHOLE.replace("1.000000", "surely").encode(), id="a word for a number"),
        pytest.param(WHOLE.encode("utf-16"), id="another encoding"),
        pytest.param(WHOLE.encode().replace(b"b.jpg", b"\xff.jpg"), id="a byte that is no text"),
        pytest.param(b"\x89PNG\r\n\x1a\n" * 20, id="a picture"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"years of work\n", id="a line of something else"),
    ],
)
def test_a_table_that_was_damaged_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "last_predictions.csv"
    file.write_bytes(content)
    with pytest.raises(FtguiError) as caught:
        read_predictions(file)
    assert caught.value.message == f"“{file}” is no table of predictions."


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(FtguiError, match="is no table of predictions"):
        read_predictions(tmp_path)
