"""The report's maps of movement and bars of stages as SVG: what stayed, exactly, and what went how far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ftgui.runs import report_axes as axes
from ftgui.runs import report_words as words
from ftgui.runs.report_svg import element, figure, joined, shortened, text, text_width

LOWEST, HIGHEST = 1e-6, 1.0
"""The ends of the scale of movement; what lies beyond has the colour of the end."""
SHADES = 12
"""Colours of movement in the style sheet, ``m0`` to ``m11``, from little to much."""
MOST_COLUMNS = 60
WIDTH, NAMES = 334.0, 92.0


@dataclass(frozen=True)
class Cell:
    """A stage at the end of an epoch."""

    epoch: int
    amount: float | None
    """How far it had moved, weights or else norm statistics; None: not a finite number."""
    changed: int
    entries: int

    @property
    def shade(self) -> str:
        """Its class in the style sheet: ice where not one bit moved, and only there."""
        if self.changed == 0:
            return "ice"
        return "unknown" if self.amount is None else f"m{shade(self.amount)}"

    @property
    def said(self) -> str:
        """Return "2.1 %, 3 of 6 entries differ"."""
        amount = "0 exactly" if self.changed == 0 else words.movement(self.amount or None)
        return (
            f"{amount}, {self.changed:,} of {words.counted(self.entries, 'entry differs', 'entries differ')}"
        )


@dataclass(frozen=True)
class Row:
    """A stage over all epochs."""

    name: str
    rate: str
    """Its learning rate in words."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class BarPart:
    """A stage in the small bar of a strategy."""

    name: str
    share: float
    """Of the bar's width."""
    kind: str
    """"ice", "slow" or "learning"."""
    words: str


def shade(amount: float) -> int:
    """Return which of the colours a movement above 0 has, on a logarithmic scale."""
    share = math.log10(max(amount, LOWEST) / LOWEST) / math.log10(HIGHEST / LOWEST)
    return min(SHADES - 1, int(min(1.0, share) * SHADES))


def movement_figure(key: str, name: str, rows: Sequence[Row]) -> Markup:
    """Return how far each stage had moved after each epoch: stages down, epochs across."""
    height = min(20.0, max(7.0, 300.0 / max(1, len(rows))))
    bottom = height * len(rows) + 4
    return figure(
        key,
        (WIDTH, bottom + 36),
        f"What moved: {name}",
        " ".join(f"{row.name}: {row.cells[-1].said}." for row in rows if row.cells),
        *(_row(row, number * height + 2, height) for number, row in enumerate(rows)),
        _epochs_below(rows, bottom),
    )


def _row(row: Row, top: float, height: float) -> Markup:
    """Return the name of a stage and its cells."""
    size = min(11.5, height)
    named = element(
        "text",
        element("title", f"{row.name}: {row.rate}"),
        shortened(row.name, NAMES - 8, size),
        x=NAMES - 8,
        y=top + height / 2 + size * 0.35,
        class_="stage",
        text_anchor="end",
        font_size=size,
    )
    kept = axes.thinned(len(row.cells), MOST_COLUMNS)
    width = _column(len(kept))
    cells = [
        _cell(row, row.cells[place], NAMES + number * width, top, width, height)
        for number, place in enumerate(kept)
    ]
    return joined(named, *cells)


def _column(count: int) -> float:
    """Return how wide a column is."""
    return min(48.0, (WIDTH - NAMES - 2) / max(1, count))


def _cell(row: Row, cell: Cell, left: float, top: float, width: float, height: float) -> Markup:
    gap = 1.0 if width > 5 else 0.0
    return element(
        "rect",
        element("title", f"{row.name} ({row.rate}), epoch {cell.epoch:,}: {cell.said}"),
        x=f"{left:.2f}",
        y=f"{top:.2f}",
        width=f"{width - gap:.2f}",
        height=f"{height - 1:.2f}",
        class_=f"cell {cell.shade}",
    )


def _epochs_below(rows: Sequence[Row], bottom: float) -> Markup:
    """Return the first, the last and some epochs between, under their columns."""
    cells = max((row.cells for row in rows), key=len, default=())
    kept = [cells[place].epoch for place in axes.thinned(len(cells), MOST_COLUMNS)] or [1]
    width = _column(len(kept))
    ticks = axes.epoch_ticks(kept[0], kept[-1], max(1, int(width * len(kept) / 30)))
    shown = {min(range(len(kept)), key=lambda place: abs(kept[place] - tick)) for tick in ticks}
    said = [(min(NAMES + (n + 0.5) * width, WIDTH - text_width(f"{kept[n]:,}") / 2), kept[n]) for n in shown]
    numbers = [text(x, bottom + 13, f"{epoch:,}", anchor="middle") for x, epoch in said]
    return joined(*numbers, text(NAMES + width * len(kept) / 2, bottom + 30, "epoch", "title", "middle"))


def stage_bar(key: str, name: str, parts: Sequence[BarPart]) -> Markup:
    """Return a strategy as its stages: ice blue stays, amber moves slowly, green learns."""
    gap, drawn, left = 1.5, [], 0.0
    room = 168.0 - gap * (len(parts) - 1)
    whole = sum(part.share for part in parts) or 1.0
    for part in parts:
        width = max(1.0, room * part.share / whole)
        title = element("title", part.words)
        drawn.append(
            element(
                "rect", title, x=f"{left:.2f}", y=0, width=f"{width:.2f}", height=6, rx=1.5, class_=part.kind
            )
        )
        left += width + gap
    kinds = {"ice": "stays", "slow": "moves slowly", "learning": "learns"}
    described = ", ".join(f"{part.name} {kinds[part.kind]}" for part in parts)
    return figure(key, (max(168.0, left), 6), f"{name}: its stages", described, *drawn)
