"""The page “What moved”: its maps and sentences, while a run trains and for one from the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.main_window import MainWindow
from ftgui.gui.moved_words import cell_words, moved_summary
from ftgui.gui.stages_told import StagesTold
from ftgui.gui.widgets.heat_map import HeatMap
from ftgui.runs.history import RunHistory
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from ftgui.training.events import Reason, TrainingEvent
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, choose, click, click_cell, the, wait_idle, words_of
from tests.gui.scripted import STAGES, Gate, ended, epoch, moved, scripted_job, scripted_jobs, started

FROZEN = (
    *(started(), *moved(1, 0.0, 0.0, 0.0, 0.2), epoch(1), *moved(2, 0.0, 0.0, 0.0, 0.38), epoch(2, 0.9)),
    ended(frozen_tensors=60),
)
"""A run of “freeze” over two epochs."""

FROZEN_WEIGHTS = {"stem": [0.0, 0.0], "layer1": [0.0, 0.0], "layer2": [0.0, 0.0], "head": [0.2, 0.38]}


# In the window ----------------------------------------------------------------------------------------------


def test_what_moves_is_seen_while_the_run_trains(qtbot: QtBot, ready_window: OpenWindow) -> None:
    before, first, second = Gate(), Gate(), Gate()
    window = ready_window(
        scripted_job(
            *(started(joins=2), before, *moved(1, 0.0, 0.0, 0.0, 0.2), epoch(1), first),
            *(*moved(2, 1e-3, 2e-3, 4e-3, 0.3, statistics=0.05), epoch(2, 0.9), second),
            ended(frozen_tensors=0),
        )
    )
    click(qtbot, window, "train_button")
    _turn_to(qtbot, window, "What moved")
    _wait_for_summary(qtbot, window, "What moves is measured at the end of each epoch. The first goes on.")
    assert _values(window, "weights") is None, "there is nothing to draw yet"
    before.open()
    _wait_for_summary(
        qtbot, window, "After epoch 1 of 10, 0 of 60 entries that stay have changed. The head moved by 20 %."
    )
    assert _values(window, "weights") == {"stem": [0.0], "layer1": [0.0], "layer2": [0.0], "head": [0.2]}
    assert _map(window, "weights").places().columns.count == 10, "there is room for all that are planned"
    assert [row.joins for row in _map(window, "weights").rows()] == [2, 2, 2, 1]
    first.open()
    _wait_for_summary(
        qtbot, window, "After epoch 2 of 10: all 4 stages moved, from 0.10 % (stem) to 30 % (head)."
    )
    assert _values(window, "statistics") == {
        **{stage: [0.0, 0.05] for stage in STAGES[:3]},
        "head": [None, None],
    }
    second.open()
    wait_idle(qtbot, window)
    _wait_for_summary(
        qtbot,
        window,
        "Nothing had to stay frozen. All 4 stages moved, from 0.10 % (stem) to 30 % (head).",
    )
    assert _map(window, "weights").places().columns.count == 2


def test_the_words_at_the_rows_end_say_how_far_and_how_much_of_a_stage(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = _after(qtbot, ready_window, FROZEN)
    assert [row.words for row in _map(window, "weights").rows()] == [
        *(("0", "0 of 20"), ("0", "0 of 20"), ("0", "0 of 20"), ("38 %", "2 of 2"))
    ]
    assert [row.words for row in _map(window, "statistics").rows()] == [("0",)] * 3 + [("no norms",)]


def test_the_proof_stands_on_top_green_where_it_holds_and_red_where_it_does_not(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    broken = (*FROZEN[:-1], ended(Reason.PROOF_FAILED, "3 entries changed.", frozen_changed=3))
    window = ready_window(scripted_jobs(FROZEN, broken))
    _turn_to(qtbot, window, "What moved")
    for words, kind in (
        ("0 of 60 frozen entries changed. The head moved by 38 %.", "ok"),
        ("3 of 120 frozen entries changed. The head moved by 38 %.", "error"),
    ):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
        assert words_of(window, "moved_summary") == words
        assert the(window, QWidget, "moved_summary").property("kind") == kind


def test_a_cell_is_read_out_under_the_pointer_and_with_the_keys(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    window = _after(qtbot, ready_window, FROZEN)
    weights = _map(window, "weights")
    qtbot.waitUntil(lambda: weights.height() >= weights.minimumSizeHint().height(), timeout=PATIENCE)
    hint = words_of(window, "weights_readout")
    assert hint.endswith("Point at a cell, or use the arrow keys.")
    qtbot.mouseMove(weights, weights.places().cell(3, 0).center().toPoint())
    assert words_of(window, "weights_readout") == "head, epoch 1: 20 % · 2 of 2 entries differ"
    weights.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(weights, Qt.Key.Key_Up)
    assert words_of(window, "weights_readout") == "layer2, epoch 1: 0 exactly · 0 of 20 entries differ"
    weights.clearFocus()
    assert words_of(window, "weights_readout") == hint


def test_the_run_selected_in_the_table_is_the_one_shown_and_can_be_chosen_here_too(
    qtbot: QtBot, ready_window: OpenWindow
) -> None:
    other = (started(), *moved(1, 0.0, 0.0, 0.0, 0.7), epoch(1), ended(frozen_tensors=60))
    window = ready_window(scripted_jobs(FROZEN, other))
    for _ in range(2):
        click(qtbot, window, "train_button")
        wait_idle(qtbot, window)
    click_cell(qtbot, window, 0, "Name")
    _turn_to(qtbot, window, "What moved")
    chooser = the(window, QComboBox, "moved_run")
    assert chooser.currentText() == "freeze"
    assert words_of(window, "moved_strategy") == "Freeze extractor"
    assert _values(window, "weights")["head"] == [0.2, 0.38]
    choose(qtbot, chooser, "freeze 2")
    assert _values(window, "weights")["head"] == [0.7]
    assert window.page.runs_card.selected_run() is window.runs.rows[1].history


def test_a_run_from_the_disk_shows_what_it_showed_when_it_trained(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    folder = _stored(tmp_path / "run of yesterday", *FROZEN)
    window = open_window()
    _turn_to(qtbot, window, "What moved")
    assert words_of(window, "moved_empty") == "Train, or add a run from disk, to see what moves."
    window.add_run(folder)
    assert words_of(window, "moved_empty") == ""
    assert words_of(window, "moved_summary") == "0 of 60 frozen entries changed. The head moved by 38 %."
    assert _values(window, "weights") == FROZEN_WEIGHTS


def test_a_run_of_before_movement_was_measured_says_so(
    qtbot: QtBot, open_window: OpenWindow, finished_run: Path
) -> None:
    window = open_window()
    _turn_to(qtbot, window, "What moved")
    window.add_run(finished_run)
    assert words_of(window, "moved_summary") == (
        "0 of 120 frozen entries changed. This run says no more of what moved: an older ftgui made it."
    )
    assert _values(window, "weights") is _values(window, "statistics") is None


def test_a_network_without_running_statistics_has_one_map(qtbot: QtBot, ready_window: OpenWindow) -> None:
    bare = (started(), *moved(1, 0.0, 0.0, 0.0, 0.2, statistics=None), epoch(1), ended(frozen_tensors=60))
    window = _after(qtbot, ready_window, bare)
    assert _values(window, "statistics") is None
    assert _values(window, "weights") is not None


def test_a_continued_run_goes_on_in_its_maps(qtbot: QtBot, ready_window: OpenWindow) -> None:
    gate = Gate()
    first = (*FROZEN[:-1], ended(Reason.STOPPED, "Training was stopped.", frozen_tensors=60))
    again = (
        *(started(resumed_after=1), *moved(2, 0.0, 0.0, 0.0, 0.41), epoch(2, 0.9), gate),
        *(*moved(3, 0.0, 0.0, 0.0, 0.5), epoch(3, 0.95), ended(frozen_tensors=60)),
    )
    window = ready_window(scripted_jobs(first, again))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    click(qtbot, window, "continue_button")
    _turn_to(qtbot, window, "What moved")
    qtbot.waitUntil(lambda: (_values(window, "weights") or {}).get("head") == [0.2, 0.41], timeout=PATIENCE)
    gate.open()
    wait_idle(qtbot, window)
    assert _values(window, "weights")["head"] == [0.2, 0.41, 0.5]


def test_nothing_is_drawn_where_nobody_looks(
    qtbot: QtBot, ready_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[HeatMap] = []
    set_rows = HeatMap.set_rows

    def noting(heat_map: HeatMap, *args: object, **kwargs: object) -> None:
        drawn.append(heat_map)
        set_rows(heat_map, *args, **kwargs)

    monkeypatch.setattr(HeatMap, "set_rows", noting)
    window = ready_window(scripted_job(*FROZEN))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    assert drawn == []
    _turn_to(qtbot, window, "What moved")
    assert drawn != []


# Sentences --------------------------------------------------------------------------------------------------

TWO_MOVED = "2 of 4 stages moved, from < 0.0001 % (layer2) to 20 % (head)."
NORMS_MOVED = "Norm statistics moved by up to 10 % where no weight did."


@pytest.mark.parametrize(
    ("events", "kind", "words"),
    [
        ((), "info", "What moves is measured at the end of each epoch. The first goes on."),
        (
            (started(), ended(Reason.FAILED, "The disk is full.")),
            "info",
            "No epoch of this run ended, so nothing was measured.",
        ),
        (
            (started(), *moved(1, 0.0, 0.0, 1e-9, 0.2)),
            "error",
            "After epoch 1 of 10, “layer2” moved, which had to stay. " + TWO_MOVED,
        ),
        (
            (started(), *moved(1, 0.0, 0.0, 0.0, 0.2, statistics=0.1)),
            "error",
            "After epoch 1 of 10, 3 stages moved, which had to stay. The head moved by 20 %. " + NORMS_MOVED,
        ),
        (
            (started(), *moved(1, 0.0, 0.0, 0.0, 0.2), epoch(1), ended(frozen_changed=None)),
            "warning",
            "What stayed frozen was not compared with the weights file. The head moved by 20 %.",
        ),
        (
            (started(), *moved(1, 0.0, 0.0, 0.0, 0.0), epoch(1), ended(frozen_tensors=1)),
            "ok",
            "0 of 1 frozen entry changed. No weights moved.",
        ),
    ],
    ids=["not begun", "no epoch", "astray", "norms astray", "not compared", "nothing"],
)
def test_the_summary_says_what_is_known(events: tuple[TrainingEvent, ...], kind: str, words: str) -> None:
    assert _summary(_history(*events)) == (kind, words)


def test_norms_that_may_follow_the_pictures_are_no_alarm() -> None:
    history = _history(started(), *moved(1, 0.0, 0.0, 0.0, 0.2, statistics=0.1), config=_config(norm="adapt"))
    assert _summary(history) == (
        "info",
        "After epoch 1 of 10: the head moved by 20 %. " + NORMS_MOVED,
    )
    strayed = _history(started(), *moved(1, 1e-3, 0.0, 0.0, 0.2), config=_config(norm="adapt"))
    assert _summary(strayed)[0] == "error", "their weights may not"


def test_cells_that_share_a_column_are_read_out_together() -> None:
    history = _history(started(joins=2), *moved(1, 0.0, 0.0, 0.0, 0.2), *moved(2, 1e-3, 0.0, 0.0, 0.3))
    assert history.started is not None
    stem, head, told = history.started.stages[0], history.started.stages[-1], StagesTold(history).told()
    read = [
        cell_words(stem, told["stem"], "weights", 1, 2),
        cell_words(stem, told["stem"], "weights", 3, 4),
        cell_words(head, told["head"], "statistics", 1, 2),
    ]
    assert read == [
        "stem, epochs 1 to 2: up to 0.10 % · 3 of 20 entries differ · learns from epoch 2 on",
        "stem, epochs 3 to 4: not there yet · learns from epoch 2 on",
        "head, epochs 1 to 2: no norms",
    ]


# ------------------------------------------------------------------------------------------------------------


def _after(qtbot: QtBot, ready_window: OpenWindow, script: tuple[TrainingEvent, ...]) -> MainWindow:
    """Return a window that shows what moved in a run that went as ``script`` says."""
    window = ready_window(scripted_job(*script))
    click(qtbot, window, "train_button")
    wait_idle(qtbot, window)
    _turn_to(qtbot, window, "What moved")
    return window


def _turn_to(qtbot: QtBot, window: MainWindow, title: str) -> None:
    """Click a page's tab."""
    bar = the(window, QTabWidget, "pages").tabBar()
    number = next(n for n in range(bar.count()) if bar.tabText(n) == title)
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(number).center())
    assert the(window, QWidget, "moved_page").isVisible() == (title == "What moved")


