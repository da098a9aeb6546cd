"""What two runs say of the same pictures: who is right more often, and where they disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ftgui.evaluation.bootstrap import difference_interval
from ftgui.evaluation.statistics import mcnemar_p
from ftgui.runs.comparing import SIGNIFICANT
from ftgui.runs.comparison_words import in_points, p_words
from ftgui.runs.history import RunHistory
from ftgui.runs.predictions import TEST_PREDICTIONS, Predictions, read_predictions
from ftgui.runs.report_words import counted
from ftgui.runs.store import LAST_PREDICTIONS, PREDICTIONS
from ftgui.training.events import Reason

TABLES = {
    TEST_PREDICTIONS: "These are the best weights' answers to test pictures: nothing was chosen by those.",
    LAST_PREDICTIONS: "These are the last epoch's answers to the validation pictures.",
    PREDICTIONS: "Optimistic: these are the answers of each run's best epoch, which was chosen by the very "
    "pictures it is judged on.",
}
"""Where answers stand, the most honest first, and what is to be known of them."""
EARLY = "Optimistic: early stopping chose the last epoch by the very pictures it is judged on."
CUT_OFF = (
    "These are the answers to the validation pictures that each run wrote last. Not both came to their end, "
    "so they may be of an earlier epoch."
)
ONE_SEED = "All of this is of one run each: how much of a difference is chance shows with more seeds."
APART = "They were judged on different pictures, so they cannot be compared picture by picture."
NO_ANSWERS = "There are no answers of both runs to compare picture by picture."


class Answer(NamedTuple):
    """What a run says of a picture."""

    predicted: str
    probability: float
    is_right: bool


@dataclass(frozen=True)
class Disagreement:
    """A picture to which two runs give different answers."""

    path: str
    """From the root on, with forward slashes."""
    label: str
    """Its true class."""
    first: Answer
    second: Answer

    @property
    def only_right(self) -> str:
        """Who alone is right: "first", "second", or "" where both are wrong."""
        return "first" if self.first.is_right else "second" if self.second.is_right else ""


@dataclass(frozen=True)
class Verdict:
    """What the answers of two runs say of them."""

    words: str
    """Which is right more often, as far as so many pictures can show, as a sentence."""
    remarks: tuple[str, ...] = ()
    """What is to be known of that, a sentence each."""
    pictures: int = 0
    """That both were judged on."""
    side: str = "val"
    """The part of the split that they are of."""
    only_first: int = 0
    """Pictures that the first alone got right."""
    only_second: int = 0
    p: float | None = None
    """McNemar's exact test; None where no picture was given to both."""
    differs: bool = False
    """Whether so many pictures show a difference."""
    disagreements: tuple[Disagreement, ...] = ()
    """Those first that one alone got right, and of these the ones that the other was surest about."""


@dataclass(frozen=True)
class Answers:
    """What two runs said of the pictures that both were judged on, in the same order."""

    table: str
    """The file in which it stands."""
    first: Predictions
    second: Predictions
    judged: tuple[int, int]
    """How many pictures each was judged on."""


def verdict_of(first: RunHistory, second: RunHistory, *, in_one_place: bool) -> Verdict:
    """Compare the answers of two runs, picture by picture.

    ``in_one_place`` says whether their pictures lie in the same folder; else they are taken for the same
    where all paths and classes are, as the folder was moved.

    Raises:
        FtguiError: a table of predictions is damaged.
    """
    found = list(_answers(first, second, in_one_place=in_one_place))
    shared = next((answers for answers in found if answers.first.paths), None)
    if shared is None:
        return Verdict(APART if found else NO_ANSWERS)
    return _judged(shared, first, second)


def _answers(first: RunHistory, second: RunHistory, *, in_one_place: bool) -> Iterator[Answers]:
    """Yield what both runs said, table by table, the pictures that both were asked of."""
    for table in TABLES:
        one, other = (read_predictions(history.folder / table) for history in (first, second))
        if one is not None and other is not None:
            yield _shared(table, one, other, in_one_place=in_one_place)


def _shared(table: str, first: Predictions, second: Predictions, *, in_one_place: bool) -> Answers:
    keys = list(zip(first.paths, first.labels, strict=True))
    places = {key: place for place, key in enumerate(zip(second.paths, second.labels, strict=True))}
    shared = [(place, places[key]) for place, key in enumerate(keys) if key in places]
    if not in_one_place and not len(shared) == len(keys) == len(places):
        shared = []
    return Answers(
        table,
        _rows(first, [place for place, _ in shared]),
        _rows(second, [place for _, place in shared]),
        (len(keys), len(places)),
    )


