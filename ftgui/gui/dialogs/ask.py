"""Questions. Each is asked and answered through a signal: no dialog holds the event loop of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QMessageBox, QWidget

NAMED = 5
"""Runs that a question names; of more it says how many."""


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


def ask_move_to_bin(
    parent: QWidget, names: Sequence[str], size: str, on_yes: Callable[[], None]
) -> QMessageBox:
    """Ask whether runs of these names, ``size`` large together, are to go to the bin."""
    box = QMessageBox(parent)
    box.setObjectName("bin_question")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(box.tr("Move to the bin"))
    if len(names) == 1:
        box.setText(box.tr("Move the run “{name}” to the bin?").format(name=names[0]))
    else:
        box.setText(box.tr("Move {count} runs to the bin?").format(count=f"{len(names):,}"))
    box.setInformativeText(_bin_words(box, names, size))
    move = box.addButton(box.tr("Move to the bin"), QMessageBox.ButtonRole.AcceptRole)
    move.setObjectName("move_to_bin")
    keep = box.addButton(box.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
    keep.setObjectName("keep")
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.accepted.connect(on_yes)
    box.finished.connect(box.deleteLater)
    box.open()
    return box


def _bin_words(box: QMessageBox, names: Sequence[str], size: str) -> str:
    what = box.tr("Its folder, with its weights and all that was written of it, is {size} large.")
    if len(names) == 1:
        return what.format(size=size)
    some = ", ".join(f"“{name}”" for name in names[:NAMED])
    more = box.tr(" and {count} more").format(count=f"{len(names) - NAMED:,}") if len(names) > NAMED else ""
    words = box.tr("{some}{more}. Their folders, with their weights, are {size} large together.")
    return words.format(some=some, more=more, size=size)


def tell(parent: QWidget, title: str, text: str, object_name: str) -> QMessageBox:
    """Show a page of words, plain or as HTML."""
    box = QMessageBox(parent)
    box.setObjectName(object_name)
    box.setWindowTitle(title)
    box.setText(text)
    box.finished.connect(box.deleteLater)
    box.open()
    return box
