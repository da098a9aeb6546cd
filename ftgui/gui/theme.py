"""The look, as two sets of tokens: every colour in the window is one of these and has a meaning.

Widgets that paint themselves read ``current()`` when they paint and repaint on ``signals.changed``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from ftgui.gui.stylesheet import stylesheet

Choice = Literal["system", "light", "dark"]
RunColour = int | str
"""An index into the run colours, which follows the theme, or a colour that stays (``"#5f6b7a"``)."""

FONT_FAMILY = "Inter"
FONT_PIXELS = 13


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The colours of one theme, by what they are for."""

    name: Literal["light", "dark"]
    window: str
    """Behind the cards."""
    card: str
    line: str
    """Borders of cards and fields, lines between rows."""
    line_strong: str
    """Borders under the pointer, check boxes."""
    handle: str
    """Of scroll bars."""
    text: str
    muted: str
    """Second voice: facts, headers, placeholders. Readable (AA) on every background."""
    faint: str
    """Decoration and what is disabled; never carries information alone."""
    accent: str
    accent_hover: str
    accent_text: str
    """Text on the accent."""
    selection: str
    hover: str
    chip: str
    ice: str
    """Frozen."""
    slow: str
    learning: str
    unknown: str
    """A stage of which nothing is known yet."""
    ok: str
    warn: str
    error: str
    ok_fill: str
    warn_fill: str
    error_fill: str
    info_fill: str
    warn_line: str
    error_line: str
    run_colours: tuple[str, ...]


LIGHT = Tokens(
    name="light",
    window="#f4f5f7",
    card="#ffffff",
    line="#e2e5ea",
    line_strong="#b9c0ca",
    handle="#ccd2da",
    text="#14181f",
    muted="#5a6573",
    faint="#99a2af",
    accent="#2f6beb",
    accent_hover="#2459cc",
    accent_text="#ffffff",
    selection="#eaf1fe",
    hover="#f6f8fb",
    chip="#eef1f5",
    ice="#7fb7e6",
    slow="#f0b440",
    learning="#35a871",
    unknown="#d5dae1",
    ok="#17794a",
    warn="#8a5700",
    error="#c02a22",
    ok_fill="#e9f6ef",
    warn_fill="#fdf4e0",
    error_fill="#fdeceb",
    info_fill="#eaf1fe",
    warn_line="#f0d9a4",
    error_line="#f3c6c2",
    run_colours=("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#6B7480"),
)

DARK = Tokens(
    name="dark",
    window="#121519",
    card="#1a1e24",
    line="#2a3039",
    line_strong="#4a5360",
    handle="#39414c",
    text="#eceff3",
    muted="#a0a9b6",
    faint="#67717e",
    accent="#5b8def",
    accent_hover="#739ff5",
    accent_text="#0b1220",
    selection="#1f2b40",
    hover="#20252c",
    chip="#242a32",
    ice="#4e86b8",
    slow="#d69b2d",
    learning="#3cb47c",
    unknown="#39414c",
    ok="#4cc38a",
    warn="#e5ac48",
    error="#ff8078",
    ok_fill="#182b23",
    warn_fill="#2e2616",
    error_fill="#35201f",
    info_fill="#1f2b40",
    warn_line="#57461f",
    error_line="#63373a",
    run_colours=("#4FA8E0", "#FF8A50", "#38CC9A", "#F5BE4F", "#E59CC5", "#9AD4F5", "#9AA4B1"),
)

RUN_COLOURS = {tokens.name: tokens.run_colours for tokens in (LIGHT, DARK)}


class ThemeSignals(QObject):
    """Says when the theme changed: plots and painted widgets do not follow the palette by themselves."""

    changed = Signal()


signals = ThemeSignals()
_applied = [LIGHT]


def current() -> Tokens:
    """Return the tokens applied last."""
    return _applied[0]


def run_colour(colour: RunColour) -> QColor:
    """Return a run's colour in the current theme. Indices start over after the last colour."""
    if isinstance(colour, str):
        return QColor(colour)
    colours = current().run_colours
    return QColor(colours[colour % len(colours)])


def system_tokens() -> Tokens:
    """Return the tokens that suit the system. Unknown, as on many Linux desktops, is light."""
    dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def choose_theme(app: QApplication, choice: Choice) -> None:
    """Apply what the user chose, title bars included where the platform lets us."""
    hints = QGuiApplication.styleHints()
    if choice == "system":
        hints.unsetColorScheme()
        apply_theme(app, system_tokens())
    else:
        dark = choice == "dark"
        hints.setColorScheme(Qt.ColorScheme.Dark if dark else Qt.ColorScheme.Light)
        apply_theme(app, DARK if dark else LIGHT)


def apply_theme(app: QApplication, tokens: Tokens) -> None:
    """Give ``app`` the palette, font and stylesheet of ``tokens`` and tell who paints by hand."""
    _applied[0] = tokens
    if app.style().objectName() != "fusion" and not app.styleSheet():
        app.setStyle("Fusion")
    app.setFont(_font())
    app.setPalette(_palette(tokens))
    app.setStyleSheet(stylesheet(tokens))
    signals.changed.emit()


def _font() -> QFont:
    """Inter where it is installed, else the system's own; figures of one width, so that they stand still."""
    if FONT_FAMILY in QFontDatabase.families():
        font = QFont(FONT_FAMILY)
    else:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(FONT_PIXELS)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for roles, colour in (
        ((role.Window,), tokens.window),
        ((role.Base, role.Button, role.ToolTipBase), tokens.card),
        ((role.AlternateBase, role.Midlight, role.Light), tokens.hover),
        ((role.Mid, role.Dark, role.Shadow), tokens.line),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), tokens.text),
        ((role.PlaceholderText,), tokens.muted),
        ((role.Highlight, role.Link, role.Accent), tokens.accent),
        ((role.HighlightedText,), tokens.accent_text),
    ):
        for each in roles:
            palette.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(tokens.faint))
    return palette
