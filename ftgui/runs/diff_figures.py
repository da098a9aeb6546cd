"""What two runs came to, figure by figure, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ftgui.runs.comparing import seconds_per_epoch
from ftgui.runs.history import RunHistory
from ftgui.runs.report_words import NONE, accuracy, accuracy_of, count, duration, memory, points, some_of
from ftgui.runs.store import figure
from ftgui.training.events import EpochEnded

SAME = 1.15
"""Ratios of seconds below which nobody should care."""


@dataclass(frozen=True)
class Figure:
    """What something came to in two runs."""

    title: str
    help: str
    first: str
    second: str
    difference: str
    """Of the second from the first; "" where it is none or not known."""


@dataclass(frozen=True)
class Row:
    """A figure of a run: its number, and how the number and a difference of two are said."""

    title: str
    value: Callable[[RunHistory], float | None]
    words: Callable[[RunHistory, float], str]
    apart: Callable[[float, float], str]
    help: str = ""


def figures(first: RunHistory, second: RunHistory) -> tuple[Figure, ...]:
    """Return the figures that at least one of two runs has."""
    return tuple(found for row in ROWS if (found := _figure(row, first, second)))


def _figure(row: Row, first: RunHistory, second: RunHistory) -> Figure | None:
    one, other = row.value(first), row.value(second)
    if one is None and other is None:
        return None
    return Figure(
        row.title,
        row.help,
        NONE if one is None else row.words(first, one),
        NONE if other is None else row.words(second, other),
        "" if one is None or other is None or one == other else row.apart(one, other),
    )


def _last(history: RunHistory) -> EpochEnded | None:
    return history.epochs[-1] if history.epochs else None


def _of_last(name: str) -> Callable[[RunHistory], float | None]:
    """NaN: there was an epoch, and what it told was not finite."""

    def value(history: RunHistory) -> float | None:
        last = _last(history)
        told: float | None = getattr(last, name, None)
        return math.nan if last is not None and told is None else told

    return value


def _of_ended(name: str) -> Callable[[RunHistory], float | None]:
    return lambda history: getattr(history.ended, name, None)


def _seconds(history: RunHistory) -> float | None:
    last = _last(history)
    return history.ended.seconds if history.ended else last.total_seconds if last else None


def with_interval(history: RunHistory, value: float) -> str:
    """Return an accuracy on the validation pictures with its 95 % interval and their number."""
    return accuracy_of(value, history.started.val_pictures) if history.started else accuracy(value)


def _best_words(history: RunHistory, value: float) -> str:
    epoch = f", epoch {history.best.epoch:,}" if history.best else ""
    return f"{with_interval(history, value)}{epoch}"


def _epochs_words(history: RunHistory, value: float) -> str:
    asked = history.started.config.epochs if history.started else None
    return some_of(round(value), asked)


def _points_apart(one: float, other: float) -> str:
    return f"{points(other - one)} points"


def signed(number: float, words: Callable[[float], str]) -> str:
    """Return a difference with its sign: "+0.031", "−120 MB"."""
    return f"{'−' if number < 0 else '+'}{words(abs(number))}"


def times(one: float, other: float) -> str:
    """Return a ratio as people say it: "× 3.2", "× 0.31", "about the same"."""
    if not one or not other:
        return ""
    ratio = other / one
    if 1 / SAME < ratio < SAME:
        return "about the same"
    return f"× {ratio:,.0f}" if ratio >= 9.95 else f"× {ratio:.1f}" if ratio >= 0.95 else f"× {ratio:.2g}"


def _counts_apart(one: float, other: float) -> str:
    return signed(other - one, lambda number: count(round(number)))


def _memory_apart(one: float, other: float) -> str:
    return signed(other - one, memory) if abs(other - one) >= 1 else ""


def _loss_words(_history: RunHistory, value: float) -> str:
    return figure(None if math.isnan(value) else value)


def _losses_apart(one: float, other: float) -> str:
    return "" if math.isnan(other - one) else signed(other - one, figure)


ROWS: tuple[Row, ...] = (
    Row(
        "Accuracy, last epoch",
        _of_last("val_accuracy"),
        with_interval,
        _points_apart,
        "On the validation pictures, with the 95 % interval (Wilson) that so many pictures allow",
    ),
    Row(
        "Accuracy, best epoch (optimistic)",
        lambda history: history.best.val_accuracy if history.best else None,
        _best_words,
        _points_apart,
        "Chosen by the pictures that it is judged on",
    ),
    Row("Loss, last epoch", _of_last("val_loss"), _loss_words, _losses_apart, "On validation"),
    Row(
        "Accuracy in training",
        _of_last("train_accuracy"),
        lambda _, v: accuracy(v),
        _points_apart,
        "Of the last epoch, while it learned. Much higher than on validation: learned by heart",
    ),
    Row("Loss in training", _of_last("train_loss"), _loss_words, _losses_apart, "Last epoch"),
    Row("Epochs", lambda history: len(history.epochs), _epochs_words, _counts_apart, "That ended"),
    Row(
        "Time",
        _seconds,
        lambda _, v: duration(v),
        times,
        "What was kept from earlier runs, such as frozen features, costs nothing again",
    ),
    Row("An epoch", seconds_per_epoch, lambda _, v: duration(v), times, "The median epoch"),
    Row(
        "Parameters that learn",
        lambda history: history.started.trainable_parameters if history.started else None,
        lambda _, v: count(round(v)),
        times,
    ),
    Row(
        "Entries that moved",
        _of_ended("moved_tensors"),
        lambda _, v: count(round(v)),
        _counts_apart,
        "Parameters and buffers of best.pth that differ from where they started, in any bit",
    ),
    Row(
        "Frozen changed",
        lambda history: (
            history.ended.frozen_changed if history.ended and history.ended.frozen_tensors else None
        ),
        lambda history, v: some_of(round(v), history.ended.frozen_tensors if history.ended else None),
        _counts_apart,
        "Frozen entries that differ between the weights file and best.pth: 0 is the proof",
    ),
    Row("Memory", _of_ended("peak_memory_mb"), lambda _, v: memory(v), _memory_apart, "The most it needed"),
)
"""In the order in which they are told."""
