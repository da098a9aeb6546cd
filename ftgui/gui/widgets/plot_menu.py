"""The menu in the corner of what can be looked at: how it is drawn, and taking it along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Signal, SignalInstance, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from ftgui.gui.plot_data import KEPT, PlotView
from ftgui.gui.widgets.icons import IconButton


@dataclass(frozen=True)
class Offers:
    """What a menu holds besides copying and saving a picture."""

    curves: bool = False
    """Smoothing, and bands over seeds."""
    log: bool = False
    points: bool = True
    """The numbers can be saved."""


class PlotMenu(QMenu):
    """Says what was chosen, and shows what it is told."""

    smoothing_chosen = Signal(str)
    """A key of ``KEPT``."""
    bands_chosen = Signal(bool)
    log_chosen = Signal(bool)
    copy_requested = Signal()
    picture_requested = Signal()
    points_requested = Signal()

    def __init__(self, name: str, offers: Offers, parent: QWidget) -> None:
        """Make a menu whose entries are called ``{name}_copy`` and so on, for scripts."""
        super().__init__(parent)
        self._name = name
        self._smoothing: dict[str, QAction] = {}
        self._bands = self._log = None
        self.setToolTipsVisible(True)
        if offers.curves:
            self._add_smoothing()
        if offers.log:
            self._log = self._tick("log", self.tr("Logarithmic scale"), self.log_chosen)
            self._log.setToolTip(self.tr("Values that are not above 0 are left out."))
        if offers.curves:
            self._bands = self._tick("bands", self.tr("One band per strategy over seeds"), self.bands_chosen)
            self._bands.setToolTip(
                self.tr(
                    "Finished runs that differ in nothing but their seed: their mean, and a band from the "
                    "lowest to the highest."
                )
            )
            self.addSeparator()
        self._entry("copy", self.tr("Copy as picture"), self.copy_requested)
        self._entry("save_picture", self.tr("Save as picture…"), self.picture_requested)
        if offers.points:
            self._entry("save_points", self.tr("Save the numbers…"), self.points_requested)

    def show_view(self, view: PlotView) -> None:
        """Tick how curves are drawn."""
        if self._smoothing:
            self._smoothing[view.smoothing].setChecked(True)
        if self._bands is not None:
            self._bands.setChecked(view.bands)

    def show_log(self, is_log: bool) -> None:
        if self._log is not None:
            self._log.setChecked(is_log)

    def _add_smoothing(self) -> None:
        menu = self.addMenu(self.tr("Smoothing"))
        menu.setObjectName(f"{self._name}_smoothing")
        group = QActionGroup(menu)
        words = {
            "off": self.tr("Off"),
            "light": self.tr("Light"),
            "medium": self.tr("Medium"),
            "strong": self.tr("Strong"),
        }
        for key in KEPT:
            action = menu.addAction(words[key])
            action.setObjectName(f"{self._name}_smoothing_{key}")
            action.setCheckable(True)
            action.setData(key)
            group.addAction(action)
            self._smoothing[key] = action
        group.triggered.connect(self._on_smoothing)
        self._smoothing["off"].setChecked(True)

    def _entry(self, key: str, words: str, then: SignalInstance) -> QAction:
        action = self.addAction(words)
        action.setObjectName(f"{self._name}_{key}")
        action.triggered.connect(then)
        return action

    def _tick(self, key: str, words: str, then: SignalInstance) -> QAction:
        action = self.addAction(words)
        action.setObjectName(f"{self._name}_{key}")
        action.setCheckable(True)
        action.triggered.connect(then)
        return action

    @Slot(object)
    def _on_smoothing(self, action: QAction) -> None:
        self.smoothing_chosen.emit(action.data())


class MenuButton(IconButton):
    """Opens the menu below it, which is made when it is first asked for."""

    def __init__(
        self,
        label: str,
        make_menu: Callable[[], PlotMenu],
        *,
        object_name: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("dots-vertical", label, object_name=object_name, ink="muted", parent=parent)
        self._make_menu = make_menu
        self._menu: PlotMenu | None = None
        self.clicked.connect(self._open)

    def plot_menu(self) -> PlotMenu:
        if self._menu is None:
            self._menu = self._make_menu()
        return self._menu

    def has_menu(self) -> bool:
        """Return whether somebody asked for it."""
        return self._menu is not None

    @Slot(object)
    def open_at(self, place: QPoint) -> None:
        """Open the menu at a place of the screen."""
        self.plot_menu().popup(place)

    @Slot()
    def _open(self) -> None:
        menu = self.plot_menu()
        below = self.mapToGlobal(QPoint(self.width() - menu.sizeHint().width(), self.height() + 2))
        self.open_at(below)
