"""Tables and tabs in the window's look."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QMouseEvent,
    QMoveEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTabWidget,
    QWidget,
)

from ftgui.gui import theme
from ftgui.gui.widgets.naming import name_widget, set_style_property

COLOUR_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""A run's colour (``theme.RunColour``) in the dot's column; ``CheckStateRole`` says whether it is shown."""

KEYBOARD = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
ROW_HEIGHT = 34
DOT = 6.5
TITLE_PADDING = 22
"""Left and right of a column's title together, as in the stylesheet."""

Index = QModelIndex | QPersistentModelIndex


def style_table(view: QTableView, *, object_name: str = "", accessible_name: str = "") -> None:
    """Make ``view`` a quiet table of rows: lines between them, a plain header, whole rows selected."""
    name_widget(view, object_name=object_name, accessible_name=accessible_name)
    view.setShowGrid(False)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header = view.horizontalHeader()
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setMinimumSectionSize(32)
    theme.signals.changed.connect(view.viewport().update)


def widen_to_titles(view: QTableView) -> None:
    """Make no column narrower than its title, which Qt would cut at the left where it is right-aligned."""
    header = view.horizontalHeader()
    for column in range(header.count()):
        needed = header.sectionSizeHint(column)
        if view.columnWidth(column) < needed:
            view.setColumnWidth(column, needed)


class RingedTable(QTableView):
    """A ring shows the focus to who came with the keyboard; who clicked, or pressed Train, sees the row."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        set_style_property(self, "ring", event.reason() in KEYBOARD)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        set_style_property(self, "ring", False)


class RunsTable(RingedTable):
    """A table whose first column is ticked: a click there leaves the selection as it is.

    Its columns are as wide as what is seen in them needs, and never shrink again by themselves. The
    ``wide_column`` takes the room that the others leave, but never less than ``least_width``.
    """

    wide_column = -1
    least_width = 0
    most_width = 240
    """Of a column that grows; what is longer is cut."""

    def fit(self) -> None:
        """Make columns wide enough, and give the wide one what the others leave."""
        header = self.horizontalHeader()
        for column in range(header.count()):
            if column != self.wide_column and not header.isSectionHidden(column):
                needed = max(self.sizeHintForColumn(column), self._title_width(column))
                if header.sectionSize(column) < min(needed, self.most_width):
                    header.resizeSection(column, min(needed, self.most_width))
        if self.wide_column >= 0 and not header.isSectionHidden(self.wide_column):
            others = header.length() - header.sectionSize(self.wide_column)
            room = max(self.least_width, self.viewport().width() - others)
            if room != header.sectionSize(self.wide_column):
                header.resizeSection(self.wide_column, room)

    def _title_width(self, column: int) -> int:
        """Return the width of a column's title, which Qt's own hint makes wider than it is."""
        header = self.horizontalHeader()
        if header.isSortIndicatorShown() and header.sortIndicatorSection() == column:
            return header.sectionSizeHint(column)
        title = self.model().headerData(column, Qt.Orientation.Horizontal)
        lines = str(title or "").split("\n")
        return max(map(header.fontMetrics().horizontalAdvance, lines)) + TITLE_PADDING

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def selectionCommand(
        self, index: Index, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        if index.column() == 0 and isinstance(event, QMouseEvent):
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)


class DotDelegate(QStyledItemDelegate):
    """A run's colour as a dot: full with a tick where its curves are shown, else a ring. A click turns it."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = ""
        feature = QStyleOptionViewItem.ViewItemFeature
        option.features &= ~(feature.HasCheckIndicator | feature.HasDisplay | feature.HasDecoration)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        colour = index.data(COLOUR_ROLE)
        if colour is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(option.rect.center()) + QPointF(0.5, 0.5)
        _paint_dot(painter, centre, theme.run_colour(colour), is_shown(index))
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """The whole cell is the check box, not only the few pixels a style would give it."""
        is_click = event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent)
        if is_click and index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            state = Qt.CheckState.Unchecked if is_shown(index) else Qt.CheckState.Checked
            return model.setData(index, state, Qt.ItemDataRole.CheckStateRole)
        return super().editorEvent(event, model, option, index)


class NameDelegate(QStyledItemDelegate):
    """Edits a name in its cell."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = super().createEditor(parent, option, index)
        name_widget(editor, object_name="run_name_edit", accessible_name=self.tr("Name of the run"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: ARG002
        editor.setGeometry(option.rect.adjusted(1, 2, -1, -3))


def is_shown(index: Index) -> bool:
    """Return whether the run's curves are shown (Qt hands the check state over as a number or an enum)."""
    state = index.data(Qt.ItemDataRole.CheckStateRole)
    return state is not None and Qt.CheckState(state) == Qt.CheckState.Checked


def _paint_dot(painter: QPainter, centre: QPointF, colour: QColor, shown: bool) -> None:
    if not shown:
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(centre, DOT - 0.8, DOT - 0.8)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(centre, DOT, DOT)
    pen = QPen(QColor(theme.current().card), 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    tick = QPolygonF([centre + QPointF(-2.8, 0.2), centre + QPointF(-0.8, 2.2), centre + QPointF(3.0, -2.2)])
    painter.drawPolyline(tick)


class Tabs(QTabWidget):
    """Tabs as words, the current one underlined."""

    def __init__(
        self, *, object_name: str = "", accessible_name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        name_widget(self, object_name=object_name, accessible_name=accessible_name)
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.tabBar().setExpanding(False)
        self.tabBar().setElideMode(Qt.TextElideMode.ElideNone)

    def set_corner(self, widget: QWidget) -> None:
        """Put ``widget`` at the right end of the tabs, on their middle line."""
        holder = _Corner()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        holder.setFixedHeight(self.tabBar().sizeHint().height() or 34)
        self.setCornerWidget(holder)


class _Corner(QWidget):
    """Styled tabs let their corner slip below the bar: it goes back up by itself."""

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        if self.y() != 0:
            self.move(self.x(), 0)
