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
    stop = (box.tr("Stop and close"), "stop_and_close")
    return _opened(box, stop, (box.tr("Go on training"), "go_on"), on_yes)


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
    move = (box.tr("Move to the bin"), "move_to_bin")
    return _opened(box, move, (box.tr("Keep"), "keep"), on_yes)


def _opened(
    box: QMessageBox, yes: tuple[str, str], no: tuple[str, str], on_yes: Callable[[], None]
) -> QMessageBox:
    """Open a question with two answers, each a button's words and object name; the safe one is ``no``."""
    accept = box.addButton(yes[0], QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(no[0], QMessageBox.ButtonRole.RejectRole)
    accept.setObjectName(yes[1])
    keep.setObjectName(no[1])
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
