"""How far a comparison is, in numbers and in words."""

from __future__ import annotations

import pytest

from ftgui.runs.progress import Progress, left_words, now, progress_of, seconds_of_strategies
from ftgui.runs.results import RunResult


def run(strategy: str, seconds: float | None, state: str = "done") -> RunResult:
    return RunResult(name=strategy, strategy=strategy, seed=0, state=state, seconds=seconds)


def test_what_ran_counts_and_what_did_not_is_as_foreseen() -> None:
    runs = [run("full", 10.0), run("full", 30.0), run("freeze", 99.0, "failed"), run("thaw", None, "waiting")]
    assert seconds_of_strategies(runs, {"full": 1.0, "thaw": 5.0}) == {"full": 20.0, "thaw": 5.0}


def test_what_nobody_knows_is_counted_and_makes_it_the_least() -> None:
    progress = progress_of([("full", 1.0), ("full", 1.0), ("thaw", 1.0)], 5, {"full": 20.0})
    assert progress == Progress(done=2, total=5, seconds_left=40.0, unknown=1)
    assert progress.is_at_least
    assert progress_of([("thaw", 1.0)], 5, {}).seconds_left is None
    assert progress_of([], 5, {}) == Progress(done=5, total=5, seconds_left=0.0)


def test_a_run_that_is_gone_on_with_counts_for_what_is_left_of_it() -> None:
    assert progress_of([("full", 0.25), ("full", 1.0)], 3, {"full": 20.0}).seconds_left == 25.0


def test_a_runs_own_pace_counts_for_the_rest_of_it() -> None:
    begun = Progress(done=1, total=3, seconds_left=50.0, unknown=0)
    assert now(begun, 20.0, 5.0).seconds_left == 35.0
    assert now(begun, 20.0, None) == begun
    unknown = Progress(done=1, total=3, seconds_left=30.0, unknown=1)
    assert now(unknown, None, 5.0) == Progress(done=1, total=3, seconds_left=35.0, unknown=0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.0, ""),
        (4.4, "about 4 s left"),
        (38.0, "about 40 s left"),
        (200.0, "about 3 min left"),
        (3580.0, "about 1 h left"),
        (7900.0, "about 2 h 10 min left"),
    ],
)
def test_what_is_left_is_said_as_well_as_it_is_known(seconds: float | None, words: str) -> None:
    assert left_words(Progress(done=0, total=2, seconds_left=seconds)) == words


def test_where_something_is_not_known_it_is_at_least() -> None:
    assert left_words(Progress(done=0, total=2, seconds_left=200.0, unknown=1)) == "at least 3 min left"
