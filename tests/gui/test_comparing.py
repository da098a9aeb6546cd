"""Comparing in the window: asked for once, followed run by run, read in sentences, opened again."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QDialog, QFileDialog, QLineEdit, QTableView
from pytestqt.qtbot import QtBot

from ftgui.core.errors import FtguiError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.dialogs.compare import TICKED, CompareDialog
from ftgui.gui.main_window import MainWindow
from ftgui.gui.widgets.tables import COLOUR_ROLE
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import (
    ComparedRunEnded,
    ComparedRunStarted,
    ComparisonEnded,
    ComparisonStarted,
    Planned,
)
from ftgui.runs.comparison import RUNS, ComparisonPlan, Entry
from ftgui.runs.results import ComparisonResult, HeldEqual, RunResult
from ftgui.runs.store import EVENTS
from tests import fixtures
from tests.fixtures import Drawn, small_pictures
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, cells, click, drop, says, the, type_over, wait_idle, words_of
from tests.gui.scripted import Gate, ScriptedJob, Step, batch, ended, epoch, scripted_job, started
from tests.jobs.comparing import STRATEGIES as COMPARED
from tests.jobs.comparing import whole
from tests.results import pair_result, progress, strategy_result

drawn = fixtures.drawn

SENTENCE = "`freeze` and `full`: no difference that 100 pictures can show; `freeze` is 31 times cheaper."
TWO = (Entry(strategy="freeze", seed=0), Entry(strategy="full", seed=0))


def result(*done: str) -> ComparisonResult:
    """What is known once these strategies have their runs."""
    runs = tuple(
        RunResult(
            name=entry.name,
            strategy=entry.strategy,
            seed=0,
            state="done" if entry.strategy in done else "waiting",
            accuracy=0.9 if entry.strategy in done else None,
        )
        for entry in TWO
    )
    reached = {name: strategy_result(name) for name in done}
    both = len(done) == 2
    return ComparisonResult(
        measure="last epoch",
        measure_words="Accuracies are those of the last epoch.",
        runs=runs,
        strategies=tuple(reached.values()),
        pairs=(pair_result(*reached.values(), words=SENTENCE),) if both else (),
        held_equal=(
            HeldEqual(what="Split", value="24 pictures", equal=True),
            HeldEqual(what="Threads", value="not the same in all runs", equal=False),
        ),
        sentences=(SENTENCE,) if both else (),
    )


def one_run(number: int, *done: str, gate: Gate | None = None) -> tuple[Step, ...]:
    entry, known = TWO[number - 1], result(*done)
    start = ComparedRunStarted(
        name=entry.name,
        strategy=entry.strategy,
        seed=0,
        lr=None,
        number=number,
        total=2,
        goes_on=False,
        progress=progress(number - 1, 2, 240.0 if number == 2 else None, unknown=2 - number),
        seconds=240.0 if number == 2 else None,
    )
    steps: tuple[Step, ...] = (start, started(), batch(1, 1), *((gate,) if gate else ()), epoch(1, 0.9))
    after = progress(number, 2, 240.0 * (2 - number))
    return (*steps, ended(), ComparedRunEnded(run=known.runs[number - 1], progress=after, result=known))


def comparison(*gates: Gate) -> ScriptedJob:
    """A comparison of two runs, each of which waits at its gate."""
    planned = tuple(Planned(name=entry.name, entry=entry, is_done=False) for entry in TWO)
    first, second = (*gates, None, None)[:2]
    end = ComparisonEnded(
        reason="completed", message="", folder="", report=None, result=result("freeze", "full")
    )
    return scripted_job(
        ComparisonStarted(folder="", runs=planned, progress=progress(0, 2, unknown=2)),
        *one_run(1, "freeze", gate=first),
        *one_run(2, "freeze", "full", gate=second),
        end,
    )


def dialog_of(qtbot: QtBot, window: MainWindow) -> CompareDialog:
    click(qtbot, window, "compare_button")
    dialog = the(window, CompareDialog, "compare_dialog")
    qtbot.waitUntil(dialog.isVisible, timeout=PATIENCE)
    return dialog


def start(qtbot: QtBot, window: MainWindow) -> None:
    click(qtbot, dialog_of(qtbot, window), "compare_start")


# Asking -----------------------------------------------------------------------------------------------------


def test_compare_waits_for_what_train_waits_for(
    qtbot: QtBot, open_window: OpenWindow, ready_window: OpenWindow
) -> None:
    blank = open_window()
    assert not the(blank, QAbstractButton, "compare_button").isEnabled()
    assert not the(blank, QAction, "action_compare").isEnabled()
    ready = ready_window()
    assert the(ready, QAbstractButton, "compare_button").isEnabled()
    assert the(ready, QAction, "action_compare").isEnabled()


def test_all_strategies_are_offered_and_three_are_ticked(qtbot: QtBot, ready_window: OpenWindow) -> None:
    dialog = dialog_of(qtbot, ready_window())
    ticked = [name for name in STRATEGIES if the(dialog, QCheckBox, f"compare_{name}").isChecked()]
    assert tuple(ticked) == TICKED
    assert words_of(dialog, "compare_sentence") == "3 runs of 10 epochs."
    assert dialog.plan().strategies == TICKED


def test_what_would_be_run_is_counted_as_the_user_chooses(qtbot: QtBot, ready_window: OpenWindow) -> None:
    dialog = dialog_of(qtbot, ready_window())
    click(qtbot, dialog, "compare_thaw")
    type_over(qtbot, dialog.seeds, "3")
    assert words_of(dialog, "compare_sentence") == "12 runs of 10 epochs."
    click(qtbot, dialog, "compare_rates_choice_same")
    type_over(qtbot, the(dialog, QLineEdit, "compare_rates"), "0.01, 0.1")
    assert words_of(dialog, "compare_sentence") == "24 runs of 10 epochs."
    plan = dialog.plan()
    assert plan.seeds == (0, 1, 2)
    assert plan.lrs == (0.01, 0.1)
    click(qtbot, dialog, "compare_rates_choice_own")
    assert dialog.plan().lrs == ()


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ("0,5; 3", "“0,5” may be one number or several"),
        ("0,003", "“0,003” may be one number or several"),
        ("fast, 0.1", "“fast” is no number"),
        ("", "no learning rate to try"),
        ("0", "cannot be 0"),
        ("0.1, 0.1", "named twice"),
        ("-1", "cannot be -1"),
        ("1e9", "cannot be"),
    ],
)
def test_rates_that_cannot_be_are_said_and_start_waits(
    qtbot: QtBot, ready_window: OpenWindow, rates: str, words: str
) -> None:
    dialog = dialog_of(qtbot, ready_window())
    click(qtbot, dialog, "compare_rates_choice_same")
    type_over(qtbot, the(dialog, QLineEdit, "compare_rates"), rates)
    assert words in words_of(dialog, "compare_sentence")
    assert not dialog.start_button.isEnabled()


def test_one_strategy_is_nothing_to_compare(qtbot: QtBot, ready_window: OpenWindow) -> None:
    dialog = dialog_of(qtbot, ready_window())
    for name in TICKED[1:]:
        click(qtbot, dialog, f"compare_{name}")
    assert "at least two" in words_of(dialog, "compare_sentence")
    assert not dialog.start_button.isEnabled()


def test_the_settings_of_the_left_side_count_for_all(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window()
    window.project.set_setting("epochs", 7)
    window.project.set_setting("seed", 5)
    window.project.set_setting("lr", 0.5)
    window.project.set_setting("thaw_epoch", 3)
    window.project.set_stage_lr("stem", 2.0)
    plan = dialog_of(qtbot, window).plan()
    assert plan.config.epochs == 7
    assert plan.seeds == (5,)
    assert plan.config.lr is None, "one for all would decide the outcome"
    assert plan.config.stage_lr == {}
    assert plan.config.thaw_epoch == 3, "“thaw” reads it, though another strategy is chosen"


def test_what_is_asked_for_goes_to_a_new_folder_beside_the_runs(
    qtbot: QtBot, ready_window: OpenWindow, runs_folder: Path
) -> None:
    window = ready_window(job := comparison())
    start(qtbot, window)
    wait_idle(qtbot, window)
    (call,) = job.calls
    assert isinstance(call.config, ComparisonPlan)
    assert isinstance(call.control, CompareControl)
    assert call.config.strategies == TICKED
    assert call.folder.parent == runs_folder
    assert call.folder.name.endswith("-comparison")
    qtbot.waitUntil(lambda: window.findChild(QDialog, "compare_dialog") is None, timeout=PATIENCE)


# Following --------------------------------------------------------------------------------------------------


def test_each_run_has_a_row_in_the_colour_of_its_strategy(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(comparison(first := Gate(), second := Gate()))
    start(qtbot, window)
    qtbot.waitUntil(lambda: cells(window, "Name") == ["freeze-seed0"], timeout=PATIENCE)
    qtbot.waitUntil(lambda: words_of(window, "run_name") == "freeze-seed0 (1 of 2)", timeout=PATIENCE)
    first.open()
    qtbot.waitUntil(lambda: words_of(window, "run_name") == "full-seed0 (2 of 2)", timeout=PATIENCE)
    second.open()
    wait_idle(qtbot, window)
    assert cells(window, "Name") == ["freeze-seed0", "full-seed0"]
    assert cells(window, "State") == ["done", "done"]
    model = window.runs
    assert [model.index(row, 0).data(COLOUR_ROLE) for row in range(2)] == [0, 1]
    assert the(window, QAbstractButton, "train_button").isEnabled()


def test_what_is_known_is_told_as_soon_as_a_run_ends(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(comparison(first := Gate(), last := Gate()))
    start(qtbot, window)
    window._tabs.setCurrentWidget(window.comparison)
    qtbot.waitUntil(lambda: words_of(window, "comparison_progress") != "", timeout=PATIENCE)
    assert words_of(window, "comparison_progress").startswith("0 of 2 runs done")
    first.open()
    qtbot.waitUntil(
        lambda: words_of(window, "comparison_progress").startswith("1 of 2 runs done"), timeout=PATIENCE
    )
    assert "two strategies" in words_of(window, "comparison_sentences")
    last.open()
    wait_idle(qtbot, window)
    assert words_of(window, "comparison_state") == "2 of 2 runs done."
    assert words_of(window, "comparison_sentences") == SENTENCE.replace("`freeze`", "“freeze”").replace(
        "`full`", "“full”"
    )
    table = the(window, QTableView, "strategies_table")
    titles = [table.model().index(row, 1).data() for row in range(2)]
    assert titles == ["Freeze extractor", "Everything learns"]
    assert says(window, "Threads: not the same in all runs", whole=True)


def test_a_run_can_be_skipped_and_only_one_of_a_comparison(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(job := comparison(gate := Gate()))
    skip = the(window, QAbstractButton, "skip_button")
    assert not skip.isVisible()
    start(qtbot, window)
    qtbot.waitUntil(skip.isVisible, timeout=PATIENCE)
    assert the(window, QAction, "action_skip").isEnabled()
    gate.reached.wait()
    click(qtbot, window, "skip_button")
    control = job.calls[0].control
    assert isinstance(control, CompareControl)
    assert control.skipping
    gate.open()
    wait_idle(qtbot, window)
    assert not skip.isVisible()
    assert not the(window, QAction, "action_skip").isEnabled()


def test_pause_and_stop_are_told_to_the_comparison(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(job := comparison(Gate()))
    start(qtbot, window)
    qtbot.waitUntil(lambda: bool(job.calls), timeout=PATIENCE)
    control = job.calls[0].control
    qtbot.waitUntil(the(window, QAbstractButton, "pause_button").isEnabled, timeout=PATIENCE)
    click(qtbot, window, "pause_button")
    assert control.paused
    click(qtbot, window, "pause_button")
    assert not control.paused
    click(qtbot, window, "stop_button")
    assert control.stopping
    wait_idle(qtbot, window)


def test_nothing_else_can_start_meanwhile(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(comparison(gate := Gate()))
    start(qtbot, window)
    assert not the(window, QAbstractButton, "train_button").isEnabled()
    assert not the(window, QAbstractButton, "compare_button").isEnabled()
    gate.open()
    wait_idle(qtbot, window)
    assert the(window, QAbstractButton, "compare_button").isEnabled()


def test_a_comparison_that_cannot_begin_is_said_in_a_sentence(qtbot: QtBot, ready_window: OpenWindow) -> None:
    window = ready_window(scripted_job(FtguiError("The disk is full.", "Make room.")))
    start(qtbot, window)
    wait_idle(qtbot, window)
    assert says(window, "The disk is full.")
    assert cells(window, "Name") == []
    assert the(window, QAbstractButton, "train_button").isEnabled()


# Opening again ----------------------------------------------------------------------------------------------


@pytest.fixture
def on_disk(drawn: Drawn, tmp_path: Path) -> Path:
    """A comparison that was made without a window."""
    with small_pictures():
        return Path(shutil.copytree(whole(drawn), tmp_path / "from a server"))


def test_a_comparison_made_on_the_command_line_opens_with_its_runs(
    qtbot: QtBot, open_window: OpenWindow, on_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(on_disk))
    window = open_window()
    the(window, QAction, "action_open_comparison").trigger()
    qtbot.waitUntil(window.comparison.isVisible, timeout=PATIENCE)
    assert words_of(window, "comparison_state") == "6 of 6 runs done."
    assert "pictures can show" in words_of(window, "comparison_sentences")
    assert the(window, QTableView, "strategies_table").model().rowCount() == 3
    assert sorted(cells(window, "Name")) == sorted(f"{s}-seed{n}" for s in COMPARED for n in (0, 1))
    assert len({window.runs.index(row, 0).data(COLOUR_ROLE) for row in range(6)}) == 3
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        the(window, QAction, "action_open_comparison").trigger()
    assert len(cells(window, "Name")) == 6, "the second time they are there"


def test_a_comparison_that_is_dropped_opens(qtbot: QtBot, open_window: OpenWindow, on_disk: Path) -> None:
    window = open_window()
    drop(window, on_disk)
    qtbot.waitUntil(window.comparison.isVisible, timeout=PATIENCE)


def test_a_folder_without_a_comparison_is_said(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    window = open_window()
    the(window, QAction, "action_open_comparison").trigger()
    qtbot.waitUntil(lambda: says(window, "holds no comparison"), timeout=PATIENCE)


def test_the_report_opens_where_reports_open(
    qtbot: QtBot, open_window: OpenWindow, on_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    window = open_window()
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        window.open_comparison(on_disk)
    click(qtbot, window, "open_report")
    assert [url.toLocalFile() for url in opened] == [str(on_disk / "report.html")]


def test_a_run_that_is_damaged_is_left_out_of_the_table_and_said(
    qtbot: QtBot, open_window: OpenWindow, on_disk: Path
) -> None:
    (on_disk / RUNS / "freeze-seed1" / EVENTS).write_text("no event\nnor this\n", encoding="utf-8")
    window = open_window()
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        window.open_comparison(on_disk)
    assert words_of(window, "message") == "Left out of the table, as it cannot be read: “freeze-seed1”."
    assert sorted(cells(window, "Name")) == sorted(
        f"{s}-seed{n}" for s in COMPARED for n in (0, 1) if (s, n) != ("freeze", 1)
    )
    assert window.comparison.folder == on_disk


def test_a_comparison_that_moves_with_its_project_is_shown_where_it_lies_now(
    qtbot: QtBot,
    open_window: OpenWindow,
    on_disk: Path,
    runs_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs_folder.mkdir(exist_ok=True)
    on_disk.rename(runs_folder / "compared")
    window = open_window()
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        window.open_comparison(runs_folder / "compared")
    saved = tmp_path / "saved"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(saved), ""))
    the(window, QAction, "action_save_project").trigger()
    now = saved / RUNS / "compared"
    qtbot.waitUntil(lambda: window.comparison.folder == now, timeout=PATIENCE)
    assert now.is_dir()
    assert not (runs_folder / "compared").exists()


def test_a_comparison_with_runs_left_goes_on_in_its_folder_and_its_rows(
    qtbot: QtBot, open_window: OpenWindow, on_disk: Path
) -> None:
    from ftgui.runs.comparing import result_of
    from ftgui.runs.comparison import read_comparison, write_comparison

    shutil.rmtree(on_disk / RUNS / "lr-zero-seed1")
    known = read_comparison(on_disk)
    write_comparison(on_disk, msgspec.structs.replace(known, result=result_of(on_disk, known)))
    window = open_window(job := comparison())
    with qtbot.waitSignal(window.comparisons.opened, timeout=PATIENCE):
        window.open_comparison(on_disk)
    assert len(cells(window, "Name")) == 5
    click(qtbot, window, "continue_comparison")
    wait_idle(qtbot, window)
    assert job.calls[0].folder == on_disk
    assert job.calls[0].config is None, "what is compared there"
    assert "freeze-seed0" in cells(window, "Name")
    assert len(cells(window, "Name")) == 6, "one that is there already is told anew in its row"
