"""The page of a comparison by itself: whose news it shows, how far that is, and what is added to it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QComboBox, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from ftgui.gui.dialogs.compare import TICKED, CompareDialog, read_rates
from ftgui.gui.pages.comparison_page import ComparisonPage
from ftgui.gui.sessions.training import Comparing, TrainingSession
from ftgui.runs.comparison import ComparisonFile, ComparisonPlan
from ftgui.runs.results import ComparisonResult, RunResult, SeedPair
from tests.gui.conftest import OpenWindow
from tests.gui.driving import PATIENCE, click, says, the, type_over, words_of
from tests.gui.scripted import Gate
from tests.gui.test_comparing import comparison
from tests.results import pair_result, progress, strategy_result
from tests.runs.drawn_comparison import plan_of

HERE, THERE = Path("/runs/here"), Path("/runs/there")


def result(dataset: str, *states: str) -> ComparisonResult:
    runs = tuple(
        RunResult(name=f"freeze-seed{seed}", strategy="freeze", seed=seed, state=state)
        for seed, state in enumerate(states)
    )
    return ComparisonResult(
        measure="last epoch", measure_words="", dataset=dataset, architecture="resnet18", runs=runs
    )


@pytest.fixture
def page(qtbot: QtBot) -> ComparisonPage:
    page = ComparisonPage()
    qtbot.addWidget(page)
    page.show()
    return page


def shown(page: ComparisonPage) -> str:
    return words_of(page, "comparison_facts").partition(" · ")[0]


# Whose news --------------------------------------------------------------------------------------


def test_a_page_that_shows_nothing_takes_whatever_news_there_is(page: ComparisonPage) -> None:
    page.show_result(HERE, result("ants", "done"))
    assert (page.folder, shown(page)) == (HERE, "ants")


def test_an_opened_comparison_is_not_replaced_by_another_that_goes_on(page: ComparisonPage) -> None:
    opened = ComparisonFile(plan=plan_of("freeze"), result=result("bees", "done"))
    page.follow(HERE)
    page.show_result(HERE, result("ants", "waiting"))
    page.show_comparison(THERE, opened)
    page.show_result(HERE, result("ants", "done"))
    page.show_progress(Comparing(HERE, progress=progress(1, 2)))
    assert (page.folder, shown(page)) == (THERE, "bees")
    assert not the(page, QProgressBar, "comparison_bar").isVisible()
    page.show_result(THERE, result("wasps", "done"))
    assert shown(page) == "wasps", "news of the one that is shown"


def test_one_that_begins_is_followed_though_another_is_shown(page: ComparisonPage) -> None:
    page.show_result(HERE, result("ants", "done"))
    page.follow(THERE)
    assert page.folder == HERE, "until there is news"
    page.show_result(THERE, result("bees", "waiting"))
    assert page.folder == THERE


# Several of them --------------------------------------------------------------------------------


def test_comparisons_of_a_project_are_offered_where_there_are_several(
    qtbot: QtBot, page: ComparisonPage
) -> None:
    choice = the(page, QComboBox, "comparison_choice")
    page.show_result(HERE, result("ants", "done"))
    assert not choice.isVisible()
    page.set_known((THERE, HERE))
    assert choice.isVisible()
    assert [choice.itemText(place) for place in range(choice.count())] == ["there", "here"]
    assert choice.currentText() == "here", "the one that is shown"
    with qtbot.waitSignal(page.chosen) as chosen:
        choice.setFocus()
        qtbot.keyClick(choice, Qt.Key.Key_Up)
    assert chosen.args == [THERE]
    page.show_comparison(Path("/runs/new"), ComparisonFile(plan=plan_of("freeze"), result=None))
    assert choice.currentText() == "new", "and one that comes is offered first"
    assert choice.count() == 3
    page.show_none()
    page.show_result(HERE, result("ants", "done"))
    assert not choice.isVisible(), "another project has others"


# What is left -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (("done", "done"), ""),
        (("done", "waiting", "skipped"), "Continue"),
        (("done", "interrupted"), "Continue"),
        (("done", "skipped"), "Train the skipped"),
    ],
)
def test_what_is_left_is_offered_and_what_was_skipped_comes_last(
    qtbot: QtBot, page: ComparisonPage, states: tuple[str, ...], words: str
) -> None:
    page.show_result(HERE, result("ants", *states))
    button = the(page, QAbstractButton, "continue_comparison")
    assert button.isVisible() == bool(words)
    if words:
        assert button.text() == words
        requested = page.skipped_requested if "waiting" not in states and "skipped" in states else None
        with qtbot.waitSignal(requested or page.continue_requested) as signal:
            click(qtbot, page, "continue_comparison")
        assert signal.args == [HERE]


def test_a_run_that_was_skipped_after_it_broke_is_not_left(page: ComparisonPage) -> None:
    broken = RunResult(name="full-seed0", strategy="full", seed=0, state="skipped", reason="failed")
    page.show_result(HERE, ComparisonResult(measure="last epoch", measure_words="", runs=(broken,)))
    assert the(page, QAbstractButton, "continue_comparison").text() == "Train the skipped"


# What it says -----------------------------------------------------------------------------------


def test_a_pair_stands_with_its_interval_and_a_p_for_each_seed(page: ComparisonPage) -> None:
    seeds = tuple(
        SeedPair(seed=seed, only_first=1, only_second=2, p=p, p_holm=p) for seed, p in ((0, 0.5), (1, 1.0))
    )
    pair = pair_result(strategy_result("freeze"), strategy_result("full"), words="No `freeze`.", seeds=seeds)
    page.show_result(HERE, msgspec.structs.replace(result("ants", "done"), pairs=(pair,)))
    assert says(page, "No “freeze”.")
    assert says(page, "0.0 points (−5.0 to +5.0) · p by seed 0.500, 1.000 · of all 1.000")


# How far -----------------------------------------------------------------------------------------


def test_how_far_it_is_stands_in_the_head_while_it_goes_on(page: ComparisonPage) -> None:
    bar = the(page, QProgressBar, "comparison_bar")
    page.show_result(HERE, result("ants", "done", "waiting"))
    assert not bar.isVisible()
    page.show_progress(Comparing(HERE, progress=progress(5, 21, 720.0)))
    assert words_of(page, "comparison_progress") == "5 of 21 runs done · about 12 min left"
    assert (bar.isVisible(), bar.maximum(), bar.value()) == (True, 21, 5)
    page.show_progress(Comparing(HERE, progress=progress(5, 21, 720.0, unknown=3)))
    assert words_of(page, "comparison_progress") == "5 of 21 runs done · at least 12 min left"
    page.show_progress(Comparing(HERE, progress=progress(0, 21, unknown=21)))
    assert words_of(page, "comparison_progress") == "0 of 21 runs done"
    page.show_progress(None)
    assert not bar.isVisible()
    assert words_of(page, "comparison_state") == "1 of 2 runs done."


def test_one_that_has_just_begun_is_shown_with_all_its_runs_waiting(page: ComparisonPage) -> None:
    waiting = result("", "waiting", "waiting").runs
    page.show_progress(Comparing(HERE, waiting=waiting, progress=progress(0, 2, unknown=2)))
    assert words_of(page, "comparison_progress") == "0 of 2 runs done"
    assert the(page, QProgressBar, "comparison_bar").isVisible()


def test_a_session_tells_how_far_it_is_and_when_nothing_goes_on_any_more(
    qtbot: QtBot, tmp_path: Path
) -> None:
    session, told = TrainingSession(job := comparison(gate := Gate())), []
    session.comparing_changed.connect(lambda c: told.append(c and (c.done, c.runs, c.seconds_left)))
    session.compare(None, tmp_path, {"freeze": 60.0})
    qtbot.waitUntil(gate.reached.is_set, timeout=PATIENCE)
    qtbot.waitUntil(lambda: len(told) >= 3, timeout=PATIENCE)
    assert told[:3] == [(0, 2, None), (0, 2, None), (0, 2, 4.0)], "the pace of its first run is known"
    gate.open()
    qtbot.waitUntil(lambda: told[-1] is None, timeout=PATIENCE)
    assert (1, 2, 240.0) in told
    assert (2, 2, 0.0) in told
    assert job.calls[0].control.forecast == {"freeze": 60.0}  # type: ignore[union-attr]
    session.shutdown()


# Asking ------------------------------------------------------------------------------------------


def test_compare_on_the_empty_page_waits_and_says_what_for(page: ComparisonPage) -> None:
    button = the(page, QAbstractButton, "begin_comparison")
    page.set_ready(False, "Choose pictures first.")
    assert not button.isEnabled()
    assert words_of(page, "comparison_why") == "Choose pictures first."
    page.set_ready(True)
    assert button.isEnabled()
    assert not the(page, QWidget, "comparison_why").isVisible()


def test_a_comparison_that_is_shown_can_be_added_to_while_nothing_else_runs(
    qtbot: QtBot, page: ComparisonPage
) -> None:
    page.show_result(HERE, result("ants", "done"))
    page.set_busy(True)
    assert not the(page, QAbstractButton, "extend_comparison").isEnabled()
    page.set_busy(False)
    with qtbot.waitSignal(page.extend_requested, timeout=PATIENCE) as asked:
        click(qtbot, page, "extend_comparison")
    assert asked.args == [HERE]


# Adding ------------------------------------------------------------------------------------------


def adding(qtbot: QtBot, window: QWidget, plan: ComparisonPlan) -> CompareDialog:
    dialog = CompareDialog(window.project, window, existing=ComparisonFile(plan=plan))  # type: ignore[attr-defined]
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_what_is_compared_already_stays_ticked_and_more_can_be_ticked(
    qtbot: QtBot, open_window: OpenWindow
) -> None:
    plan = plan_of("full", "freeze", seeds=(3, 1), lrs=(0.01, 0.1), epochs=7)
    dialog = adding(qtbot, open_window(), plan)
    fixed = [name for name, box in dialog.boxes.items() if box.isChecked() and not box.isEnabled()]
    assert sorted(fixed) == ["freeze", "full"]
    assert not the(dialog, QCheckBox, "compare_thaw").isChecked()
    assert "small-lr" in TICKED
    assert not the(dialog, QCheckBox, "compare_small-lr").isChecked(), "nothing is added unasked"
    assert "Tick another" in words_of(dialog, "compare_sentence")
    assert not dialog.start_button.isEnabled()
    assert not dialog.rates.isEnabled()
    assert dialog.seeds.minimum() == 2
    click(qtbot, dialog, "compare_thaw")
    type_over(qtbot, dialog.seeds, "3")
    assert words_of(dialog, "compare_sentence") == "10 more runs of 7 epochs."
    with qtbot.waitSignal(dialog.start_requested, timeout=PATIENCE) as asked:
        click(qtbot, dialog, "compare_start")
    wanted = msgspec.structs.replace(plan, strategies=("full", "freeze", "thaw"), seeds=(3, 1, 4))
    assert asked.args == [wanted], "the settings are those of the comparison"


def test_the_window_waits_for_the_dialog(qtbot: QtBot, open_window: OpenWindow) -> None:
    dialog = adding(qtbot, open_window(), plan_of("full"))
    assert dialog.windowModality() is Qt.WindowModality.WindowModal


@pytest.mark.parametrize(
    "text",
    [
        "0.001, 0.003",
        "0.001; 0.003",
        "0.001 0.003",
        "0.001,0.003",
        "1e-3,3e-3",
        " 0.001 ,0.003, ",
        "0.001;0.003",
    ],
)
def test_rates_are_read_however_they_are_parted(text: str) -> None:
    assert read_rates(text) == (0.001, 0.003)
