"""What was found in the pictures, kind by kind: choose one to see its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget

from ftgui.data.findings import KINDS, Finding, Kind
from ftgui.gui.widgets.buttons import Button
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.icons import icon
from ftgui.gui.widgets.naming import name_widget
from ftgui.gui.widgets.text import Text, tip

ROW_HEIGHT = 28
MOST_SHOWN = 60
"""Findings of a kind whose sentences are written out."""
LEAST_ROWS = 3
WEIGHT_ICONS = {"lost": ("close-circle-outline", "error"), "doubt": ("alert-outline", "warn")}


class FindingsCard(Card):
    """The kinds with their counts; below them what the chosen one means and what it says of which file."""

    kind_chosen = Signal(object)
    """A kind, or None for all pictures."""
    balance_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Findings", object_name="findings_card", parent=parent)
        self._findings: tuple[Finding, ...] = ()
        self._chosen: Kind | None = None
        self._nothing = Text("", "muted", wrap=True, object_name="findings_nothing")
        self.kinds = QListWidget()
        name_widget(self.kinds, object_name="findings_kinds", accessible_name=self.tr("Kinds of findings"))
        self.kinds.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.kinds.setIconSize(QSize(15, 15))
        self.kinds.setUniformItemSizes(True)
        self._meaning = Text("", "muted", wrap=True, object_name="findings_meaning")
        self._sentences = QListWidget()
        name_widget(
            self._sentences, object_name="findings_sentences", accessible_name=self.tr("What was found")
        )
        self._sentences.setWordWrap(True)
        self._sentences.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._sentences.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._sentences.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._balance = Button(self.tr("Balance the classes"), object_name="use_balanced")
        self._balance.setToolTip(
            self.tr(
                "The loss counts each picture by how rare its class is, so that all classes matter alike."
            )
        )
        self._sentences.setMinimumHeight(2 * ROW_HEIGHT)
        self.add(self._nothing)
        self.add(self.kinds, 3)
        self.add(self._meaning)
        self.add(self._sentences, 2)
        self.add(self._balance)
        self.body.addStretch(0)
        self.kinds.itemClicked.connect(self._on_clicked)
        self.kinds.itemActivated.connect(self._on_clicked)
        self._balance.clicked.connect(self._on_balance)
        self._show()

    def set_findings(self, findings: Sequence[Finding], nothing: str) -> None:
        """Show these; where there are none, ``nothing`` says what that means."""
        findings = tuple(findings)
        self._nothing.setText(nothing)
        if findings != self._findings:
            self._findings = findings
            if self._chosen not in {finding.kind for finding in findings}:
                self._chosen = None
            self._show()
        self._nothing.setVisible(not findings)

    def offer_balance(self, offered: bool) -> None:
        """Offer class weights, where classes are unequal and none are used."""
        self._balance.setVisible(offered)

    def show_kind(self, kind: str | None) -> None:
        """Show by which kind the pictures are filtered, without a signal; one of no picture stays chosen."""
        known = next((finding.kind for finding in self._findings if finding.kind == kind), None)
        if known is not None and known != self._chosen:
            self._chosen = known
            self._show()

    def _show(self) -> None:
        counts = Counter(finding.kind for finding in self._findings)
        self.kinds.clear()
        for kind, facts in KINDS.items():
            if counts[kind]:
                self.kinds.addItem(self._item(kind, f"{facts.title}  ·  {counts[kind]:,}"))
        rows = self.kinds.count()
        self.kinds.setMaximumHeight(rows * ROW_HEIGHT + 4)
        self.kinds.setMinimumHeight(min(rows, LEAST_ROWS) * ROW_HEIGHT + 4)
        self.kinds.setVisible(rows > 0)
        for row in range(self.kinds.count()):
            if self.kinds.item(row).data(Qt.ItemDataRole.UserRole) == self._chosen:
                self.kinds.setCurrentRow(row)
        self._show_sentences()

    def _item(self, kind: Kind, words: str) -> QListWidgetItem:
        facts = KINDS[kind]
        name, ink = WEIGHT_ICONS.get(facts.weight, ("information-outline", "muted"))
        item = QListWidgetItem(icon(name, ink), words)  # type: ignore[arg-type]
        item.setData(Qt.ItemDataRole.UserRole, kind)
        item.setToolTip(tip(facts.meaning))
        item.setSizeHint(QSize(0, ROW_HEIGHT))
        return item

    def _show_sentences(self) -> None:
        kind = self._chosen
        mine = [finding for finding in self._findings if finding.kind == kind]
        self._meaning.setText(KINDS[kind].meaning if kind is not None else "")
        self._meaning.setVisible(kind is not None)
        self._sentences.clear()
        for finding in mine[:MOST_SHOWN]:
            item = QListWidgetItem(f"{finding.path}\n{finding.message}" if finding.path else finding.message)
            item.setToolTip(tip(finding.path))
            self._sentences.addItem(item)
        if len(mine) > MOST_SHOWN:
            self._sentences.addItem(self.tr("and {more} more").format(more=f"{len(mine) - MOST_SHOWN:,}"))
        self._sentences.setVisible(bool(mine))

    def _on_clicked(self, item: QListWidgetItem) -> None:
        kind: Kind = item.data(Qt.ItemDataRole.UserRole)
        self._chosen = None if kind == self._chosen else kind
        if self._chosen is None:
            self.kinds.setCurrentRow(-1)
        self._show_sentences()
        self.kind_chosen.emit(self._chosen)

    def _on_balance(self) -> None:
        self.balance_clicked.emit()
