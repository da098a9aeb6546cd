"""The search for a learning rate over a user's own pictures and weights."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from ftgui.core.errors import FtguiError
from ftgui.jobs import prepare as prepare_job
from ftgui.jobs.lr_find import find_learning_rate
from ftgui.training import lr_finder
from ftgui.training.control import RunControl
from ftgui.training.events import PhaseProgress
from ftgui.training.lr_finder import LrFound
from tests.fixtures import Drawn

pytestmark = pytest.mark.usefixtures("small_crops")


def searched(drawn: Drawn, **changes: Any) -> tuple[list[Any], LrFound]:
    *events, found = find_learning_rate(drawn.config(**changes))
    assert isinstance(found, LrFound)
    return events, found


def test_it_goes_through_its_steps_and_ends_in_a_suggestion(drawn: Drawn) -> None:
    events, found = searched(drawn)
    assert all(isinstance(event, PhaseProgress) for event in events)
    phases = [event.phase for event in events]
    assert list(dict.fromkeys(phases)) == [
        "looking at pictures",
        "reading weights",
        "computing frozen stages",
        "trying learning rates",
    ]
    steps = [event.done for event in events if event.phase == "trying learning rates"]
    assert steps == list(range(1, len(steps) + 1))
    assert len(found.trials) in (len(steps), len(steps) + 1), "the last may be the one that blew up"
    assert found.strategy == "freeze"
    assert found.suggestion in [trial.lr for trial in found.trials]
    assert 1e-4 < (found.suggestion or 0) < 1


def test_nothing_is_written(drawn: Drawn) -> None:
    folder = drawn.data.parent
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    weights = hashlib.sha256(drawn.weights.read_bytes()).hexdigest()
    searched(drawn, strategy="full")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert hashlib.sha256(drawn.weights.read_bytes()).hexdigest() == weights


@pytest.mark.long
def test_every_strategy_has_a_search_of_its_own(drawn: Drawn) -> None:
    curves = {
        strategy: [trial.loss for trial in searched(drawn, strategy=strategy)[1].trials][:20]
        for strategy in ("freeze", "full", "scratch")
    }
    assert curves["freeze"] != curves["full"] != curves["scratch"]


def test_lr_zero_searches_as_freeze_does(drawn: Drawn) -> None:
    """The extractor stays at 0 at every rate that is tried."""
    freeze, zero = (
        searched(drawn, strategy=strategy, cache="off")[1].trials for strategy in ("freeze", "lr-zero")
    )
    assert freeze == zero


def test_a_stop_while_pictures_are_decoded_finds_nothing(drawn: Drawn) -> None:
    control, events = RunControl(), []
    for event in find_learning_rate(drawn.config(), control):
        events.append(event)
        if isinstance(event, PhaseProgress) and event.phase == "computing frozen stages":
            control.stop()
    assert not any(isinstance(event, LrFound) for event in events)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategy": "partial", "freeze_until": "layer9"}, "There is no stage “layer9”"),
        ({"strategy": "melt"}, "There is no strategy “melt”"),
        ({"weights": "/none.pth"}, "There is no file"),
        ({"dataset": "/none"}, "There is no folder"),
    ],
)
def test_what_will_not_do_is_put_in_words(drawn: Drawn, changes: dict[str, str], words: str) -> None:
    with pytest.raises(FtguiError, match=words):
        list(find_learning_rate(drawn.config(**changes)))


def test_pictures_of_which_none_can_be_read_are_put_in_words(drawn: Drawn, tmp_path: Path) -> None:
    for name in ("apples", "bricks"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(4):
            (tmp_path / "data" / name / f"{number}.jpg").write_text(f"no picture {name} {number}")
    with pytest.raises(FtguiError, match="fewer than two readable training pictures"):
        list(find_learning_rate(drawn.config(dataset=str(tmp_path / "data"))))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
@pytest.mark.parametrize("place", [(prepare_job, "load_pretrained"), (lr_finder, "train_step")])
def test_running_out_of_memory_says_so(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch, error: Exception, place: Any
) -> None:
    def fail(*arguments: Any) -> Any:
        raise error

    monkeypatch.setattr(*place, fail)
    with pytest.raises(FtguiError, match="The memory is not enough"):
        list(find_learning_rate(drawn.config()))


def test_a_search_that_is_dropped_in_the_middle_leaves_nothing_running(drawn: Drawn) -> None:
    """As when the window closes. The harness looks for threads."""
    events = find_learning_rate(drawn.config())
    for event in events:
        if isinstance(event, PhaseProgress) and event.phase == "computing frozen stages":
            break
    events.close()  # type: ignore[attr-defined]
