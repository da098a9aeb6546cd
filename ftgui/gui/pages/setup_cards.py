"""Cards 1, 3 and 5 on the left: pictures, classes, how it learns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ftgui.freezing.facts import why_norm, why_strategy
from ftgui.freezing.strategies import SHAPING_SETTINGS
from ftgui.gui.pages.looked import show_looked
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.buttons import Button, Disclosure
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.inputs import CalmSpinBox
from ftgui.gui.widgets.naming import name_widget, set_style_property
from ftgui.gui.widgets.path_row import PathRow
from ftgui.gui.widgets.setting_form import SettingForm
from ftgui.gui.widgets.text import Kind, StatusLine, Text, tip
from ftgui.gui.widgets.why_note import WhyNote
from ftgui.gui.words import counted, cut, found_words, measured, natural, percent_words
from ftgui.training.config import MAX_CLASSES, SETTING_BY_NAME, SETTINGS

if TYPE_CHECKING:
    from ftgui.jobs.scan import ScanReport

SPIN_CEILING = 99_999
"""Above the classes allowed, so that a number too large can be typed and be told why it will not do."""


class PicturesCard(Card):
    """Where the pictures are and what was found there."""

    choose_clicked = Signal()
    look_clicked = Signal()

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("Pictures", number=1, parent=parent)
        self._session = session
        self._look = Button(self.tr("Look at them"), kind="quiet", object_name="look_at_pictures")
        self._look.clicked.connect(self._on_look)
        self.add_corner(self._look)
        self.row = PathRow(
            icon_name="folder-outline",
            placeholder=self.tr("A folder with a folder per class"),
            object_name="dataset_path",
            button_name="choose_dataset",
            accessible_name=self.tr("Folder of pictures"),
        )
        self.row.path_entered.connect(session.set_dataset)
        self.row.choose_clicked.connect(self.choose_clicked)
        self.add(self.row)
        session.pictures.progressed.connect(self._show_status)

    def refresh(self) -> None:
        state = self._session.pictures.state
        self._look.setVisible(state.report is not None)
        self.row.set_path(state.looked.path)
        self.row.set_facts(_dataset_facts(state.report, self._session.setting("val_fraction")))
        self._show_status()

    @Slot()
    def _show_status(self) -> None:
        """Say how far the check is, or what it found."""
        state = self._session.pictures.state
        if show_looked(self.row, state.looked) or state.report is None:
            return
        if state.progress is not None:
            done, total = (f"{number:,}" for number in state.progress)
            self.row.set_status("info", self.tr("checking: {done} of {total}").format(done=done, total=total))
            return
        found = found_words(self._session.pictures.findings())
        if found:
            self.row.set_status("warning", found)
        else:
            self.row.set_status("info", " ".join(state.report.notes))

    def _on_look(self) -> None:
        self.look_clicked.emit()


class ClassesCard(Card):
    """How many outputs the new head gets."""

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("Classes", number=3, parent=parent)
        self._session = session
        self.count = CalmSpinBox(0, SPIN_CEILING)
        name_widget(self.count, object_name="class_count", accessible_name=self.tr("Number of classes"))
        self.count.setFixedWidth(84)
        self.count.valueChanged.connect(session.set_classes)
        self._names = Text("", "muted", wrap=True)
        self._status = StatusLine()
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.count)
        row.addWidget(self._names, 1)
        self.add(row)
        self.add(self._status)

    def refresh(self) -> None:
        report = self._session.pictures.state.report
        self.count.setEnabled(report is not None)
        self.count.blockSignals(True)
        self.count.setValue(self._session.class_count())
        self.count.blockSignals(False)
        if report is None:
            self._names.setText(self.tr("filled in from the folder"))
            self._names.setToolTip("")
            self._show("plain", "")
            return
        names = tuple(sorted((entry.name for entry in report.classes), key=natural))
        self._names.setText(self.tr("found in the folder: {names}").format(names=_some_of(names)))
        self._names.setToolTip(tip(", ".join(names)))
        self._show(*self._verdict(len(names), self._session.class_count()))

    def _show(self, kind: Kind, verdict: str) -> None:
        self._status.set_status(kind, verdict)
        set_style_property(self.count, "invalid", kind == "error")

    def _verdict(self, found: int, asked: int) -> tuple[Kind, str]:
        if asked < found:
            return "error", self.tr("The folder holds {found} classes: set it to {found} or more.").format(
                found=f"{found:,}"
            )
        if asked > MAX_CLASSES:
            return "error", self.tr("At most {most} classes are possible.").format(most=f"{MAX_CLASSES:,}")
        if asked > found:
            return "info", self.tr("{spare} (up to {most} classes are allowed)").format(
                spare=counted(asked - found, self.tr("spare output"), self.tr("spare outputs")),
                most=f"{MAX_CLASSES:,}",
            )
        return "plain", ""


class LearningCard(Card):
    """How it learns: the settings people change at once, and the others one click away."""

    problem_changed = Signal()
    find_clicked = Signal()

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("How it learns", number=5, parent=parent)
        self._session = session
        others = tuple(s for s in SETTINGS if not (s.basic or s.beside or s.name in SHAPING_SETTINGS))
        basic = tuple(s for s in SETTINGS if s.basic)
        self._forms = (SettingForm(basic, abreast=True), SettingForm(others))
        self.find_button = Button(
            self.tr("Find a learning rate…"), kind="quiet", object_name="find_lr_button"
        )
        self.find_button.setToolTip(self.tr("Tries rising learning rates on a copy of the network."))
        self.find_button.clicked.connect(self._on_find)
        self.add(self._forms[0])
        self.add(self.find_button)
        self.add(Disclosure(self.tr("more settings"), self._forms[1], object_name="more_settings"))
        self._why_norm = WhyNote(about=SETTING_BY_NAME["norm"].label, object_name="why_norm")
        self._forms[1].inputs["norm"].add_note(self._why_norm)
        why_init = WhyNote(
            measured(why_strategy, "scratch"), about=SETTING_BY_NAME["init"].label, object_name="why_init"
        )
        self._forms[1].inputs["init"].add_note(why_init)
        for form in self._forms:
            form.changed.connect(session.set_setting)
            form.problem_changed.connect(self._on_problem_changed)

    def refresh(self) -> None:
        for form in self._forms:
            form.set_values({name: self._session.setting(name) for name in form.inputs})
        self._forms[0].inputs["lr"].set_default(self._session.default_lr())
        self._forms[1].inputs["views"].set_default(self._session.default_views())
        self._why_norm.set_text(measured(why_norm, self._session.setting("norm")))

    def _on_find(self) -> None:
        self.find_clicked.emit()

    def _on_problem_changed(self, _name: str, _words: str) -> None:
        self.problem_changed.emit()

    def problem(self) -> str:
        """Return what is wrong with what stands in an input, or nothing."""
        for form in self._forms:
            for name, words in form.problems().items():
                return f"{SETTING_BY_NAME[name].label}: {words}"
        return ""


def _dataset_facts(report: ScanReport | None, val_fraction: float) -> str:
    if report is None:
        return ""
    classes = counted(len(report.classes), "class", "classes")
    train, val = sum(c.train for c in report.classes), sum(c.val for c in report.classes)
    if report.has_val:
        return f"{train:,} train · {val:,} val · {classes}"
    pictures = counted(train, "picture", "pictures")
    return f"{pictures} · {classes} · {percent_words(val_fraction)} kept for validation"


def _some_of(names: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(cut(name) for name in names[:most]) + more
