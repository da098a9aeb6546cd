"""Events folded into curves, live and from disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.runs.history import RunHistory, RunState, open_run
from ftgui.training.events import (
    BatchEnded,
    EpochEnded,
    PhaseProgress,
    Reason,
    RunEnded,
    RunWarning,
    TrainingEvent,
)
from tests.fixtures import Finished
from tests.training.test_events import ENDED, EPOCH, STARTED


def batch(epoch: int, number: int, loss: float | None = 0.9, accuracy: float = 0.3) -> BatchEnded:
    return BatchEnded(
        epoch=epoch,
        batch=number,
        batches=4,
        loss=loss,
        accuracy=accuracy,
        pictures_per_second=10,
        seconds_left=5,
    )


def epoch(number: int, **changes: object) -> EpochEnded:
    return msgspec.structs.replace(EPOCH, epoch=number, **changes)


def folded(*events: TrainingEvent) -> RunHistory:
    history = RunHistory("run", Path("run"))
    for event in events:
        history.apply(event)
    return history


def test_curves_have_a_point_an_epoch() -> None:
    history = folded(STARTED, epoch(1), epoch(2, train_loss=0.5, val_loss=0.4, val_accuracy=0.8))
    assert history.series("train", "loss") == ([1.0, 2.0], [0.7, 0.5])
    assert history.series("val", "loss") == ([1.0, 2.0], [0.6, 0.4])
    assert history.series("val", "accuracy") == ([1.0, 2.0], [0.75, 0.8])
    assert history.series("train", "accuracy") == ([1.0, 2.0], [0.5, 0.5])


def test_a_training_curve_ends_in_the_running_mean_of_the_epoch_that_goes_on() -> None:
    history = folded(STARTED, batch(1, 4), epoch(1), batch(2, 2))
    assert history.series("train", "loss") == ([1.0, 1.5], [0.7, 0.9])
    assert history.series("train", "accuracy") == ([1.0, 1.5], [0.5, 0.3])
    assert history.series("val", "loss") == ([1.0], [0.6])
    history.apply(epoch(2, train_loss=0.5))
    assert history.series("train", "loss") == ([1.0, 2.0], [0.7, 0.5])


def test_an_epoch_that_goes_on_is_a_point_once_half_of_it_is_done() -> None:
    assert folded(STARTED, batch(1, 1)).series("train", "loss") == ([], [])
    assert folded(STARTED, batch(1, 2)).series("train", "loss") == ([0.5], [0.9])
    interrupted = folded(STARTED, batch(1, 2))
    interrupted.state = RunState.INTERRUPTED
    assert interrupted.series("train", "loss") == ([], []), "nothing goes on any more"
    assert folded(STARTED).series("train", "loss") == ([], [])


def test_points_that_are_not_finite_are_left_out() -> None:
    history = folded(STARTED, epoch(1, train_loss=None, val_loss=None), batch(2, 2, loss=None))
    assert history.series("train", "loss") == ([], [])
    assert history.series("val", "loss") == ([], [])
    assert history.series("train", "accuracy") == ([1.0, 1.5], [0.5, 0.3])


def test_the_best_epoch_is_the_last_that_was_called_so() -> None:
    history = folded(STARTED, epoch(1), epoch(2, is_best=False), epoch(3), epoch(4, is_best=False))
    assert history.best is not None
    assert history.best.epoch == 3
    assert folded(STARTED, epoch(1, is_best=False)).best is None


def test_how_much_is_done_counts_batches_within_epochs_and_keeps_a_share_for_validation() -> None:
    history = RunHistory("run", Path("run"))
    fractions = [history.fraction]
    for event in (STARTED, batch(1, 2), batch(1, 4), epoch(1), batch(2, 4), ENDED):
        history.apply(event)
        fractions.append(history.fraction)
    assert fractions == pytest.approx([0, 0, 0.0375, 0.075, 0.1, 0.175, 1])


def test_work_outside_the_batches_is_shown_while_it_goes_on() -> None:
    history = RunHistory("run", Path("run"))
    going, done = (PhaseProgress(phase="decoding pictures", done=n, total=4) for n in (3, 4))
    history.apply(going)
    assert history.progress == going
    history.apply(done)
    assert history.progress is None
    history.apply(going)
    history.apply(batch(1, 1))
    assert history.progress is None


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.COMPLETED, RunState.DONE),
        (Reason.EARLY_STOPPED, RunState.DONE),
        (Reason.STOPPED, RunState.STOPPED),
        (Reason.NAN_LOSS, RunState.FAILED),
        (Reason.FAILED, RunState.FAILED),
        (Reason.PROOF_FAILED, RunState.FAILED),
    ],
)
def test_where_a_run_stands_follows_its_events(reason: Reason, state: RunState) -> None:
    history = RunHistory("run", Path("run"))
    assert history.state is RunState.PREPARING
    history.apply(STARTED)
    assert history.state is RunState.TRAINING
    history.apply(msgspec.structs.replace(ENDED, reason=reason))
    assert history.state is state


def test_warnings_are_kept() -> None:
    warning = RunWarning(message="It rains.")
    assert folded(warning, STARTED).warnings == [warning]


def test_a_run_read_from_disk_shows_what_the_live_one_showed(finished: dict[str, Finished]) -> None:
    for run in finished.values():
        live = RunHistory(run.folder.name, run.folder)
        for event in run.events:
            live.apply(event)
        read = open_run(run.folder)
        assert (read.state, read.started, read.ended) == (live.state, live.started, live.ended)
        assert (read.epochs, read.warnings, read.best) == (live.epochs, live.warnings, live.best)
        for measure in ("loss", "accuracy"):
            assert read.series("train", measure) == live.series("train", measure)  # type: ignore[arg-type]
        assert read.fraction == 1


def cut(run: Finished, folder: Path, keep: bytes) -> Path:
    """Return a copy of a run whose events end after ``keep``."""
    shutil.copytree(run.folder, folder)
    (folder / "events.jsonl").write_bytes(keep)
    return folder


@pytest.fixture
def lines(finished: dict[str, Finished]) -> list[bytes]:
    return (finished["freeze"].folder / "events.jsonl").read_bytes().splitlines(keepends=True)


def test_a_run_that_was_cut_off_is_read_up_to_there(
    finished: dict[str, Finished], lines: list[bytes], tmp_path: Path
) -> None:
    kinds = [type(msgspec.json.decode(line, type=TrainingEvent)) for line in lines]
    end = kinds.index(EpochEnded) + 1
    for half in (b"", lines[end][:20], lines[end][:-2]):
        folder = cut(finished["freeze"], tmp_path / str(len(half)), b"".join(lines[:end]) + half)
        history = open_run(folder)
        assert history.state is RunState.INTERRUPTED
        assert [e.epoch for e in history.epochs] == [1]
        assert history.ended is None


def test_a_run_without_any_event_was_interrupted(finished: dict[str, Finished], tmp_path: Path) -> None:
    history = open_run(cut(finished["freeze"], tmp_path / "run", b""))
    assert (history.state, history.started) == (RunState.INTERRUPTED, None)


def test_a_line_damaged_in_the_middle_is_named(
    finished: dict[str, Finished], lines: list[bytes], tmp_path: Path
) -> None:
    folder = cut(finished["freeze"], tmp_path / "run", lines[0] + b"{half a li\n" + b"".join(lines[2:]))
    with pytest.raises(FtguiError, match=r"Line 2 of “.*events\.jsonl” cannot be read\."):
        open_run(folder)


def test_a_run_of_a_newer_ftgui_is_refused_by_name(
    finished: dict[str, Finished], lines: list[bytes], tmp_path: Path
) -> None:
    """Its files say so, and hold events that nobody here has heard of."""
    newer = [line.replace(b'"format_version":1', b'"format_version":2') for line in lines]
    assert newer != lines
    unheard_of = b'{"event":"gradient_painted"}\n'
    folder = cut(finished["freeze"], tmp_path / "run", b"".join([unheard_of, *newer]))
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"format_version": 1', '"format_version": 2', 1))
    with pytest.raises(FtguiError, match="newer ftgui"):
        open_run(folder)


def test_a_folder_that_is_no_run_is_said(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(FtguiError, match="is not a run folder") as caught:
            open_run(folder)
        assert caught.value.hint


def test_an_end_can_be_read_back_whatever_it_says() -> None:
    for reason in Reason:
        end = msgspec.structs.replace(ENDED, reason=reason, best_epoch=None, frozen_changed=None)
        assert records.from_json(records.to_json_line(end).encode(), RunEnded, "line") == end
