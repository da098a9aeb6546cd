"""Names that scripts and screen readers rely on."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QProgressBar,
    QTableView,
    QWidget,
)

from ftgui.gui import main_window
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.live_plot import LivePlot
from tests.gui.conftest import OpenWindow

NAMES = {
    "dataset_path": QLineEdit,
    "weights_path": QLineEdit,
    "class_count": QAbstractSpinBox,
    "strategy_freeze": QAbstractButton,
    "strategy_lr_zero": QAbstractButton,
    "strategy_small_lr": QAbstractButton,
    "strategy_full": QAbstractButton,
    "strategy_partial": QAbstractButton,
    "strategy_thaw": QAbstractButton,
    "strategy_scratch": QAbstractButton,
    "more_strategies": QWidget,
    "stage_map": QAbstractSlider,
    "more_rates": QWidget,
    "backbone_lr_mult": QLineEdit,
    "thaw_epoch": QAbstractSpinBox,
    "epochs": QAbstractSpinBox,
    "batch_size": QAbstractSpinBox,
    "learning_rate": QLineEdit,
    "device": QComboBox,
    "norm_policy": QComboBox,
    "train_button": QAbstractButton,
    "compare_button": QAbstractButton,
    "comparison_page": QWidget,
    "strategies_table": QTableView,
    "pause_button": QAbstractButton,
    "stop_button": QAbstractButton,
    "export_button": QAbstractButton,
    "continue_button": QAbstractButton,
    "find_lr_button": QAbstractButton,
    "moved_page": QWidget,
    "moved_run": QComboBox,
    "weights_heat_map": QWidget,
    "statistics_heat_map": QWidget,
    "loss_plot": LivePlot,
    "accuracy_plot": LivePlot,
    "progress": QProgressBar,
    "runs_table": QTableView,
    "message_bar": QWidget,
}

INPUTS = (QLineEdit, QAbstractButton, QAbstractSpinBox, QComboBox, QPlainTextEdit, QTableView, LivePlot)

QT_OWN = {"qt_spinbox_lineedit", "qt_tableview_cornerbutton", "qt_menubar_ext_button"}
"""Parts that Qt puts inside widgets of ours, by object name."""

QT_OWN_CLASSES = {"QLineEditIconButton"}
"""The same by class: the icon in a path's edit, which does nothing."""


def test_each_name_that_scripts_rely_on_is_there_once(open_window: OpenWindow) -> None:
    window = open_window()
    found = {name: window.findChildren(QWidget, name) for name in NAMES}
    assert {name: len(widgets) for name, widgets in found.items()} == dict.fromkeys(NAMES, 1)
    wrong = [name for name, (widget,) in found.items() if not isinstance(widget, NAMES[name])]
    assert wrong == []


def test_every_input_button_plot_and_table_is_named_for_scripts_and_for_screen_readers(
    open_window: OpenWindow,
) -> None:
    window = open_window()
    widgets = [widget for widget in window.findChildren(QWidget) if _is_input(widget)]
    assert len(widgets) > 30
    unnamed = [_place(widget) for widget in widgets if not (widget.objectName() and widget.accessibleName())]
    assert unnamed == []


def test_no_two_widgets_share_a_name_for_scripts(open_window: OpenWindow) -> None:
    names = [widget.objectName() for widget in open_window().findChildren(QWidget) if _is_input(widget)]
    assert sorted(names) == sorted(set(names))


def test_accessible_names_are_words_and_not_the_names_for_scripts(open_window: OpenWindow) -> None:
    window = open_window()
    for widget in filter(_is_input, window.findChildren(QWidget)):
        assert "_" not in widget.accessibleName(), _place(widget)


def test_the_main_window_is_the_class_that_scripts_know(open_window: OpenWindow) -> None:
    window = open_window()
    assert type(window) is main_window.MainWindow is MainWindow


def _is_input(widget: QWidget) -> bool:
    """Whether a user can do something with ``widget``: parts inside other widgets are not meant.

    pyqtgraph keeps a menu of its own for every plot, which ours never show.
    """
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QMenu):
            return False
        above = above.parentWidget()
    if widget.objectName() in QT_OWN or widget.metaObject().className() in QT_OWN_CLASSES:
        return False
    return isinstance(widget, INPUTS)


def _place(widget: QWidget) -> str:
    above = type(widget.parentWidget()).__name__
    return f"{type(widget).__name__} “{widget.objectName()}” in {above}, called “{widget.accessibleName()}”"
