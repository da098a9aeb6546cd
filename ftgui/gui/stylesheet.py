"""The stylesheet, made from the tokens. Widgets say what they are by the properties ``role`` and ``kind``."""

from __future__ import annotations

from dataclasses import asdict
from string import Template
from typing import TYPE_CHECKING

from ftgui.core.paths import RESOURCES

if TYPE_CHECKING:
    from ftgui.gui.theme import Tokens

ICONS = RESOURCES / "icons"

_TEXT = Template("""
QLabel { background: transparent; }
QLabel[role="heading"] { font-size: 15px; font-weight: 600; }
QLabel[role="section"] { font-size: 12px; font-weight: 600; color: $muted; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="muted"] { font-size: 12px; color: $muted; }
QLabel[role="status"] { font-size: 12px; font-weight: 500; }
QLabel[kind="ok"] { color: $ok; }
QLabel[kind="warning"] { color: $warn; }
QLabel[kind="error"] { color: $error; }
QLabel[kind="info"] { color: $muted; }
QLabel[role="chip"] {
    font-size: 12px; color: $muted; background: $chip; border-radius: 10px; padding: 2px 10px;
    min-height: 16px;
}
QLabel[role="chip"][kind="ok"] { color: $ok; background: $ok_fill; }
QLabel[role="chip"][kind="warning"] { color: $warn; background: $warn_fill; }
QLabel[role="chip"][kind="error"] { color: $error; background: $error_fill; }
QLabel[role="chip"][kind="info"] { color: $accent; background: $info_fill; }
QToolTip { color: $text; background: $card; border: 1px solid $line_strong; padding: 5px 7px; }
""")

_FRAMES = Template("""
QFrame[role="card"] { background: $card; border: 1px solid $line; border-radius: 10px; }
QFrame[role="message"] { border: 1px solid $line; border-radius: 10px; }
QFrame[role="message"][kind="info"] { background: $info_fill; }
QFrame[role="message"][kind="warning"] { background: $warn_fill; border-color: $warn_line; }
QFrame[role="message"][kind="error"] { background: $error_fill; border-color: $error_line; }
QFrame[role="message"] QLabel { color: $text; }
QFrame[role="message"] QLabel[role="muted"] { color: $muted; }
QFrame[role="segments"] { background: $chip; border-radius: 11px; }
QFrame[role="rule"] { background: $line; border: 0; }
QScrollArea, QScrollArea > QWidget > QWidget[role="page"] { background: transparent; border: 0; }
QSplitter::handle { background: transparent; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QStatusBar { color: $muted; }
QStatusBar::item { border: 0; }
""")

_BUTTONS = Template("""
QPushButton {
    color: $text; background: $card; border: 1px solid $line; border-radius: 6px; padding: 5px 13px;
    min-height: 18px;
}
QPushButton:hover { background: $hover; border-color: $line_strong; }
QPushButton:pressed { background: $chip; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $faint; background: $window; border-color: $line; }
QPushButton[kind="primary"] {
    color: $accent_text; background: $accent; border-color: $accent; font-weight: 600; padding: 7px 16px;
}
QPushButton[kind="primary"]:hover { background: $accent_hover; border-color: $accent_hover; }
QPushButton[kind="primary"]:pressed { background: $accent; border-color: $accent_hover; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; padding: 6px 15px; }
QPushButton[kind="primary"]:disabled { color: $faint; background: $chip; border-color: $chip; }
QPushButton[kind="large"] { padding: 7px 16px; }
QPushButton[kind="quiet"] {
    color: $muted; background: transparent; border-color: transparent; font-size: 12px;
    padding: 2px 4px 2px 0;
}
QPushButton[kind="quiet"]:hover { color: $text; background: transparent; }
QPushButton[kind="quiet"]:focus { border-color: $accent; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 5px; }
QToolButton:hover { background: $chip; }
QToolButton:pressed { background: $line; }
QToolButton:focus { border-color: $accent; }
QFrame[role="segments"] QPushButton {
    color: $muted; background: transparent; border: 1px solid transparent; border-radius: 9px;
    padding: 0px 9px; font-size: 12px; min-height: 16px;
}
QFrame[role="segments"] QPushButton:hover { color: $text; }
QFrame[role="segments"] QPushButton:checked { color: $text; background: $card; border-color: $line; }
QFrame[role="segments"] QPushButton:focus { border-color: $accent; }
""")

