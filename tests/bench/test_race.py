"""The race's own arithmetic: a table that is wrong is worse than none."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests import samples
from tests.bench.entrants import runner
from tests.bench.entrants.job import Epoch, Job, Outcome
from tests.bench.entrants.networks import differing
from tests.bench.figures import Roofs, figures
from tests.bench.photos import copy_photos
from tests.bench.roster import BY_KEY, ROSTER, chosen
from tests.bench.summary import Row, summarise
from tests.bench.table import race_table
from tests.harness.process import run_python

RUN = {"line": 5, "train_pictures": 200, "val_pictures": 100, "pictures_per_second": 20.0}
ROOF = {
    "decode": 200.0,
    "prefix": {"4": 150.0, "5": 100.0},
    "prefix_live": {"4": 60.0, "5": 50.0},
    "suffix": {"4": 400.0, "5": 1e6},
    "suffix_step": {"4": 100.0, "5": 1e4},
    "full_step": 25.0,
}


def outcome(*seconds: float, end: float | None = None, accuracies: tuple[float, ...] = ()) -> Outcome:
    """Return what a run brought whose epochs ended at these seconds."""
    known = accuracies or (0.9,) * len(seconds)
    epochs = [Epoch(at, accuracy) for at, accuracy in zip(seconds, known, strict=True)]
    return Outcome(seconds=end or seconds[-1], epochs=epochs, frozen=10, frozen_changed=0)


def row(key: str, seconds: float, **facts: Any) -> Row:
    entrant = BY_KEY[key]
    made = Row(key=key, title=entrant.title, epochs=25, runs=3, seconds=seconds, tutorial=entrant.tutorial)
    return replace(made, **facts)


def summary(*outcomes: Outcome, epochs: int = 25) -> Row:
    return summarise("tutorial-head", "the loop", epochs, "tutorial-head", outcomes)


def test_a_run_of_few_epochs_tells_start_and_epochs_apart() -> None:
    """Epochs of 4 s, 3 s before them, of which 1 s in the first epoch; half a second at the end."""
    made = summary(outcome(7.0, 11.0, end=11.5))
    assert (made.start_up, made.each_epoch) == (3.5, 4.0)
    assert made.seconds == pytest.approx(3.5 + 25 * 4.0)
    assert made.timed_epochs == 2


def test_a_run_of_all_epochs_is_not_reckoned() -> None:
    made = summary(outcome(7.0, 11.0, end=11.5), epochs=2)
    assert not made.is_reckoned
    assert made.seconds == 11.5


def test_rows_are_medians() -> None:
    made = summary(*(outcome(s, s + 1) for s in (5.0, 50.0, 6.0)), epochs=2)
    assert (made.seconds, made.fastest, made.slowest, made.runs) == (7.0, 6.0, 51.0, 3)


def test_the_time_to_ninety_percent_is_that_of_the_first_epoch_which_is_so_good() -> None:
    made = summary(outcome(1.0, 2.0, 3.0, 4.0, accuracies=(0.5, 0.73, 0.8, 0.7)), epochs=4)
    assert made.seconds_to_share == 2.0
    assert (made.accuracy_last, made.accuracy_best) == (0.7, 0.8)


def test_one_repeat_in_which_a_frozen_entry_changed_is_enough() -> None:
    good, bad = outcome(1.0), outcome(1.0)
    bad.frozen_changed = 3
    assert summary(good, bad, good, epochs=1).frozen_changed == 3


def test_a_library_that_is_not_there_is_a_word_in_the_table_and_no_error() -> None:
    made = summary(Outcome(missing="lightning"))
    assert "lightning is not installed" in race_table({"lightning": made})


def test_a_repeat_that_failed_leaves_the_others() -> None:
    made = summary(Outcome(failed="RuntimeError: no"), outcome(5.0), epochs=1)
    assert (made.runs, made.seconds, made.trouble) == (1, 5.0, "")


def test_the_table_marks_what_was_reckoned_and_compares_with_the_tutorial() -> None:
    rows = {
        "freeze-cold": row("freeze-cold", 4.0, accuracy_last=0.95, accuracy_best=0.96, frozen=312),
        "tutorial-head": summary(outcome(7.0, 11.0, end=11.5)),
    }
    cold, tutorial = race_table(rows).splitlines()[2:4]
    assert "| 4.00 |" in cold
    assert "0.950 / 0.960 " in cold
    assert "~25.9 ×" in cold
    assert "~104" in tutorial
    assert "3.50 + 25 × 4.00" in tutorial


def test_figures_compare_with_the_tutorial_as_written() -> None:
    rows = {"freeze-cold": row("freeze-cold", 4.0), "tutorial-head": row("tutorial-head", 280.0)}
    (wide, _) = figures("mobilenet_v2", rows, Roofs([]), real_weights=False)
    assert (wide.reached, wide.least, wide.is_reached) == (70.0, 75.0, False)
    (near, _) = figures("resnet18", rows, Roofs([]), real_weights=False)
    assert (near.least, near.is_reached) == (50.0, True)


def test_accuracies_are_compared_only_where_all_epochs_were_run() -> None:
    rows = {
        "freeze-cold": row("freeze-cold", 4.0, accuracy_best=0.95),
        "tutorial-head": row("tutorial-head", 280.0, accuracy_best=0.94),
    }

    def compared(rows: dict[str, Row], *, real_weights: bool = True) -> list[float]:
        found = figures("resnet18", rows, Roofs([]), real_weights=real_weights)
        return [figure.reached for figure in found if figure.unit == "points"]

    assert compared(rows) == [pytest.approx(0.01)]
    assert compared(rows, real_weights=False) == []
    assert compared(rows | {"tutorial-head": replace(rows["tutorial-head"], timed_epochs=2)}) == []


def test_a_cold_run_is_measured_by_decoding_and_the_frozen_stages_alone() -> None:
    """300 pictures: 1.5 s of decoding, 3 s of the first five stages."""
    notes = RUN | {"phase_seconds": {"decoding": 2.0, "frozen pass": 3.0, "training": 1.0}}
    rows = {"freeze-cold": row("freeze-cold", 9.0, notes=notes)}
    *_, whole, both, frozen = figures("resnet18", rows, Roofs([ROOF]), real_weights=False)
    assert [f.reached for f in (whole, both, frozen)] == pytest.approx([2.0, 0.9, 1.0])
    assert [f.is_reached for f in (whole, both, frozen)] == [False, True, True]


@pytest.mark.parametrize(("timed", "decoded"), [(2, 600), (2, 900), (None, 3000)])
def test_partial_is_measured_by_what_its_stages_timings_predict(timed: int | None, decoded: int) -> None:
    """Without the cache every epoch decodes 300 pictures, whether or not they were looked through before."""
    before = decoded - 300 * (timed or 10)
    cached_notes, live_notes = (
        RUN | {"line": 4, "counters": {"decoded_pictures": n}} for n in (300, decoded)
    )
    cached = row("partial-cold", 30.0, epochs=10, notes=cached_notes)
    live = row("partial-no-cache", 90.0, epochs=10, timed_epochs=timed, notes=live_notes)
    steps = 10 * (200 / 100 + 100 / 400)
    predicted = ((3000 + before) / 200 + 3000 / 60 + steps) / (300 / 200 + 300 / 150 + steps)
    rows = {"partial-cold": cached, "partial-no-cache": live}
    (figure,) = figures("resnet18", rows, Roofs([ROOF]), real_weights=False)
    assert figure.reached == pytest.approx(3.0 / predicted)


def test_training_steps_are_measured_by_their_roof() -> None:
    rows = {"full": row("full", 90.0, notes=RUN)}
    (figure,) = figures("resnet18", rows, Roofs([ROOF, ROOF]), real_weights=False)
    assert (figure.reached, figure.is_reached) == (0.8, False)


def test_a_warm_row_brings_the_cold_one_before_it_along() -> None:
    assert [entrant.key for entrant in chosen("freeze-warm", full=False)] == ["freeze-cold", "freeze-warm"]


def test_full_means_everyone_unless_some_are_named() -> None:
    assert chosen("", full=True) == ROSTER
    assert [entrant.key for entrant in chosen("full", full=True)] == ["full"]


def test_bits_are_compared_and_not_values() -> None:
    before = {"zero": torch.tensor([0.0]), "nan": torch.tensor([math.nan]), "count": torch.tensor(3)}
    assert differing(before, before) == 0
    after = {"zero": torch.tensor([-0.0]), "nan": torch.tensor([math.nan]), "count": torch.tensor(4)}
    assert differing(before, after) == 2


def test_everyone_gets_the_pictures_that_everyone_reads(tmp_path: Path) -> None:
    data = samples.draw_dataset(tmp_path / "pictures", classes=2, per_class=4, split=True)
    Image.new("RGB", (40, 40)).save(data / "train" / "apples" / "placeholder.gif")
    (data / "train" / "apples" / "cut off.jpg").write_bytes(b"\xff\xd8\xff")
    assert copy_photos(data, tmp_path / "copy") == (8, 4)
    assert len(list((tmp_path / "copy" / "train" / "apples").iterdir())) == 4
    assert len(list((tmp_path / "copy" / "val" / "bricks").iterdir())) == 2


@pytest.mark.long
def test_the_race_can_be_run(tmp_path: Path) -> None:
    """ftgui cold and warm beside the tutorial, each in its own process, on drawn pictures."""
    data = samples.draw_dataset(tmp_path / "pictures", per_class=6, split=True)
    samples.calibrated_weights(tmp_path / "shufflenet_v2_x0_5.pth")
    command = "--repeats 1 --epochs 3 --entrants freeze-warm,tutorial-head --no-roof --arch"
    done = run_python(
        *("-m", "tests.bench.race", str(data), str(tmp_path), *command.split(), "shufflenet_v2_x0_5"),
        *("--json", str(tmp_path / "race.json")),
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    (heat,) = json.loads((tmp_path / "race.json").read_text(encoding="utf-8"))["heats"]
    cold, warm, tutorial = (heat["rows"][key] for key in ("freeze-cold", "freeze-warm", "tutorial-head"))
    assert [row["trouble"] for row in (cold, warm, tutorial)] == ["", "", ""]
    assert (cold["frozen_changed"], warm["frozen_changed"]) == (0, 0)
    assert tutorial["frozen_changed"] > 0, "its norms drift"
    assert cold["notes"]["counters"]["prefix_forwards"] == 27
    assert warm["notes"]["counters"]["prefix_forwards"] == 0
    assert tutorial["timed_epochs"] == 2
    assert cold["peak_memory_mb"] > 100


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Outcome]:
    """Runs a job of an entrant, which comes to nothing, as the runner does, but in this process."""

    def run(module: str) -> Outcome:
        job = Job(
            module=module, data="", weights=str(tmp_path / "made.pth"), architecture="no_such_network",
            work=str(tmp_path), epochs=1, batch_size=1, lr=0.1, schedule="step",
        )  # fmt: skip
        job.write(tmp_path / "job.json")
        monkeypatch.setattr(
            sys, "argv", ["runner", str(tmp_path / "job.json"), str(tmp_path / "result.json")]
        )
        runner.main()
        return Outcome.read(tmp_path / "result.json")

    return run


def test_an_entrant_whose_library_is_not_there_says_which(
    run_here: Callable[[str], Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightning", None)
    assert run_here("with_lightning") == Outcome(missing="lightning")


def test_an_entrant_that_fails_says_why(run_here: Callable[[str], Outcome]) -> None:
    assert "no_such_network" in run_here("weights").failed


def test_a_part_of_the_race_that_is_not_there_is_no_library(run_here: Callable[[str], Outcome]) -> None:
    assert "no_such_entrant" in run_here("no_such_entrant").failed
