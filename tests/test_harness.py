"""The harness bites: each kind of noise and leak fails the test that made it, and no other."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import platformdirs
import pytest
from PySide6.QtCore import QSettings

from tests.harness.process import REPOSITORY, run_python

BITES = {
    "logs_a_warning": "WARNING ftgui.somewhere: the disk is full (badly_behaved.py:",
    "logs_an_error_to_a_logger_that_does_not_propagate": "ERROR a_library: out of paper",
    "expects_a_record_that_never_comes": "no log record came that fits WARNING ftgui: 'the moon is full'",
    "lets_qt_warn": "WARNING qt: a careless word",
    "lets_qt_warn_while_a_fixture_is_torn_down": "WARNING qt: a last word",
    "warns": "FutureWarning: this will change",
    "warns_in_a_thread": "FutureWarning: this changes too",
    "drops_what_cannot_be_dropped": "ValueError: I stay",
    "raises_in_a_slot": "ValueError: nobody is at home",
    "leaks_a_python_thread": "a Python thread still running: <Thread(a forgotten thread,",
    "leaks_a_qthread": "a QThread still running: QThread “a forgotten QThread”, without a parent",
    "leaks_a_timer": "an active QTimer: every 7321 ms, without a parent",
    "leaks_a_single_shot": "an active QTimer: every 8642 ms",
    "leaks_a_window": "a window: QWidget “forgotten”",
    "fails_and_keeps_a_window_alive_by_its_traceback": "window.isVisible()",
}
"""What each bad test's failure must say."""

WELL_BEHAVED = (
    "logs_what_it_expects",
    "lets_qt_warn_as_expected",
    "shows_a_dialog_on_a_platform_without_windows",
    "lives_beside_a_leaked_thread",
    "ends_its_qthread",
    "keeps_its_window_tidy",
    "uses_what_a_fixture_of_the_module_started",
    "does_so_again",
    "follows_one_that_failed",
    "changes_a_setting",
    "does_not_find_the_setting_of_another_test",
)


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each test of ``badly_behaved.py`` failed with, or "" where it passed."""
    report = tmp_path_factory.mktemp("harness") / "report.xml"
    bad = REPOSITORY / "tests" / "harness" / "badly_behaved.py"
    done = run_python(
        "-m", "pytest", str(bad), f"--junitxml={report}", "-p", "no:cacheprovider", cwd=REPOSITORY
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return _failures_by_test(report)


def _failures_by_test(report: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.attrib["name"].removeprefix("test_")
        failed = [*case.iter("failure"), *case.iter("error")]
        texts[name] = texts.get(name, "") + "\n".join(node.text or "" for node in failed)
    return texts


@pytest.mark.parametrize("name", BITES)
def test_a_test_that_misbehaves_fails_and_is_told_why(name: str, failures: dict[str, str]) -> None:
    assert BITES[name] in failures[name]


@pytest.mark.parametrize("name", WELL_BEHAVED)
def test_a_test_is_not_blamed_for_what_is_harmless_or_a_neighbours(
    name: str, failures: dict[str, str]
) -> None:
    assert not failures[name]


def test_every_badly_behaved_test_is_spoken_of(failures: dict[str, str]) -> None:
    assert set(failures) == {*BITES, *WELL_BEHAVED}


def test_a_failed_test_is_not_also_told_what_its_traceback_keeps(failures: dict[str, str]) -> None:
    assert "left behind" not in failures["fails_and_keeps_a_window_alive_by_its_traceback"]


def test_the_users_folders_are_the_tests_own(user_home: Path) -> None:
    settings = QSettings("ftgui", "ftgui")
    for place in (
        Path.home(),
        platformdirs.user_data_path("ftgui"),
        platformdirs.user_config_path("ftgui"),
        platformdirs.user_cache_path("ftgui"),
        Path(settings.fileName()),
    ):
        assert place.is_relative_to(user_home), place


def test_no_screen_is_needed() -> None:
    assert os.environ["QT_QPA_PLATFORM"]
