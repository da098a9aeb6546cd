"""Put every widget in its states in a window, light and dark, and save pictures of it. For our own eyes.

Usage: xvfb-run -s "-screen 0 1440x1000x24" python tools/gallery.py FOLDER
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMainWindow,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ftgui.core.errors import FtguiError
from ftgui.gui import theme
from ftgui.gui.widgets.buttons import Button, Disclosure, Segments
from ftgui.gui.widgets.card import Card
from ftgui.gui.widgets.inputs import CalmSpinBox, LearningRateEdit
from ftgui.gui.widgets.live_plot import LivePlot
from ftgui.gui.widgets.message_bar import MessageBar
from ftgui.gui.widgets.path_row import PathRow
from ftgui.gui.widgets.progress_card import ProgressCard, ProgressState
from ftgui.gui.widgets.setting_form import SettingForm
from ftgui.gui.widgets.stage_bar import Segment, StageBar, StageState
from ftgui.gui.widgets.strategy_card import StrategyCard
from ftgui.gui.widgets.tables import COLOUR_ROLE, DotDelegate, Tabs, style_table
from ftgui.gui.widgets.text import Chip, StatusLine, Text
from ftgui.training.config import SETTINGS

STAGES = (("stem", 1.0), ("layer1", 1.3), ("layer2", 1.3), ("layer3", 2.6), ("layer4", 4.0), ("head", 0.2))


HEADS = " | Name | What may move | Best val acc | 95 % interval | Time | Learning | Moved | Memory | State"
RUNS = """
0 | freeze | Freeze extractor | 0.948 | 0.91 – 0.97 | 5.4 s | 1,026 | 0 of 120 | 0.6 GB | done
1 | small lr | Small learning rate × 0.1 | 0.928 | 0.88 – 0.96 | 3 min 12 s | 11.2 M | 122 | 1.9 GB | training
2 | up to layer3 | Freeze up to layer3 | 0.954 | 0.91 – 0.98 | 19 s | 8.4 M | 30 | 0.9 GB | done
3 | scratch | From scratch | 0.562 | 0.48 – 0.64 | 3 min 40 s | 11.2 M | 122 | 1.9 GB | done
"""


def segments(states: str) -> tuple[Segment, ...]:
    words: dict[str, StageState] = {
        "f": "frozen",
        "z": "zero",
        "s": "slow",
        "l": "learning",
        "u": "unknown",
    }
    return tuple(
        Segment(name, weight, words[state], f"{name} · {words[state]}")
        for (name, weight), state in zip(STAGES, states, strict=True)
    )


def curve(rate: float, floor: float, epochs: int, rises: bool = False) -> tuple[list[float], list[float]]:
    xs = [float(epoch) for epoch in range(1, epochs + 1)]
    fall = [floor + (0.9 - floor) * math.exp(-rate * x) + 0.012 * math.sin(5 * x * rate) for x in xs]
    return xs, [1 - y * 0.4 if rises else y for y in fall]


def fill_plots(loss: LivePlot, accuracy: LivePlot) -> None:
    for plot in (loss, accuracy):
        plot.set_x_range(1, 10)
    accuracy.set_y_range_unit()
    for index, (name, rate, floor, epochs) in enumerate(
        (("freeze", 0.4, 0.18, 10), ("small lr", 0.25, 0.25, 7), ("up to layer3", 0.5, 0.15, 10))
    ):
        loss.set_run(name, name, index, curve(rate * 0.9, floor - 0.08, epochs), curve(rate, floor, epochs))
        accuracy.set_run(name, name, index, val=curve(rate, floor - 0.1, epochs, rises=True))
    accuracy.set_best("freeze", (9.0, curve(0.4, 0.08, 10, rises=True)[1][8]))


def left_column() -> QWidget:
    column = QWidget()
    column.setFixedWidth(372)
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    pictures = Card("Pictures", number=1)
    row = PathRow(placeholder="A folder of pictures")
    row.set_path("~/photos/ants-and-bees")
    row.set_facts("244 train · 153 val · 2 classes")
    row.set_status("ok", "checked: 1 file left out (not a photo of a class)")
    pictures.add(row)
    weights = Card("Pretrained weights", number=2)
    row = PathRow(icon_name="file-outline", placeholder="A .pth or .safetensors file")
    row.set_path("resnet18-f37072fd.pth")
    row.set_facts("ResNet-18 · ImageNet · 1000 classes")
    row.set_status("ok", "122 of 122 entries match; the output layer is replaced")
    weights.add(row)
    classes = Card("Classes", number=3)
    line = QHBoxLayout()
    box = CalmSpinBox(1, 1000)
    box.setFixedWidth(76)
    box.setValue(2)
    line.addWidget(box)
    line.addWidget(Text("found in the folder: ants, bees", "muted"), 1)
    classes.add(line)
    moves = Card("What may move", number=4)
    group = QButtonGroup(column)
    cards = (
        StrategyCard("Freeze extractor", "Only the output layer learns", segments("fffffl"), cost="≈ 6 s"),
        StrategyCard("Small learning rate", "Extractor at × 0.1", segments("sssssl"), cost="≈ 4 min"),
        StrategyCard("Freeze up to a stage", "layer4 and head learn", segments("ffffll"), cost="≈ 21 s"),
        StrategyCard("Learning rate 0", "Extractor at × 0: the other road to frozen", segments("zzzzzl")),
    )
    for card in cards:
        group.addButton(card)
        moves.add(card)
    cards[0].setChecked(True)
    for card in (pictures, weights, classes, moves):
        layout.addWidget(card)
    layout.addStretch(1)
    layout.addWidget(Disclosure("Ready: 10 epochs, batch 32, lr 0.01 · more settings", QWidget()))
    buttons = QHBoxLayout()
    buttons.addWidget(Button("Train", kind="primary", icon_name="play"), 2)
    buttons.addWidget(Button("Compare…", kind="large", icon_name="chart-line"), 1)
    layout.addLayout(buttons)
    return column


def runs_table() -> QTableView:
    rows = [line.split(" | ") for line in RUNS.strip().splitlines()]
    heads = HEADS.split(" | ")
    model = QStandardItemModel(len(rows), len(heads))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for column, head in enumerate(heads):
        model.setHorizontalHeaderItem(column, QStandardItem(head))
        if 3 <= column <= 8:
            model.horizontalHeaderItem(column).setTextAlignment(right)
    for index, row in enumerate(rows):
        dot = QStandardItem()
        dot.setData(int(row[0]), COLOUR_ROLE)
        dot.setCheckable(True)
        dot.setCheckState(Qt.CheckState.Unchecked if index == 3 else Qt.CheckState.Checked)
        model.setItem(index, 0, dot)
        for column, text in enumerate(row[1:], 1):
            item = QStandardItem(text)
            if 3 <= column <= 8:
                item.setTextAlignment(right)
            model.setItem(index, column, item)
    view = QTableView()
    style_table(view)
    view.setModel(model)
    model.setParent(view)
    view.setItemDelegateForColumn(0, DotDelegate(view))
    view.setColumnWidth(0, 40)
    view.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
    view.setSortingEnabled(True)
    view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    view.selectRow(0)
    return view


def training_page() -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 10, 0, 0)
    layout.setSpacing(10)
    loss, accuracy = LivePlot("Loss"), LivePlot("Accuracy on validation")
    for plot in (loss, accuracy):
        plot.add_corner(Segments((("epochs", "epochs"), ("seconds", "seconds"))))
    fill_plots(loss, accuracy)
    plots = QHBoxLayout()
    plots.setSpacing(10)
    plots.addWidget(loss, 1)
    plots.addWidget(accuracy, 1)
    progress = ProgressCard()
    progress.set_run("small lr")
    progress.set_state("running")
    progress.set_progress("epoch 7 of 10 · batch 5 of 8 · 34 pictures/s · 38 s left", 0.66)
    progress.set_best("best 0.928 at epoch 6")
    runs = Card("Runs")
    runs.add_corner(Text("tick to overlay · select two to diff", "muted"))
    runs.add(runs_table(), 1)
    layout.addLayout(plots, 3)
    layout.addWidget(progress)
    layout.addWidget(runs, 2)
    return page


def window_like_page() -> QWidget:
    page = QWidget()
    layout = QHBoxLayout(page)
    layout.setContentsMargins(14, 2, 14, 14)
    layout.setSpacing(14)
    layout.addWidget(left_column())
    tabs = Tabs()
    tabs.addTab(QWidget(), "Pictures")
    tabs.addTab(training_page(), "Training")
    for title in ("Results", "What moved", "Try it", "Code"):
        tabs.addTab(QWidget(), title)
    tabs.set_corner(Chip("CPU · bf16 · 2 threads"))
    tabs.setCurrentIndex(1)
    layout.addWidget(tabs, 1)
    return page


def messages() -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    error, opened, warning, info = MessageBar(), MessageBar(), MessageBar(), MessageBar()
    error.show_error(
        FtguiError(
            "This file is a page of a web site, not weights: the download went wrong.",
            "Download it again, and look whether it is some megabytes large.",
        ),
        action="Choose another file…",
    )
    opened.show_error(FtguiError("The disk is full.", "Make room and resume.", "OSError: 28\n/tmp/x"))
    opened.findChild(Button, "message_details_button").setChecked(True)
    warning.show_warning("12 pictures could not be read.", "They are left out. See the page Pictures.")
    info.show_info("The run was resumed from epoch 4.")
    for bar in (error, opened, warning, info):
        layout.addWidget(bar)
    return box


def controls() -> Card:
    card = Card("Controls")
    grid = QGridLayout()
    edit = LearningRateEdit(0.01)
    bad = LearningRateEdit(0.01)
    bad.setText("abc")
    disabled = QLineEdit("disabled")
    disabled.setEnabled(False)
    focused = QLineEdit("focused")
    focused.setObjectName("focus_me")
    off = Button("Train", kind="primary", icon_name="play")
    off.setEnabled(False)
    plain_off = Button("Compare…", icon_name="chart-line")
    plain_off.setEnabled(False)
    ticks = QHBoxLayout()
    for checked, enabled in ((True, True), (False, True), (False, False)):
        tick = QCheckBox("Show")
        tick.setChecked(checked)
        tick.setEnabled(enabled)
        ticks.addWidget(tick)
    rows: tuple[tuple[str, QWidget], ...] = (
        ("empty number", edit),
        ("wrong number", bad),
        ("disabled", disabled),
        ("focused", focused),
        ("primary", Button("Train", kind="primary", icon_name="play")),
        ("primary, off", off),
        ("plain", Button("Compare…", icon_name="chart-line")),
        ("plain, off", plain_off),
        ("quiet", Button("Copy", kind="quiet", icon_name="content-copy")),
    )
    for line, (label, widget) in enumerate(rows):
        grid.addWidget(Text(label, "muted"), line, 0)
        grid.addWidget(widget, line, 1)
    card.add(grid)
    card.add(ticks)
    chips = QHBoxLayout()
    for kind in ("plain", "ok", "info", "warning", "error"):
        chips.addWidget(Chip(kind, kind=kind))
    chips.addStretch(1)
    card.add(chips)
    card.body.addStretch(1)
    return card


def settings() -> Card:
    card = Card("Settings")
    form = SettingForm(SETTINGS)
    form.inputs["momentum"].control.setText("7")
    card.add(form)
    card.body.addStretch(1)
    return card


def states() -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    shown: tuple[tuple[ProgressState, float | None], ...] = (
        ("idle", 0.0), ("running", None), ("paused", 0.4), ("stopping", 0.5), ("done", 1.0), ("failed", 0.7),
    )  # fmt: skip
    for state, fraction in shown:
        card = ProgressCard()
        card.set_run("" if state == "idle" else "small lr")
        card.set_progress(f"{state}: a sentence that is too long for the room it has", fraction)
        card.set_best("best 0.928 at epoch 6" if state == "done" else "")
        card.set_state(state)
        layout.addWidget(card)
    bars = Card("Stage bars")
    for states_ in ("uuuuuu", "ffffll", "zzzzzl", "llllll"):
        bars.add(StageBar(segments(states_)))
    bars.add(StageBar(tuple(Segment(f"s{i}", 1 + i % 3, "frozen" if i < 60 else "slow") for i in range(80))))
    layout.addWidget(bars)
    layout.addStretch(1)
    return box


def odd_plots() -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(10)
    single, many, empty = LivePlot("One epoch"), LivePlot("Many runs, seconds"), LivePlot("Empty")
    single.set_run("a", "freeze", 0, ([1], [0.7]), ([1], [0.5]))
    for index in range(7):
        xs, ys = curve(0.05 + 0.02 * index, 0.2, 60)
        many.set_run(f"r{index}", f"a long name of run {index}", index, val=([x * 4 for x in xs], ys))
    many.set_x_kind("seconds")
    for plot in (single, many, empty):
        layout.addWidget(plot)
    statuses = Card("Status")
    for kind, text in (
        ("ok", "122 of 122 entries match"),
        ("warning", "3 classes have fewer than 10 pictures: the figures will say little about them"),
        ("error", "There is no folder /nowhere. Choose one that is there."),
    ):
        line = StatusLine()
        line.set_status(kind, text)
        statuses.add(line)
    layout.addWidget(statuses)
    return box


def states_page() -> QWidget:
    page = QWidget()
    layout = QHBoxLayout(page)
    layout.setContentsMargins(14, 14, 14, 14)
    layout.setSpacing(14)
    first = QVBoxLayout()
    first.addWidget(messages())
    first.addWidget(controls(), 1)
    layout.addLayout(first, 3)
    layout.addWidget(settings(), 2)
    layout.addWidget(states(), 3)
    layout.addWidget(odd_plots(), 3)
    return page


def save_focus_pictures(app: QApplication, folder: Path) -> None:
    """The left column with the focus on one card and the pointer over another."""
    column = left_column()
    column.resize(372, 700)
    column.show()
    column.activateWindow()
    cards = column.findChildren(StrategyCard)
    for tokens in (theme.LIGHT, theme.DARK):
        theme.apply_theme(app, tokens)
        QTest.mouseMove(cards[2], QPoint(20, 20))
        cards[0].setFocus()
        app.processEvents()
        column.grab().save(str(folder / f"focus-{tokens.name}.png"))
        cards[1].setFocus()
        app.processEvents()
        cards[1].grab().save(str(folder / f"focus-unchecked-{tokens.name}.png"))


def save_pictures(app: QApplication, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    window = QMainWindow()
    for title in ("File", "Run", "View", "Help"):
        window.menuBar().addMenu(title)
    for name, page in (("window", window_like_page()), ("states", states_page())):
        window.setCentralWidget(page)
        window.resize(1440, 930 if name == "window" else 990)
        window.show()
        focused = window.findChild(QLineEdit, "focus_me")
        if focused is not None:
            focused.setFocus()
        for tokens in (theme.LIGHT, theme.DARK):
            theme.apply_theme(app, tokens)
            for _ in range(8):
                app.processEvents()
            window.grab().save(str(folder / f"{name}-{tokens.name}.png"))


def main() -> None:
    app = QApplication(sys.argv[:1])
    theme.apply_theme(app, theme.LIGHT)
    save_pictures(app, Path(sys.argv[1]))
    save_focus_pictures(app, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
