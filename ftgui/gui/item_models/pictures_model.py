"""Pictures of a folder as a list, however many: what is known of each, and how that is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ftgui.gui.widgets.text import tip

Index = QModelIndex | QPersistentModelIndex
SHOWN_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The ``Shown`` of a row."""
FILE_ROLE = SHOWN_ROLE + 1
"""Where its file is, as a string."""

SIDE_WORDS = {"train": "training", "val": "validation", "test": "test"}
MARK_WORDS = {"problem": "has a problem", "excluded": "left out of training", "info": "has a note"}


class Shown(NamedTuple):
    """A picture and what is marked of it."""

    path: str
    """From the root on, with forward slashes."""
    class_name: str = ""
    side: str = ""
    """"train", "val", "test", or "" where there are no sides."""
    mark: str = ""
    """"problem", "excluded", "info", or ""."""

    @property
    def name(self) -> str:
        """The name of the file, without its folders."""
        return self.path.rpartition("/")[2]


class PicturesModel(QAbstractListModel):
    """The pictures in the order in which they were given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = ""
        """In which all of them are, with a slash at its end."""
        self._pictures: list[Shown] = []

    def set_pictures(self, root: Path, pictures: Sequence[Shown]) -> None:
        """Show these and no others."""
        self.beginResetModel()
        self._folder, self._pictures = f"{root}/", list(pictures)
        self.endResetModel()

    def change(self, row: int, shown: Shown) -> None:
        """Show something else of one row; the others, the selection and the view stay as they are."""
        self._pictures[row] = shown
        self.dataChanged.emit(self.index(row), self.index(row))

    def remark(self, pictures: Sequence[Shown]) -> None:
        """Show other marks of the same pictures; the selection and the view stay as they are."""
        assert len(pictures) == len(self._pictures)
        self._pictures = list(pictures)
        if pictures:
            self.dataChanged.emit(self.index(0), self.index(len(pictures) - 1))

    def shown(self, row: int) -> Shown:
        return self._pictures[row]

    def file(self, row: int) -> str:
        """Return where the file of a row is."""
        return self._folder + self._pictures[row].path

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(self._pictures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = index.row()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._pictures[row].name
            case Qt.ItemDataRole.ToolTipRole:
                return tip("\n".join(filter(None, _about(self._pictures[row]))))
            case Qt.ItemDataRole.AccessibleTextRole:
                return spoken(self._pictures[row])
        if role == SHOWN_ROLE:
            return self._pictures[row]
        return self.file(row) if role == FILE_ROLE else None


def spoken(shown: Shown) -> str:
    """Return what a screen reader says of a picture: "a.jpg, ants, training, has a problem"."""
    side, mark = SIDE_WORDS.get(shown.side, shown.side), MARK_WORDS.get(shown.mark, "")
    return ", ".join(filter(None, (shown.name, shown.class_name, side, mark)))


def _about(shown: Shown) -> tuple[str, str, str]:
    """Return the lines of a tooltip."""
    where = " · ".join(filter(None, (shown.class_name, SIDE_WORDS.get(shown.side, shown.side))))
    return shown.path, where, MARK_WORDS.get(shown.mark, "").capitalize()
