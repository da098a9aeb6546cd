"""Questions. Each is asked and answered through a signal: no dialog holds the event loop of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMessageBox, QWidget


def ask_stop_and_close(parent: QWidget, on_yes: Callable[[], None]) -> QMessageBox:
    """Ask whether to stop the run that goes on and close the window."""
    box = QMessageBox(parent)
    box.setObjectName("close_question")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(box.tr("A run is going on"))
    box.setText(box.tr("Stop training and close the window?"))
    box.setInformativeText(box.tr("The best weights so far are kept in the run's folder."))
    stop = box.addButton(box.tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
    stop.setObjectName("stop_and_close")
    keep = box.addButton(box.tr("Go on training"), QMessageBox.ButtonRole.RejectRole)
    keep.setObjectName("go_on")
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.accepted.connect(on_yes)
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def tell(parent: QWidget, title: str, text: str, object_name: str) -> QMessageBox:
    """Show a page of words, plain or as HTML."""
    box = QMessageBox(parent)
    box.setObjectName(object_name)
    box.setWindowTitle(title)
    box.setText(text)
    box.finished.connect(box.deleteLater)
    box.open()
    return box
