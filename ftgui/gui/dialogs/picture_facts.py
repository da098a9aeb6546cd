"""What is known of a picture, in two quiet columns, and what was found about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ftgui.gui.item_models.pictures_model import SIDE_WORDS
from ftgui.gui.sessions.picture_images import SeenPicture
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import ElidedText, StatusLine, Text
from ftgui.gui.words import counted

MOST_FINDINGS = 6
"""That are told one by one."""
UNKNOWN = "–"


@dataclass(frozen=True)
class PictureInfo:
    """A picture as the one who shows it knows it."""

    file: Path
    path: str
    """From the root on, with forward slashes."""
    class_name: str = ""
    side: str = ""
    """"train", "val", "test", or ""."""
    excluded: bool = False
    """Left out of training."""
    findings: tuple[str, ...] = ()
    """A sentence each."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Return the folder it is in, from the root on."""
        return self.path.rpartition("/")[0]


def bytes_words(count: int) -> str:
    """Return "512 bytes", "43.2 kB" or "3.1 MB"."""
    if count < 1000:
        return counted(count, "byte", "bytes")
    return f"{count / 1e3:,.1f} kB" if count < 999_950 else f"{count / 1e6:,.1f} MB"


def read_facts(seen: SeenPicture) -> dict[str, str]:
    """Return what only the file tells, in words, by the name of the fact."""
    size = f"{seen.width:,} × {seen.height:,} pixels" if seen.width else UNKNOWN
    when = UNKNOWN if seen.modified is None else f"{datetime.fromtimestamp(seen.modified):%d %b %Y, %H:%M}"
    return {
        "format": seen.format or UNKNOWN,
        "size": size,
        "bytes": UNKNOWN if seen.bytes is None else bytes_words(seen.bytes),
        "modified": when.lstrip("0"),
    }


class PictureFacts(QWidget):
    """Tells of one picture. What only its file tells may come later."""

    def __init__(self, *, object_name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=self.tr("About this picture"))
        self._values: dict[str, Text] = {}
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(1, 1)
        self._add_rows()
        self._findings = QVBoxLayout()
        self._findings.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addLayout(self._grid)
        column.addLayout(self._findings)
        column.addStretch(1)

    def _add_rows(self) -> None:
        for key, label in (
            ("file", self.tr("File")),
            ("folder", self.tr("Folder")),
            ("class", self.tr("Class")),
            ("side", self.tr("Used for")),
            ("format", self.tr("Format")),
            ("size", self.tr("Size")),
            ("bytes", self.tr("On disk")),
            ("modified", self.tr("Modified")),
        ):
            line, value = self._grid.rowCount(), ElidedText(UNKNOWN, object_name=f"picture_fact_{key}")
            self._grid.addWidget(Text(label, "muted"), line, 0)
            self._grid.addWidget(value, line, 1)
            self._values[key] = value

    def show_known(self, info: PictureInfo) -> None:
        """Show what is known without the file; what its file tells stays until that is read."""
        side = self.tr("nothing: left out") if info.excluded else SIDE_WORDS.get(info.side, info.side)
        known = {"file": info.name, "folder": info.folder, "class": info.class_name, "side": side}
        self._show(known)
        self._show_findings(info)

    def show_read(self, seen: SeenPicture) -> None:
        """Show what its file tells."""
        self._show(read_facts(seen))

    def _show(self, facts: dict[str, str]) -> None:
        for key, words in facts.items():
            self._values[key].setText(words or UNKNOWN)

    def _show_findings(self, info: PictureInfo) -> None:
        while (item := self._findings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        more = len(info.findings) - MOST_FINDINGS
        for number, sentence in enumerate(info.findings[:MOST_FINDINGS]):
            self._add_finding(number, sentence)
        if more > 0:
            self._findings.addWidget(Text(self.tr("and {count} more").format(count=more), "muted"))

    def _add_finding(self, number: int, sentence: str) -> None:
        line = StatusLine(object_name=f"picture_finding_{number}", parent=self)
        line.set_status("warning", sentence)
        self._findings.addWidget(line, 0, Qt.AlignmentFlag.AlignTop)
