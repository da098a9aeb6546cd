"""What a run said of each picture it was judged on: written into its folder, and read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.data.dataset import Picture

TEST_PREDICTIONS = "test_predictions.csv"
"""What the best weights say of the pictures that nothing was chosen by."""


COLUMNS = ("path", "label", "predicted", "probability")


@dataclass(frozen=True)
class Predictions:
    """Pictures in the order of the split, the class of each, and what was said of it."""

    paths: tuple[str, ...]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    probabilities: tuple[float, ...]
    """Of what was said."""

    @property
    def correct(self) -> tuple[bool, ...]:
        """Whether it was right of each picture."""
        return tuple(label == said for label, said in zip(self.labels, self.predicted, strict=True))

    @property
    def accuracy(self) -> float:
        return sum(self.correct) / len(self.paths) if self.paths else 0.0


def predictions_csv(
    pictures: Sequence[Picture], class_names: Sequence[str], probabilities: Sequence[Sequence[float]]
) -> str:
    """Return a table of what a network says of each picture, from probabilities (pictures, classes)."""
    return answers_csv(pictures, class_names, [_likeliest(row) for row in probabilities])


def _likeliest(row: Sequence[float]) -> tuple[int, float]:
    predicted = max(range(len(row)), key=row.__getitem__)
    return predicted, row[predicted]


def answers_csv(
    pictures: Sequence[Picture], class_names: Sequence[str], answers: Iterable[tuple[int, float]]
) -> str:
    """Return a table of what a network says of each picture: the number of a class, and its probability."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    careful = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for picture, (predicted, probability) in zip(pictures, answers, strict=True):
        # Python's csv leaves a carriage return bare, and then takes it for the end of a line.
        (careful if "\r" in picture.path + class_names[picture.label] else writer).writerow(
            (picture.path, class_names[picture.label], class_names[predicted], f"{probability:.6f}")
        )
    return text.getvalue()


def read_predictions(file: Path) -> Predictions | None:
    """Read a table of predictions; None where there is none.

    Raises:
        FtguiError: it is something else.
    """
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError(f"its first line is not {','.join(COLUMNS)}")
            rows = [
                (row["path"], row["label"], row["predicted"], float(row["probability"])) for row in reader
            ]
    except FileNotFoundError:
        return None
    except (OSError, KeyError, ValueError, TypeError, csv.Error) as error:
        raise FtguiError(f"“{file}” is no table of predictions.", details=str(error)) from error
    paths, labels, predicted, probabilities = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Predictions(paths, labels, predicted, probabilities)
