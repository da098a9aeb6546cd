"""The pictures: how many of which class, what is wrong with them, and all of them to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSplitter, QVBoxLayout, QWidget

from ftgui.data.findings import Kind
from ftgui.gui.pages.findings_card import FindingsCard
from ftgui.gui.pages.grid_card import GridCard
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.classes_table import ClassesTable
from ftgui.gui.widgets.text import StatusLine
from ftgui.gui.words import counted

if TYPE_CHECKING:
    from ftgui.jobs.scan import ScanReport

STEPS = 1000
LEFT_WIDTH, LEAST_LEFT = 320, 220


class DataPage(QWidget):
    """Shows the pictures of a project; what is to be done with them it asks of the session."""

    open_requested = Signal(int)
    """The row of a picture to be seen large, among ``pictures.rows``."""
    show_requested = Signal(str)

    def __init__(self, project: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data_page")
        self._project, self._session = project, project.pictures
        self._status = StatusLine(object_name="data_status")
        self._check = Button("", kind="quiet", object_name="check_button")
        self._bar = QProgressBar()
        self._bar.setObjectName("check_progress")
        self._bar.setAccessibleName(self.tr("How many pictures were checked"))
        self._bar.setTextVisible(False)
        self._bar.setRange(0, STEPS)
        self.classes = ClassesTable()
        self.findings = FindingsCard()
        self.pictures = GridCard(self._session)
        self._lay_out()
        self._connect()
        self._refresh()

    def shutdown(self) -> None:
        """End the threads that make thumbnails."""
        self.pictures.grid.shutdown()

    def _lay_out(self) -> None:
        head = Card(object_name="data_head")
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self._status, 1)
        line.addWidget(self._check)
        head.add(line)
        head.add(self._bar)
        classes = Card(self.tr("Classes"), object_name="classes_card")
        classes.add(self.classes, 1)
        left = QSplitter(Qt.Orientation.Vertical)
        left.addWidget(classes)
        left.addWidget(self.findings)
        left.setChildrenCollapsible(False)
        left.setHandleWidth(10)
        left.setMinimumWidth(LEAST_LEFT)
        left.setSizes([400, 500])
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(left)
        below.addWidget(self.pictures)
        below.setChildrenCollapsible(False)
        below.setHandleWidth(10)
        below.setStretchFactor(1, 1)
        below.setSizes([LEFT_WIDTH, 10 * LEFT_WIDTH])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addWidget(head)
        column.addWidget(below, 1)

    def _connect(self) -> None:
        self._session.changed.connect(self._refresh)
        self._session.progressed.connect(self._show_status)
        self._project.changed.connect(self._offer_balance)
        self._check.clicked.connect(self._on_check)
        self.classes.class_chosen.connect(self._on_class_chosen)
        self.findings.kind_chosen.connect(self._on_kind_chosen)
        self.findings.balance_clicked.connect(self._on_balance)
        self.pictures.filters_changed.connect(self._on_filters_changed)
        self.pictures.open_requested.connect(self.open_requested)
        self.pictures.show_requested.connect(self.show_requested)

    # What is shown ----------------------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        """Show the counts, what was found and how far the check is."""
        report = self._session.state.report
        self.classes.set_classes(report.classes if report else (), self._session.sides())
        self.findings.set_findings(self._session.findings(), self._nothing_words())
        self._on_filters_changed()
        self._offer_balance()
        self._show_status()

    def _nothing_words(self) -> str:
        report = self._session.state.report
        if report is None:
            return self.tr("Choose a folder of pictures to see what is in it.")
        if self._session.is_checking:
            return self.tr("Nothing so far; the pictures are still being looked at.")
        return self.tr("Nothing is wrong.") if report.checked else self.tr("Not checked yet.")

    @Slot()
    def _show_status(self) -> None:
        state = self._session.state
        if state.progress is not None:
            done, total = state.progress
            self._bar.setValue(round(done / total * STEPS) if total else 0)  # while hidden: it paints at once
        self._bar.setVisible(state.progress is not None)
        self._check.setVisible(state.report is not None)
        self._check.setText(self.tr("Check again") if state.progress is None else self.tr("Stop the check"))
        self._check.setAccessibleName(self._check.text())
        if state.progress is not None:
            self._show_progress(*state.progress)
        elif state.looked.error is not None:
            self._status.set_status("error", str(state.looked.error))
        elif state.report is not None:
            self._show_report(state.report)
        else:
            looking = state.looked.looking
            self._status.set_status(
                "info", self.tr("Looking for pictures …") if looking else self.tr("No pictures yet.")
            )

    def _show_progress(self, done: int, total: int) -> None:
        words = (
            self.tr("The check goes on when the run has ended: {done} of {total} pictures")
            if self._session.is_held
            else self.tr("Checking the pictures: {done} of {total}")
        )
        self._status.set_status("info", words.format(done=f"{done:,}", total=f"{total:,}"))

    def _show_report(self, report: ScanReport) -> None:
        if not report.ready:
            self._status.set_status("error", " ".join(report.reasons[:3]))
            return
        pictures = counted(report.pictures, self.tr("picture"), self.tr("pictures"))
        words = [self.tr("Ready: {pictures} can be used").format(pictures=pictures)]
        lost, left_out = self._session.lost_count(), len(self._session.state.left_out)
        if lost:
            words.append(self.tr("{count} cannot").format(count=f"{lost:,}"))
        if left_out:
            words.append(self.tr("{count} left out by you").format(count=f"{left_out:,}"))
        if not report.checked:
            words.append(self.tr("but they were not checked"))
        self._status.set_status("ok" if report.checked else "info", ", ".join(words) + ".")

    @Slot()
    def _offer_balance(self) -> None:
        unequal = any(finding.kind == "imbalance" for finding in self._session.findings())
        self.findings.offer_balance(unequal and self._project.setting("class_weights") == "off")

    @Slot()
    def _on_filters_changed(self) -> None:
        """Let table and list say what the boxes do."""
        self.classes.choose(self.pictures.class_name)
        kind = self.pictures.kind
        self.findings.show_kind(kind)

    # What is asked for ------------------------------------------------------------------------------------

    @Slot()
    def _on_check(self) -> None:
        if self._session.is_checking:
            self._session.stop_check()
        else:
            self.pictures.grid.reload()
            self._session.check_again()

    @Slot(object)
    def _on_class_chosen(self, name: str | None) -> None:
        self.pictures.filter(name, self.pictures.side, self.pictures.kind)

    @Slot(object)
    def _on_kind_chosen(self, kind: Kind | None) -> None:
        """Show the pictures of a finding; findings of classes and folders are of no picture."""
        of_pictures = kind is not None and bool(self._session.pictures_of(kind))
        self.pictures.filter(self.pictures.class_name, self.pictures.side, kind if of_pictures else None)

    @Slot()
    def _on_balance(self) -> None:
        self._project.set_setting("class_weights", "balanced")
