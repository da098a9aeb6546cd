"""Pages of words that the Help menu shows."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QWidget

from ftgui import __version__
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.dialogs.ask import tell
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.words import what_moves


def tell_strategies(parent: QWidget, project: ProjectSession) -> None:
    """Say what each strategy does, as the project has it set up, what it costs and when to choose it."""
    words = (
        (s.title, f"{what_moves(project.config(s.name))}. {s.cost} {s.when}") for s in STRATEGIES.values()
    )
    parts = [f"<p><b>{escape(title)}</b><br>{escape(text)}</p>" for title, text in words]
    tell(parent, parent.tr("What the strategies do"), "".join(parts), "strategies_help")


def tell_about(parent: QWidget) -> None:
    """Say what this program is."""
    text = parent.tr("ftgui {version}\n\nFreezing you can see, trust and compare.\nMIT licence.")
    tell(parent, parent.tr("About ftgui"), text.format(version=__version__), "about")
