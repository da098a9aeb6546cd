"""Card 2: which weights file, what it is, and what will happen to its output layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from ftgui.core.preprocessing import Preprocessing
from ftgui.gui.pages.looked import show_looked
from ftgui.gui.sessions.project import ProjectSession
from ftgui.gui.widgets.buttons import Button, Disclosure
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.entries_tree import EntriesTree, Group
from ftgui.gui.widgets.inputs import ROW_HEIGHT, CalmComboBox
from ftgui.gui.widgets.path_row import PathRow
from ftgui.gui.widgets.text import Text
from ftgui.gui.words import count_words, counted
from ftgui.models import architectures
from ftgui.models.fingerprint import shape_text

if TYPE_CHECKING:
    from ftgui.models.identify import Recognition


class WeightsCard(Card):
    """The file, what was found in it, and the two things that a user may know better than the program."""

    choose_clicked = Signal()
    catalog_clicked = Signal()

    def __init__(self, session: ProjectSession, parent: QWidget | None = None) -> None:
        super().__init__("Pretrained weights", number=2, parent=parent)
        self._session = session
        self.row = PathRow(
            icon_name="file-outline",
            placeholder=self.tr("A .pth or .safetensors file"),
            object_name="weights_path",
            button_name="choose_weights",
            accessible_name=self.tr("Pretrained weights file"),
        )
        self._catalog = Button(self.tr("Official weights…"), kind="quiet", object_name="open_catalog")
        self._catalog.setToolTip(self.tr("All official weights of torchvision: look, download, use."))
        self._architecture = _NetworkBox()
        self._preprocessing = _PreprocessingBox()
        self._details = _Details()
        self._more = Disclosure(self.tr("what is in it"), self._details, object_name="weights_details")
        self._lay_out()
        self.row.path_entered.connect(session.set_weights)
        self.row.choose_clicked.connect(self.choose_clicked)
        self._catalog.clicked.connect(self._on_catalog)
        self._architecture.activated.connect(self._on_architecture)
        self._preprocessing.activated.connect(self._on_preprocessing)

    def _lay_out(self) -> None:
        self.add_corner(self._catalog)
        self.add(self.row)
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, box in (
            (self.tr("Network"), self._architecture),
            (self.tr("Prepared as"), self._preprocessing),
        ):
            label = Text(title, "muted")
            label.setFixedHeight(ROW_HEIGHT)  # or it stands at the top of the row
            self._form.addRow(label, box)
        self.add(self._form)
        self.add(self._more)

    def refresh(self) -> None:
        state = self._session.state
        found = state.inspected.recognition if state.inspected else None
        self.row.set_path(state.weights.path)
        self.row.set_facts(*_facts(found))
        if not show_looked(self.row, state.weights) and found is not None:
            self.row.set_status("ok", self._match_words(found))
        hinted = found is not None and (found.architecture is None or state.architecture is not None)
        self._form.setRowVisible(self._architecture, hinted)
        self._form.setRowVisible(self._preprocessing, found is not None and _can_choose(found))
        self._more.setVisible(found is not None)
        if found is not None:
            self._architecture.show_choice(state.architecture, found.nearest)
            self._preprocessing.show_choices(found, state.preprocessing)
            self._details.show_recognition(found)

    def _match_words(self, found: Recognition) -> str:
        """Return what fits, and what becomes of the output layer."""
        total = found.matched + len(found.other_shapes) + len(found.missing)
        matches = self.tr("{matched} of {total} entries match").format(
            matched=f"{found.matched:,}", total=f"{total:,}"
        )
        classes = self._session.class_count()
        if not classes:
            return self.tr("{matches}; the output layer will be replaced").format(matches=matches)
        return self.tr("{matches}; the output layer will be replaced for your {classes}").format(
            matches=matches, classes=counted(classes, self.tr("class"), self.tr("classes"))
        )

    def _on_catalog(self) -> None:
        self.catalog_clicked.emit()

    def _on_architecture(self, _index: int) -> None:
        self._session.set_architecture(self._architecture.currentData())

    def _on_preprocessing(self, _index: int) -> None:
        self._session.set_preprocessing(self._preprocessing.currentData())


class _Box(CalmComboBox):
    """A choice as wide as the card, however long its words; its list is as wide as they are."""

    def __init__(self, *, object_name: str, accessible_name: str) -> None:
        super().__init__(object_name=object_name, accessible_name=accessible_name)
        self.setSizeAdjustPolicy(self.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)
        super().showPopup()


class _NetworkBox(_Box):
    """Which network a file is to be taken for; at first whatever the file says."""

    def __init__(self) -> None:
        super().__init__(object_name="architecture", accessible_name="Network of the weights file")
        self.setToolTip(self.tr("Lays this network beside the file and says what does not fit."))
        self._nearest: str | None = ""

    def show_choice(self, asked: str | None, nearest: str | None) -> None:
        """Show ``asked``, None for what the file says; ``nearest`` is offered first."""
        if (nearest != self._nearest and asked is None) or not self.count():
            self._fill(nearest)
        self.setCurrentIndex(max(0, self.findData(asked)))

    def _fill(self, nearest: str | None) -> None:
        self._nearest = nearest
        self.clear()
        self.addItem(self.tr("as the file says"), None)
        known = sorted(map(architectures.get, architectures.names()), key=lambda one: one.name != nearest)
        for one in known:
            title = self.tr("{title} (nearest)") if one.name == nearest else "{title}"
            self.addItem(title.format(title=one.title), one.name)


class _PreprocessingBox(_Box):
    """How pictures are made ready for the network, where weights of its shapes differ in that."""

    def __init__(self) -> None:
        super().__init__(object_name="preprocessing", accessible_name="Preprocessing of pictures")
        self.setToolTip(
            self.tr(
                "Networks of these shapes were trained in more than one way. Take the way in which this file "
                "was made, if you know it: a wrong one costs some accuracy and nothing else."
            )
        )
        self._shown: tuple[Preprocessing, ...] = ()

    def show_choices(self, found: Recognition, asked: str | None) -> None:
        """Offer what is possible, the likeliest first, and show what is used, or ``asked`` for."""
        if found.preprocessing_choices != self._shown:
            self._shown = found.preprocessing_choices
            self.clear()
            for number, choice in enumerate(self._shown):
                likely = "" if number else self.tr(" (likely)")
                self.addItem(f"{choice.name}: {_how_words(choice)}{likely}", choice.name)
        self.setCurrentIndex(max(0, self.findData(asked or found.preprocessing.name)))


class _Details(QWidget):
    """Where the entries lay, what was done to read them, and each of them by name."""

    def __init__(self) -> None:
        super().__init__()
        self._layout_words = Text("", "muted", wrap=True, selectable=True, object_name="weights_layout")
        self._notes = Text("", "muted", wrap=True, selectable=True, object_name="weights_notes")
        self._entries = EntriesTree(
            object_name="weights_entries", accessible_name=self.tr("Entries of the weights file")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self._layout_words, self._notes, self._entries):
            column.addWidget(widget)

    def show_recognition(self, found: Recognition) -> None:
        self._layout_words.setText(self.tr("Read from: {layout}").format(layout=found.layout))
        self._notes.setText("\n".join(f"• {note}" for note in found.notes))
        self._notes.setVisible(bool(found.notes))
        self._entries.set_groups(self._groups(found))

    def _groups(self, found: Recognition) -> tuple[Group, ...]:
        """Return the entries by how they lie beside the network's; what is as it should be comes last."""
        shapes = tuple(
            f"{entry.name}: {shape_text(entry.found)}, not {shape_text(entry.expected)}"
            for entry in found.other_shapes
        )
        return tuple(
            (title, names)
            for title, names in (
                (self.tr("Other shapes"), shapes),
                (self.tr("Missing"), found.missing),
                (self.tr("Unexpected"), found.unexpected),
                (self.tr("Beside the network, left out"), found.left_out),
                (self.tr("Matched"), found.matched_names),
            )
            if names
        )


