"""A run folder that goes on: nothing told twice, nothing half told, and one program at a time."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import pytest

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.runs.store import RunStore, read_summary
from ftgui.training.events import EpochEnded, RunStarted, TrainingEvent
from tests.harness.process import REPOSITORY, run_python
from tests.runs.test_store import VERSIONS, epoch, epochs_in_metrics
from tests.runs.test_store import store as store
from tests.training.test_events import ENDED, STARTED

# Going on --------------------------------------------------------------------------------------------------


def resumed_after(count: int) -> RunStarted:
    return msgspec.structs.replace(STARTED, resumed_after=count)


def lines(folder: Path) -> list[bytes]:
    return (folder / "events.jsonl").read_bytes().splitlines(keepends=True)


def as_lines(*events: TrainingEvent) -> list[bytes]:
    return [records.to_json_line(event).encode() + b"\n" for event in events]


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A run folder in which three epochs were told and no end."""
    store = RunStore(tmp_path / "stopped", VERSIONS)
    for event in (STARTED, epoch(1), epoch(2), epoch(3)):
        store.record(event)
    store.close()
    return store.folder


def go_on(folder: Path, epochs: list[EpochEnded], *events: TrainingEvent) -> None:
    store = RunStore(folder, VERSIONS, resumes=epochs)
    try:
        for event in events:
            store.record(event)
    finally:
        store.close()


def test_a_run_that_goes_on_adds_to_what_was_told(stopped: Path) -> None:
    before, log = lines(stopped), (stopped / "log.txt").read_text()
    go_on(stopped, [epoch(1), epoch(2), epoch(3)], resumed_after(3), epoch(4), ENDED)
    assert lines(stopped) == [*before, *as_lines(resumed_after(3), epoch(4), ENDED)]
    assert (stopped / "log.txt").read_text().startswith(log)
    assert "; resumed after epoch 3\n" in (stopped / "log.txt").read_text()
    assert read_summary(stopped).started == resumed_after(3)
    assert read_summary(stopped).ended == ENDED


@pytest.mark.parametrize(
    "half", [b"", b"{", b'{"event":"epoch_ended","epoch":4', '{"message":"ü'.encode()[:-1]], ids=repr
)
def test_a_last_line_that_was_never_finished_is_cut_off_before_more_is_added(
    stopped: Path, half: bytes
) -> None:
    """Or the next event would join it, and none of the file could be read any more."""
    before = lines(stopped)
    with (stopped / "events.jsonl").open("ab") as stream:
        stream.write(half)
    go_on(stopped, [epoch(1), epoch(2), epoch(3)], resumed_after(3))
    assert lines(stopped) == [*before, *as_lines(resumed_after(3))]


def test_a_file_of_half_a_line_begins_anew(stopped: Path) -> None:
    (stopped / "events.jsonl").write_bytes(b'{"event":"run_st')
    go_on(stopped, [], STARTED)
    assert lines(stopped) == as_lines(STARTED)


def test_an_epoch_that_is_done_anew_is_one_row_of_the_metrics(stopped: Path) -> None:
    """Its first telling came after the last checkpoint, so it does not count."""
    again = epoch(3, val_loss=0.125)
    go_on(stopped, [epoch(1), epoch(2)], resumed_after(2), again, epoch(4))
    assert epochs_in_metrics(stopped) == [1, 2, 3, 4]
    with (stopped / "metrics.csv").open(newline="") as stream:
        assert [row["val_loss"] for row in csv.DictReader(stream)] == ["0.6", "0.6", "0.125", "0.6"]


def test_an_epoch_after_the_one_that_it_goes_on_from_is_no_row_until_it_is_done(stopped: Path) -> None:
    """Whatever was handed over: the beginning says how many count."""
    go_on(stopped, [epoch(1), epoch(2), epoch(3)], resumed_after(1), epoch(2), epoch(3))
    assert epochs_in_metrics(stopped) == [1, 2, 3]


def test_a_run_that_goes_on_and_ends_at_once_still_has_its_metrics(stopped: Path) -> None:
    (stopped / "metrics.csv").unlink()
    go_on(stopped, [epoch(1), epoch(2)], resumed_after(2), ENDED)
    assert epochs_in_metrics(stopped) == [1, 2]


def test_a_run_that_ends_before_it_goes_on_is_summed_up_by_how_it_had_started(stopped: Path) -> None:
    """It was stopped again while its pictures were decoded, say."""
    store = RunStore(stopped, VERSIONS, resumes=[epoch(1), epoch(2)], started=STARTED)
    store.record(ENDED)
    store.close()
    summary = read_summary(stopped)
    assert (summary.started, summary.ended) == (STARTED, ENDED)
    assert epochs_in_metrics(stopped) == [1, 2]


def test_a_run_without_a_checkpoint_begins_anew_in_its_folder(stopped: Path) -> None:
    go_on(stopped, [], STARTED, epoch(1))
    assert epochs_in_metrics(stopped) == [1]


# One program at a time -------------------------------------------------------------------------------------


def test_the_lock_is_there_while_the_run_is_written_and_gone_afterwards(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", VERSIONS)
    assert (store.folder / ".lock").is_file()
    store.record(STARTED)
    store.close()
    assert {path.name for path in store.folder.iterdir()} == {"events.jsonl", "log.txt", "config.json"}
    store.close()  # closing what is closed is nothing to fail at


def test_a_run_that_is_written_cannot_be_gone_on_with_and_is_left_alone(store: RunStore) -> None:
    store.record(STARTED)
    with (store.folder / "events.jsonl").open("ab") as stream:
        stream.write(b'{"event":"half')
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    for _ in range(2):
        with pytest.raises(FtguiError) as caught:
            RunStore(store.folder, VERSIONS, resumes=[])
        assert caught.value.message == f"Another program is writing the run “{store.folder}”."
        assert caught.value.hint
        assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before


def test_another_program_finds_the_lock_as_well_and_then_the_run_free(store: RunStore) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from ftgui.core.errors import FtguiError\n"
        "from ftgui.runs.store import RunStore\n"
        "try:\n"
        "    RunStore(Path(sys.argv[1]), {}, resumes=[]).close()\n"
        "    print('free')\n"
        "except FtguiError as error:\n"
        "    print(error.message)\n"
    )
    store.record(STARTED)
    held = run_python("-W", "error", "-c", code, str(store.folder), cwd=REPOSITORY)
    assert (held.stdout, held.stderr) == (f"Another program is writing the run “{store.folder}”.\n", "")
    store.close()
    free = run_python("-W", "error", "-c", code, str(store.folder), cwd=REPOSITORY)
    assert (free.stdout, free.stderr) == ("free\n", "")


def test_the_lock_of_a_program_that_was_killed_holds_nobody_up(stopped: Path) -> None:
    (stopped / ".lock").touch()
    go_on(stopped, [epoch(1)], resumed_after(1))
    assert not (stopped / ".lock").exists()


def test_a_folder_that_is_no_run_cannot_be_gone_on_with_and_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FtguiError, match="The run cannot be written") as caught:
        RunStore(tmp_path, VERSIONS, resumes=[])
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
