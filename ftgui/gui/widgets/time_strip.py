"""Where the time of a run went: a bar of its parts, and for who asks the figures behind it."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ftgui.gui import theme
from ftgui.gui.theme import Tokens
from ftgui.gui.time_words import Phase
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import ElidedText, Text

BAR_HEIGHT, ROW_HEIGHT, SWATCH = 18, 18, 9
LEAST_DETAILS = 3 * ROW_HEIGHT
AIR = 16
"""Between two entries of the legend."""


def phase_colour(name: str, tokens: Tokens) -> QColor:
    """Return a phase's colour: that of what it does where the window has one for it, else a grey."""
    colours = {
        "frozen pass": tokens.ice,
        "training": tokens.learning,
        "validation": _mixed(tokens.learning, tokens.card),
        "decoding": _mixed(tokens.run_colours[4], tokens.card),
        "reading": tokens.line_strong,
        "proof": tokens.line_strong,
    }
    return QColor(colours.get(name, tokens.handle))


def _mixed(one: str, other: str) -> str:
    a, b = QColor(one), QColor(other)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*((x + y) // 2 for x, y in pairs)).name()


def ink_on(ground: QColor) -> QColor:
    """Return black or white, whichever is easier to read on ``ground``."""
    return QColor("#14181f") if _luminance(ground) > 0.2 else QColor("#ffffff")


def _luminance(colour: QColor) -> float:
    """Return the relative luminance of WCAG, 0 to 1."""
    channels = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class _Painted(QWidget):
    """Something painted of the phases, in small letters."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phases: tuple[Phase, ...] = ()
        font = self.font()
        font.setPixelSize(12)
        self.setFont(font)
        theme.signals.changed.connect(self.update)

    def set_phases(self, phases: tuple[Phase, ...]) -> None:
        self._phases = phases
        self.update()


class TimeBar(_Painted):
    """The phases side by side, each as wide as its share, with its words where there is room for them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(BAR_HEIGHT)

    def places(self) -> list[QRectF]:
        """Return where the phases stand, on whole pixels."""
        edges, share = [0], 0.0
        for phase in self._phases:
            share += phase.share
            edges.append(round(share * self.width()))
        return [QRectF(left, 0, max(right - left - 1, 1), BAR_HEIGHT) for left, right in pairwise(edges)]

    def label(self, phase: Phase, width: float) -> str:
        """Return what stands in a phase so wide: all of its words, its name, or nothing."""
        metrics = QFontMetrics(self.font())
        texts = (phase.words, phase.name)
        return next((text for text in texts if metrics.horizontalAdvance(text) + 10 <= width), "")

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = zip(self._phases, self.places(), strict=True)
            words = next((p.words for p, place in at if place.contains(event.pos().x(), 1)), "")
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter, tokens = QPainter(self), theme.current()
        for phase, place in zip(self._phases, self.places(), strict=True):
            colour = phase_colour(phase.name, tokens)
            painter.fillRect(place, colour)
            painter.setPen(ink_on(colour))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self.label(phase, place.width()))


class TimeLegend(_Painted):
    """A swatch and the words of each phase, in as many rows as it takes."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def set_phases(self, phases: tuple[Phase, ...]) -> None:
        super().set_phases(phases)
        self._fit()

    def rows(self) -> list[list[Phase]]:
        """Return the phases of each row at the present width."""
        rows: list[list[Phase]] = [[]]
        left = 0.0
        for phase in self._phases:
            width = self._width_of(phase)
            if rows[-1] and left + width - AIR > self.width():
                rows.append([])
                left = 0.0
            rows[-1].append(phase)
            left += width
        return rows

    def minimumSizeHint(self) -> QSize:
        return QSize(120, ROW_HEIGHT)

    def _fit(self) -> None:
        self.setFixedHeight(ROW_HEIGHT * len(self.rows()))

    def _width_of(self, phase: Phase) -> float:
        return float(SWATCH + 6 + self.fontMetrics().horizontalAdvance(_entry(phase)) + AIR)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter, tokens = QPainter(self), theme.current()
        for number, row in enumerate(self.rows()):
            left, top = 0.0, number * ROW_HEIGHT
            for phase in row:
                painter.fillRect(QRectF(left, top + 5, SWATCH, SWATCH), phase_colour(phase.name, tokens))
                painter.setPen(QColor(tokens.muted))
                words = QRectF(left + SWATCH + 6, top, self.width(), ROW_HEIGHT)
                painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, _entry(phase))
                left += self._width_of(phase)


def _entry(phase: Phase) -> str:
    share = "< 1 %" if phase.share < 0.005 else f"{phase.share * 100:.0f} %"
    return f"{phase.words} · {share}"


class _Details(QScrollArea):
    """As tall as what it holds, unless that would leave nothing of the page."""

    def __init__(self, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = content
        content.setProperty("role", "page")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setWidget(content)
        content.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._content.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, min(LEAST_DETAILS, self.sizeHint().height()))


class TimeStrip(Card):
    """One line, and more below it once it is opened. Hidden while there is nothing to tell."""

    def __init__(self, *, object_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(object_name=object_name, spacing=6, parent=parent)
        self.body.setContentsMargins(14, 7, 14, 7)
        title = self.tr("Where the time went")
        self.button = Button(title, kind="quiet", icon_name="chevron-right", object_name="time_details")
        self.button.setCheckable(True)
        self.bar = TimeBar()
        self._total = Text("", "muted", object_name="time_total")
        self._content = QWidget()
        self._details = _Details(self._content)
        self._legend = TimeLegend()
        self._lines: list[ElidedText] = []
        self._lay_out()
        self.button.toggled.connect(self._on_toggled)
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.button)
        row.addWidget(self.bar, 1)
        row.addWidget(self._total)
        self.add(row)
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 2, 0, 3)
        self._column.setSpacing(3)
        self._column.addWidget(self._legend)
        self.add(self._details)
        self._details.hide()

    def set_times(self, phases: tuple[Phase, ...], total: str, sentences: tuple[str, ...]) -> None:
        """Show the parts of a run's time, all of it in words, and a line for each sentence."""
        self.bar.set_phases(phases)
        self._legend.set_phases(phases)
        name_widget(self.bar, accessible_name=", ".join(phase.words for phase in phases))
        self._total.setText(total)
        for line in self._lines[len(sentences) :]:
            line.hide()
        for number, sentence in enumerate(sentences):
            line = self._lines[number] if number < len(self._lines) else self._new_line()
            line.setText(sentence)
            line.show()
        self.setVisible(bool(phases))

    def sentences(self) -> tuple[str, ...]:
        """Return the lines below the legend."""
        return tuple(line.text() for line in self._lines if not line.isHidden())

    def _new_line(self) -> ElidedText:
        line = ElidedText("", "muted", parent=self._content)
        self._lines.append(line)
        self._column.addWidget(line)
        return line

    def _on_toggled(self, is_open: bool) -> None:
        self.button.set_icon("chevron-down" if is_open else "chevron-right")
        self._details.setVisible(is_open)