def _map(window: MainWindow, part: str) -> HeatMap:
    return the(window, HeatMap, f"{part}_heat_map")


def _values(window: MainWindow, part: str) -> dict[str, list[float | None]] | None:
    """Return what a map shows of each stage; None where it cannot be seen."""
    heat_map = _map(window, part)
    return {row.name: list(row.values) for row in heat_map.rows()} if heat_map.isVisible() else None


def _wait_for_summary(qtbot: QtBot, window: MainWindow, words: str) -> None:
    def said() -> None:
        assert words_of(window, "moved_summary") == words

    qtbot.waitUntil(said, timeout=PATIENCE)


def _config(**changes: object) -> TrainConfig:
    return TrainConfig(**{"dataset": "", "weights": "", **changes})


def _summary(history: RunHistory) -> tuple[str, str]:
    return moved_summary(history, StagesTold(history).told())


def _history(*events: TrainingEvent, config: TrainConfig | None = None) -> RunHistory:
    job, history = scripted_job(*events), RunHistory("freeze", Path("freeze"))
    for event in job(config or _config(), Path("freeze"), RunControl()):
        history.apply(event)
    return history


def _stored(folder: Path, *events: TrainingEvent) -> Path:
    """Return a run folder that holds these events."""
    for _ in scripted_job(*events, stored=True)(_config(epochs=2), folder, RunControl()):
        pass
    assert json.loads((folder / "events.jsonl").read_text("utf-8").splitlines()[-1])["event"] == "run_ended"
    return folder