def _rows(table: Predictions, places: list[int]) -> Predictions:
    columns = (table.paths, table.labels, table.predicted)
    paths, labels, predicted = (tuple(column[place] for place in places) for column in columns)
    return Predictions(paths, labels, predicted, tuple(table.probabilities[place] for place in places))


# What they say ----------------------------------------------------------------------------------------------


def _judged(answers: Answers, first: RunHistory, second: RunHistory) -> Verdict:
    one, other = (np.array(each.correct, dtype=np.bool_) for each in (answers.first, answers.second))
    only_first, only_second = int((one & ~other).sum()), int((other & ~one).sum())
    p, (low, high) = mcnemar_p(only_first, only_second), difference_interval(one, other)
    differs = p < SIGNIFICANT and not low <= 0.0 <= high
    disagreements = tuple(sorted(_disagreements(answers), key=_rank))
    verdict = Verdict(
        words="",
        pictures=len(one),
        side="test" if answers.table == TEST_PREDICTIONS else "val",
        only_first=only_first,
        only_second=only_second,
        p=p,
        differs=differs,
        disagreements=disagreements,
    )
    words = _words(verdict, names_of(first, second), (low, high))
    return replace(verdict, words=words, remarks=tuple(_remarks(verdict, answers, first, second)))


def _disagreements(answers: Answers) -> Iterator[Disagreement]:
    first, second = answers.first, answers.second
    for place, (path, label) in enumerate(zip(first.paths, first.labels, strict=True)):
        both = [
            Answer(run.predicted[place], run.probabilities[place], run.predicted[place] == label)
            for run in (first, second)
        ]
        if both[0].predicted != both[1].predicted:
            yield Disagreement(path, label, *both)


def _rank(each: Disagreement) -> tuple[bool, float, str]:
    wrong = [answer.probability for answer in (each.first, each.second) if not answer.is_right]
    return not each.only_right, -max(wrong), each.path


def names_of(first: RunHistory, second: RunHistory) -> tuple[str, str]:
    """Return what two runs are called in a sentence, where both have the same name, too."""
    if first.name != second.name:
        return f"“{first.name}”", f"“{second.name}”"
    return "the first", "the second"


def _words(verdict: Verdict, names: tuple[str, str], interval: tuple[float, float]) -> str:
    count = counted(verdict.pictures, "picture")
    alone = f"{names[0]} alone gets {verdict.only_first:,} right, {names[1]} alone {verdict.only_second:,}"
    if not verdict.disagreements:
        return f"No difference: both give the same answer to {_all(verdict.pictures)}."
    if not verdict.only_first and not verdict.only_second:
        return f"No difference that {count} can show: both get the same ones right."
    test = f"McNemar's exact test, p {p_words(verdict.p or 0.0)}"
    if not verdict.differs:
        return f"No difference that {count} can show: {alone} ({test})."
    better = names[0] if verdict.only_first > verdict.only_second else names[1]
    by = abs(verdict.only_first - verdict.only_second) / verdict.pictures
    low, high = sorted(map(abs, interval))
    return (
        f"{_capital(better)} is right more often, by {in_points(by)} ({100 * low:.1f} to {100 * high:.1f}): "
        f"of {count} {alone} ({test})."
    )


def _all(pictures: int) -> str:
    return "the one picture" if pictures == 1 else f"all {pictures:,} pictures"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _remarks(verdict: Verdict, answers: Answers, first: RunHistory, second: RunHistory) -> Iterator[str]:
    yield _source(answers.table, first, second)
    if set(answers.judged) != {verdict.pictures}:
        one, other = answers.judged
        yield (
            f"They were judged on {one:,} and {other:,} pictures; only the {verdict.pictures:,} that both "
            "were given are compared."
        )
    if verdict.differs:
        yield ONE_SEED


def _source(table: str, first: RunHistory, second: RunHistory) -> str:
    """Return of what the answers of a table are, as a sentence."""
    reasons = {run.ended.reason if run.ended else None for run in (first, second)}
    if table != LAST_PREDICTIONS or reasons == {Reason.COMPLETED}:
        return TABLES[table]
    return EARLY if reasons <= {Reason.COMPLETED, Reason.EARLY_STOPPED} else CUT_OFF