def _can_choose(found: Recognition) -> bool:
    """Whether the preprocessing is open: not known by the file's hash, and published in several ways."""
    known = found.exact_weights is not None or found.preprocessing not in found.preprocessing_choices
    return not known and len(found.preprocessing_choices) > 1


def _facts(found: Recognition | None) -> tuple[str, str]:
    """Return what the weights are and which pictures they see, and how pictures become so, for who asks."""
    if found is None or found.architecture is None:
        return "", ""
    classes = f"{found.num_classes:,} classes" if found.num_classes else "without an output layer that fits"
    words = [found.title, classes, f"{count_words(found.parameters)} parameters"]
    if found.exact_weights:
        words.append(found.exact_weights)
    plan = found.preprocessing
    how = f"The short side becomes {plan.resize} pixels ({plan.interpolation}), then the centre is cut out."
    if _can_choose(found):
        return " · ".join(words), how
    assumed = "" if found.preprocessing_is_certain else " (assumed)"
    return f"{' · '.join(words)}\nsees pictures at {plan.crop} × {plan.crop}{assumed}", how


def _how_words(plan: Preprocessing) -> str:
    smooth = "" if plan.interpolation == "bilinear" else f", {plan.interpolation}"
    return f"{plan.resize} → {plan.crop}{smooth}"
