"""The table of runs as a Qt model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from ftgui.gui.item_models.run_columns import COLUMNS
from ftgui.gui.item_models.runs_filter import RunsFilter
from ftgui.gui.item_models.runs_model import DRAWN_AT_ONCE, RunRow, RunsModel
from ftgui.gui.widgets.tables import COLOUR_ROLE
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.events import CheckpointSaved, TrainingEvent
from tests.gui.driving import column
from tests.gui.scripted import batch, ended, epoch, moved, started, whole_run


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[RunsModel]:
    """A model that Qt's own tester watches for breaches of what models promise."""
    runs = RunsModel()
    tester = QAbstractItemModelTester(runs, QAbstractItemModelTester.FailureReportingMode.Warning)
    yield runs
    del tester


def test_the_model_keeps_what_qt_expects_of_models(model: RunsModel) -> None:
    for number in range(3):
        history = _history(f"run {number}", *whole_run())
        model.add(history)
        model.refresh(history)
        model.setData(model.index(number, 0), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert (model.rowCount(), model.columnCount()) == (3, len(COLUMNS))
    assert model.rowCount(model.index(0, 0)) == 0


def test_a_run_that_has_not_begun_has_blanks_for_figures(model: RunsModel) -> None:
    model.add(_history("freeze"))
    said = {each.title: _text(model, 0, each.title) for each in COLUMNS}
    assert {title: text for title, text in said.items() if text} == {"Name": "freeze", "State": "preparing"}


def test_a_run_that_ended_has_a_figure_in_every_column(model: RunsModel) -> None:
    model.add(_history("freeze", started(val_pictures=153), epoch(1, 0.9412), ended(seconds=72)))
    assert {each.title: _text(model, 0, each.title) for each in COLUMNS[1:]} == {
        "Name": "freeze",
        "What may move": "Freeze extractor",
        "Best val acc": "0.941",
        "95 % interval": "0.89–0.97 of 153",
        "Val loss": "0.250",
        "Time": "1 min 12 s",
        "s/epoch": "1.5",
        "Learning": "1,026",
        "Entries moved": "2",
        "Frozen changed": "0 of 120",
        "Memory": "1.2 GB",
        "State": "done",
    }


def test_the_time_of_a_run_that_goes_on_is_its_last_epochs(model: RunsModel) -> None:
    model.add(_history("freeze", started(), epoch(1), epoch(2), batch(3, 1)))
    assert _text(model, 0, "Time") == "3.0 s"


def test_runs_sort_by_numbers_with_those_that_have_none_last_either_way(model: RunsModel) -> None:
    model.add(_history("none"))
    model.add(_history("less", *whole_run(0.9281)))
    model.add(_history("more", *whole_run(0.9284)))
    proxy = RunsFilter(model)
    for title in ("Best val acc", "95 % interval"):
        proxy.sort(column(title), Qt.SortOrder.AscendingOrder)
        assert _names(proxy) == ["less", "more", "none"]
        proxy.sort(column(title), Qt.SortOrder.DescendingOrder)
        assert _names(proxy) == ["more", "less", "none"]


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_every_column_sorts_runs_in_whatever_state(model: RunsModel, order: Qt.SortOrder) -> None:
    model.add(_history("begun", started(), batch(1, 1)))
    model.add(_history("none"))
    model.add(_history("done", *whole_run()))
    proxy = RunsFilter(model)
    for number, each in enumerate(COLUMNS):
        proxy.sort(number, order)
        texts = [proxy.index(row, number).data() for row in range(3)]
        filled = [bool(text) for text in texts]
        assert filled == sorted(filled, reverse=True), each.title


def test_the_filter_keeps_rows_in_which_every_word_stands_somewhere(model: RunsModel) -> None:
    model.add(_history("Ants seed 1", *whole_run()))
    model.add(_history("Ants seed 2", started(), batch(1, 1)))
    model.add(_history("bees", *whole_run()))
    proxy = RunsFilter(model)
    proxy.look_for("ants")
    assert _names(proxy) == ["Ants seed 1", "Ants seed 2"]
    proxy.look_for("  DONE  ants ")
    assert _names(proxy) == ["Ants seed 1"]
    proxy.look_for("extractor")
    assert len(_names(proxy)) == 3, "what may move is looked into, too"
    proxy.look_for("wasps")
    assert _names(proxy) == []
    proxy.look_for("")
    assert len(_names(proxy)) == 3


def test_numbers_are_on_the_right_and_so_are_their_titles(model: RunsModel) -> None:
    model.add(_history("freeze", *whole_run()))
    role = Qt.ItemDataRole.TextAlignmentRole
    for number, each in enumerate(COLUMNS):
        title = Qt.AlignmentFlag(model.headerData(number, Qt.Orientation.Horizontal, role))
        assert bool(title & Qt.AlignmentFlag.AlignRight) == each.is_number, each.title
        cell = model.index(0, number).data(role)
        on_the_right = cell is not None and bool(Qt.AlignmentFlag(cell) & Qt.AlignmentFlag.AlignRight)
        assert on_the_right == each.is_number, each.title


def test_each_run_has_the_next_colour_and_keeps_it(model: RunsModel) -> None:
    for number in range(8):
        model.add(_history(f"run {number}"))
    assert [model.index(row, 0).data(COLOUR_ROLE) for row in range(8)] == list(range(8))


def test_a_tick_can_be_taken_away_and_given_and_says_so(qtbot: QtBot, model: RunsModel) -> None:
    row = model.add(_history("freeze"))
    index, role = model.index(0, 0), Qt.ItemDataRole.CheckStateRole
    assert index.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "shown"
    with qtbot.waitSignals([model.shown_changed, model.dataChanged], check_params_cbs=[row.__eq__, None]):
        assert model.setData(index, Qt.CheckState.Unchecked, role)
    assert not row.shown
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "hidden"
    assert model.setData(index, Qt.CheckState.Checked.value, role), "Qt hands the state over as a number"
    assert row.shown


def test_of_many_that_are_ticked_together_some_are_told_at_once_and_the_rest_in_turn(
    qtbot: QtBot, model: RunsModel
) -> None:
    rows = [model.add(_history(f"run {number}")) for number in range(40)]
    told: list[RunRow] = []
    model.shown_changed.connect(told.append)
    model.show(range(1, 40), False)
    assert [row.shown for row in rows] == [True] + 39 * [False]
    assert told == rows[1 : DRAWN_AT_ONCE + 1]
    qtbot.waitUntil(lambda: len(told) == 39)
    assert told == rows[1:]
    model.show(range(40), True)
    model.clear()
    assert told[39:] == rows[1 : DRAWN_AT_ONCE + 1] + rows, "when they are gone there is nothing left to tell"


def test_a_run_can_be_called_otherwise_and_again_as_its_folder_is(qtbot: QtBot, model: RunsModel) -> None:
    row = model.add(_history("freeze"))
    index = model.index(0, column("Name"))
    assert index.flags() & Qt.ItemFlag.ItemIsEditable
    with qtbot.waitSignals([model.kept_changed, model.dataChanged, model.shown_changed]):
        assert model.setData(index, "  the good one ")
    assert (index.data(), row.history.name) == ("the good one", "the good one")
    assert row.history.folder == Path("runs") / "freeze"
    assert model.setData(index, " ")
    assert index.data() == "freeze"


def test_nothing_but_the_tick_and_the_name_can_be_changed(model: RunsModel) -> None:
    row = model.add(_history("freeze"))
    for number, each in enumerate(COLUMNS):
        if each.title not in ("", "Name"):
            assert not model.setData(model.index(0, number), "another", Qt.ItemDataRole.EditRole)
            assert not model.index(0, number).flags() & Qt.ItemFlag.ItemIsEditable
    assert not model.setData(model.index(0, 1), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    assert row.shown
    assert not model.index(0, 1).flags() & Qt.ItemFlag.ItemIsUserCheckable


def test_runs_that_leave_say_that_their_curves_go_and_numbers_are_not_used_twice(model: RunsModel) -> None:
    rows = [model.add(_history(name)) for name in ("first", "second", "third")]
    rows[2].shown = False
    told: list[tuple[int, bool, int]] = []
    model.shown_changed.connect(lambda row: told.append((row.number, row.shown, len(model.rows))))
    model.remove([rows[0].history, rows[2].history])
    assert [row.history.name for row in model.rows] == ["second"]
    assert told == [(0, False, 1)], "when it is gone; a run without curves says nothing"
    assert model.add(_history("fourth")).number == 3
    model.clear()
    assert model.rowCount() == 0
    assert [number for number, *_ in told] == [0, 1, 3]


def test_what_may_go_to_the_bin_lies_in_the_project_and_what_may_leave_does_not(
    model: RunsModel, tmp_path: Path
) -> None:
    model.home, model.finds_again = tmp_path / "runs", True
    state = _history("own", *whole_run()).state
    own = RunHistory("own", model.home / "own", state=state)
    other = RunHistory("other", tmp_path / "elsewhere" / "other", state=state)
    live = RunHistory("live", model.home / "live", state=_history("live", started()).state)
    for each in (own, other, live):
        each.folder.mkdir(parents=True)
    allowed = [(model.can_go_to_bin(each), model.can_leave(each)) for each in (own, other, live)]
    assert allowed == [(True, False), (False, True), (False, False)]
    model.finds_again = False
    assert model.can_leave(own), "a project that was not saved yet does not look for its runs"
    model.finds_again = True
    own.folder.rmdir()
    assert (model.can_go_to_bin(own), model.can_leave(own)) == (False, True), (
        "what is lost cannot be found again"
    )


def test_a_run_that_was_cut_off_shows_what_its_weights_reached(model: RunsModel) -> None:
    kept = CheckpointSaved(epoch=2, path="best.pth", val_accuracy=0.95, val_loss=0.125)
    history = _history("cut off", started(), *moved(1, 0.0, 0.0, 0.2, 0.5), epoch(1, 0.9), kept)
    model.add(history)
    assert _text(model, 0, "Best val acc") == "0.900", "while it goes on, what was told"
    history.state = RunState.INTERRUPTED
    model.refresh(history)
    assert _text(model, 0, "Best val acc") == "0.950"
    assert _text(model, 0, "Val loss") == "0.125"
    assert _text(model, 0, "Entries moved") == "5", "of the stages, as nothing was proven"


def test_a_refresh_names_only_what_changed_in_the_run_that_changed(model: RunsModel) -> None:
    """All else would be painted anew ten times a second."""
    histories = [_history("first", started()), _history("second", started(), batch(1, 1))]
    for history in histories:
        model.add(history)
    named: list[tuple[int, str]] = []
    model.dataChanged.connect(lambda first, _last: named.append((first.row(), COLUMNS[first.column()].title)))
    model.refresh(histories[1])
    histories[1].apply(batch(1, 2))
    model.refresh(histories[1])
    assert named == []
    histories[1].apply(epoch(1))
    model.refresh(histories[1])
    assert named == [(1, title) for title in ("Best val acc", "95 % interval", "Val loss", "Time", "s/epoch")]


def test_columns_explain_themselves_where_their_title_does_not(model: QAbstractItemModel) -> None:
    told = {
        each.title
        for number, each in enumerate(COLUMNS)
        if model.headerData(number, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    }
    assert {"", "Best val acc", "95 % interval", "Frozen changed", "Learning", "Memory"} <= told


def _history(name: str, *events: TrainingEvent) -> RunHistory:
    history = RunHistory(name, Path("runs") / name)
    for event in events:
        history.apply(event)
    return history


def _names(proxy: RunsFilter) -> list[str]:
    return [proxy.index(row, column("Name")).data() for row in range(proxy.rowCount())]


def _text(model: RunsModel, row: int, title: str) -> str:
    text: str = model.index(row, column(title)).data()
    return text
