"""What the table says of a run: a column is an entry in a table of columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ftgui.evaluation.statistics import wilson_interval
from ftgui.gui.words import count_words, duration_words, strategy_words
from ftgui.runs.history import RunHistory
from ftgui.training.events import Reason


@dataclass(frozen=True)
class Column:
    """What a column is called, what it shows and by what it sorts."""

    title: str
    text: Callable[[RunHistory], str]
    key: Callable[[RunHistory], Any]
    """None and "" are blanks: they come last, whichever way the table is sorted."""
    help: str = ""
    is_number: bool = False

    @property
    def head(self) -> str:
        """The title as it stands over the column: figures are narrower than the words that name them."""
        return "\n".join(self.title.rsplit(" ", 1)) if self.is_number else self.title


def _nothing(_history: RunHistory) -> str:
    return ""


def _best(history: RunHistory) -> float | None:
    return history.reached[0] if history.reached else None


def _loss(history: RunHistory) -> float | None:
    return history.reached[1] if history.reached else None


def _interval(history: RunHistory) -> str:
    best, started = _best(history), history.started
    if best is None or started is None:
        return ""
    low, high = wilson_interval(best, started.val_pictures)
    return f"{low:.2f}–{high:.2f} of {started.val_pictures:,}"


def _seconds(history: RunHistory) -> float | None:
    return history.told_seconds


def _epoch_seconds(history: RunHistory) -> float | None:
    return history.epoch_seconds


def _learning(history: RunHistory) -> int | None:
    return history.started.trainable_parameters if history.started else None


def _moved(history: RunHistory) -> int | None:
    """Return how many entries differ from their start: proven at the run's end, else as its stages told."""
    if history.ended is not None and history.ended.moved_tensors is not None:
        return history.ended.moved_tensors
    if not history.moved:
        return None
    last = history.moved[-1].epoch
    changed = 0
    for moved in reversed(history.moved):
        if moved.epoch != last:
            break
        changed += moved.changed
    return changed


def _changed(history: RunHistory) -> str:
    ended = history.ended
    if ended is None or ended.frozen_changed is None:
        return ""
    return f"{ended.frozen_changed:,} of {ended.frozen_tensors:,}" if ended.frozen_tensors else "–"


def _memory(history: RunHistory) -> float | None:
    return history.ended.peak_memory_mb if history.ended else None


def _strategy(history: RunHistory) -> str:
    return strategy_words(history.started.config) if history.started else ""


def _state(history: RunHistory) -> str:
    """Return where a run stands; a run that found nothing better any more is done before its last epoch."""
    early = history.ended is not None and history.ended.reason is Reason.EARLY_STOPPED
    return "done early" if early else history.state.value


def _or_blank(words: Callable[[Any], str], value: Any) -> str:
    return "" if value is None else words(value)


def _number(
    title: str, value: Callable[[RunHistory], Any], words: Callable[[Any], str], explained: str = ""
) -> Column:
    return Column(title, lambda h: _or_blank(words, value(h)), value, explained, is_number=True)


COLUMNS: tuple[Column, ...] = (
    Column("", _nothing, _nothing, "Tick to show its curves"),
    Column("Name", lambda h: h.name, lambda h: h.name.lower()),
    Column("What may move", _strategy, _strategy),
    _number(
        "Best val acc",
        _best,
        "{:.3f}".format,
        "Optimistic: of the best epoch, chosen by the validation pictures that it is judged on",
    ),
    Column(
        "95 % interval",
        _interval,
        _best,
        "Where the true accuracy lies with 95 % confidence, given so many pictures (Wilson)",
        is_number=True,
    ),
    _number("Val loss", _loss, "{:.3f}".format, "Of the best epoch, on the validation pictures"),
    _number("Time", _seconds, duration_words),
    _number(
        "s/epoch",
        _epoch_seconds,
        lambda seconds: f"{seconds:,.1f}" if seconds >= 1 else f"{seconds:.2g}",
        "Seconds of an epoch on average, training and validation",
    ),
    _number("Learning", _learning, count_words, "Parameters that may move"),
    _number(
        "Entries moved",
        _moved,
        "{:,}".format,
        "Entries of the network, the new output layer's too, that differ in any bit from their start",
    ),
    Column(
        "Frozen changed",
        _changed,
        lambda h: h.ended.frozen_changed if h.ended else None,
        "Frozen entries that differ, bit for bit, between the weights file and best.pth: 0 is the proof",
        is_number=True,
    ),
    _number(
        "Memory",
        _memory,
        lambda mb: f"{mb / 1000:.1f} GB",
        "The most memory that the program needed during the run (on Windows and macOS: up to its end)",
    ),
    Column("State", _state, _state),
)

HIDDEN = ("Frozen changed",)
"""The columns that are hidden unless the user shows them: there is no room for all in the usual window."""

SEARCHED = ("Name", "What may move", "State")
"""The columns that the filter looks into."""


def column_of(title: str) -> int:
    """Return the number of the column of this title."""
    return next(number for number, column in enumerate(COLUMNS) if column.title == title)