_FIELDS = Template("""
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    color: $text; background: $card; border: 1px solid $line; border-radius: 6px;
    selection-color: $accent_text; selection-background-color: $accent;
}
QLineEdit { padding: 4px 8px; min-height: 20px; }
QSpinBox, QDoubleSpinBox { padding: 0; min-height: 28px; max-height: 28px; }
QComboBox { padding: 4px 10px; min-height: 20px; combobox-popup: 0; }
QPlainTextEdit, QTextEdit { padding: 6px; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: $line_strong; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus {
    border-color: $accent;
}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $faint; background: $window; border-color: $line;
}
QLineEdit { placeholder-text-color: $muted; }
QLineEdit[invalid="true"], QSpinBox[invalid="true"] { border-color: $error; }
QSpinBox::up-button, QSpinBox::down-button { border: 0; width: 20px; subcontrol-origin: border; }
QSpinBox::up-button { subcontrol-position: top right; }
QSpinBox::down-button { subcontrol-position: bottom right; }
QSpinBox::up-arrow { image: url("$icons/up.svg"); width: 8px; height: 8px; }
QSpinBox::down-arrow { image: url("$icons/down.svg"); width: 8px; height: 8px; }
QComboBox::drop-down { border: 0; width: 22px; subcontrol-origin: border; }
QComboBox::down-arrow { image: url("$icons/down.svg"); width: 9px; height: 9px; }
QComboBox QAbstractItemView {
    color: $text; background: $card; border: 1px solid $line_strong; border-radius: 0; outline: 0;
    padding: 4px; selection-background-color: $selection; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: 24px; padding: 0 6px; border-radius: 4px; }
QComboBox QAbstractItemView::item:hover { background: $hover; }
QComboBox QAbstractItemView::item:selected { background: $selection; color: $text; }
QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QTableView::indicator, QListView::indicator {
    width: 14px; height: 14px; border: 1px solid $line_strong; border-radius: 4px; background: $card;
}
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked, QTableView::indicator:checked, QListView::indicator:checked {
    border-color: $accent; background: $accent; image: url("$icons/check-$name.svg");
}
QCheckBox::indicator:disabled { background: $window; border-color: $line; }
QCheckBox::indicator:checked:disabled { border-color: $line_strong; background: $line_strong; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $chip; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal { width: 14px; margin: -5px 0; border-radius: 7px; background: $accent; }
QProgressBar { background: $chip; border: 0; border-radius: 4px; max-height: 8px; min-height: 8px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QProgressBar[kind="preparing"]::chunk, QProgressBar[kind="stopped"]::chunk { background: $line_strong; }
QProgressBar[kind="paused"]::chunk { background: $slow; }
QProgressBar[kind="done"]::chunk { background: $learning; }
QProgressBar[kind="failed"]::chunk { background: $error; }
""")

_VIEWS = Template("""
QTableView, QListView, QTreeView {
    color: $text; background: $card; border: 0; outline: 0; gridline-color: $line;
    selection-background-color: $selection; selection-color: $text;
}
QTableView { border: 1px solid transparent; border-radius: 6px; }
QTableView[ring="true"] { border-color: $accent; }
QTableView::item { border: 0; border-bottom: 1px solid $line; padding: 0 8px; }
QTableView::item:selected { background: $selection; color: $text; }
QTreeView::item { padding: 2px 4px; }
QListView::item { padding: 4px 8px; border-radius: 4px; }
QListView::item:selected, QTreeView::item:selected { background: $selection; color: $text; }
QHeaderView { background: $card; border: 0; }
QHeaderView::section {
    color: $muted; background: $card; border: 0; border-bottom: 1px solid $line; padding: 0 11px;
    font-size: 12px; font-weight: 500; min-height: 32px;
}
QHeaderView::section:hover { color: $text; }
QHeaderView::up-arrow { image: url("$icons/up.svg"); width: 9px; height: 9px; }
QHeaderView::down-arrow { image: url("$icons/down.svg"); width: 9px; height: 9px; }
QTableCornerButton::section { background: $card; border: 0; }
QTabWidget::pane { border: 0; }
QTabWidget::tab-bar { left: 0; }
QTabBar { background: transparent; font-size: 13px; }
QTabBar::tab {
    color: $muted; background: transparent; border: 0; border-bottom: 2px solid transparent;
    padding: 8px 2px 7px 2px; margin-right: 16px;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; font-weight: 600; border-bottom-color: $accent; }
QTabBar::tab:disabled { color: $faint; }
QTabBar::tab:focus { color: $accent; background: $selection; }
QScrollBar { background: transparent; border: 0; margin: 2px; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $handle; border-radius: 3px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QMenuBar { background: $window; padding: 2px 6px; }
QMenuBar::item { color: $text; background: transparent; padding: 5px 10px; border-radius: 5px; }
QMenuBar::item:selected { background: $chip; }
QMenu { background: $card; color: $text; border: 1px solid $line_strong; padding: 5px; }
QMenu::item { padding: 6px 26px 6px 12px; border-radius: 5px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 5px 8px; }
QMenu::icon { padding-left: 8px; }
""")


def stylesheet(tokens: Tokens) -> str:
    """Return the whole stylesheet in the colours of ``tokens``."""
    values = {key: value for key, value in asdict(tokens).items() if isinstance(value, str)}
    values["icons"] = ICONS.as_posix()
    return "\n".join(part.substitute(values) for part in (_TEXT, _FRAMES, _BUTTONS, _FIELDS, _VIEWS))
