"""The race: ftgui and the usual ways of transfer learning, on the same photos, in one run, in one table.

    python -m tests.bench.race DATA WEIGHTS [WEIGHTS …] [--arch A …] [--entrants a,b | all] [--full]

``WEIGHTS`` are files, or a folder with files, named after their architecture; for one without a file random
weights are made from a fixed seed, and only times mean anything. Entrants take turns, each run in a process
of its own; the clock starts once torch and the entrant's own library are loaded. Where all epochs take as
long, a few are run and the rest is reckoned; ``--full`` runs everything. docs/speed.md says more.

Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from tests.bench.entrants.job import Job, Outcome
from tests.bench.figures import Figure, Roofs, figures
from tests.bench.machine import machine_facts, now
from tests.bench.measuring import run_job
from tests.bench.photos import copy_photos
from tests.bench.roster import BY_KEY, HEAD_LR, Entrant, chosen
from tests.bench.summary import Row, summarise
from tests.bench.table import figures_table, race_table

SEED = 0
THREADING = ("OMP_", "GOMP_", "MKL_", "KMP_", "OPENBLAS_")
"""Beginnings of environment variables that decide how threads wait; they hold for all entrants."""
LOOK_SECONDS, BUSY = 0.5, 0.1
"""Before each run it is looked for so long how busy others keep the cores; above this share it is said."""


def main() -> int:
    asked = arguments()
    with working_folder(asked.work) as work:
        race = Race(asked, work)
        for architecture in asked.arch:
            race.run(architecture)
        race.report()
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", metavar="DATA", type=Path, help="a dataset folder")
    parser.add_argument("weights", metavar="WEIGHTS", type=Path, nargs="+")
    parser.add_argument("--arch", nargs="+", default=["mobilenet_v2"], help="(default mobilenet_v2)")
    parser.add_argument("--entrants", default="", help=f"of {', '.join(BY_KEY)}; or all")
    parser.add_argument("--full", action="store_true", help="all entrants, all epochs really run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--timed-epochs", type=int, default=2, help="where a few tell of all (default 2)")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--python", default=sys.executable, help="the Python that has the rivals' libraries")
    parser.add_argument("--no-roof", action="store_true", help="do not measure the machine's roof")
    parser.add_argument("--json", type=Path, help="write everything measured here, after every run")
    parser.add_argument("--work", type=Path, help="a folder for what is written meanwhile, kept")
    asked = parser.parse_args()
    try:
        asked.rows = chosen(asked.entrants, full=asked.full)
    except KeyError as error:
        parser.error(f"there is no entrant {error}")
    if asked.timed_epochs < 2:
        parser.error("--timed-epochs: at least 2, since the first one tells of nothing but itself")
    return asked


@contextmanager
def working_folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="ftgui-race-") as folder:
        yield Path(folder)


@dataclass
class Heat:
    """The race with one architecture."""

    architecture: str
    weights: Path
    is_real: bool
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    roofs: list[dict[str, Any]] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    """The share of all cores that others kept busy before each run."""


class Race:
    """All runs, one after the other."""

    def __init__(self, asked: argparse.Namespace, work: Path) -> None:
        self.asked = asked
        self.work = work
        self.heats: list[Heat] = []
        self.began = now()
        self._runs = 0
        self.pictures = copy_photos(asked.data, work / "photos")

    def run(self, architecture: str) -> None:
        heat = self._heat(architecture)
        self.heats.append(heat)
        notes = self._choose_arithmetic(heat)
        for number in range(1, self.asked.repeats + 1):
            for entrant in self.asked.rows:
                outcome = self._race(heat, entrant)
                heat.outcomes.setdefault(entrant.key, []).append(outcome)
                self._say(heat, number, entrant, outcome)
                self._write()
            if notes and not self.asked.no_roof:
                self._measure_roof(heat, notes)

    def _heat(self, architecture: str) -> Heat:
        """Find an architecture's weights, or make some."""
        for place in self.asked.weights:
            for file in sorted(place.iterdir()) if place.is_dir() else [place]:
                if architecture in file.name:
                    return Heat(architecture, file.absolute(), is_real=True)
        heat = Heat(architecture, self.work / f"{architecture}-random.pth", is_real=False)
        outcome = self._run(self._job(heat, "weights"), sys.executable, None)
        if outcome.failed:
            sys.exit(f"No weights could be made for {architecture}: {outcome.failed}")
        return heat

    def _choose_arithmetic(self, heat: Heat) -> dict[str, Any]:
        """Have ftgui find out its arithmetic in a run that does not count; return what it says of itself."""
        job = replace(self._job(heat, "with_ftgui"), epochs=1, options={"augment": "none"})
        outcome = self._run(job, sys.executable, self._home(heat, "chosen"))
        if outcome.failed:
            print(f"ftgui cannot run: {outcome.failed}", file=sys.stderr)
        return outcome.notes

    def _race(self, heat: Heat, entrant: Entrant) -> Outcome:
        job = self._job(heat, entrant.module)
        job = replace(job, options=dict(entrant.options), **entrant.settings)
        if entrant.is_steady and not self.asked.full:
            job = replace(job, epochs=min(job.epochs, self.asked.timed_epochs))
        home = self._home(heat, entrant.home) if entrant.home else None
        if home and entrant.is_cold:
            self._make_cold(heat, home)
        heat.others.append(psutil.cpu_percent(LOOK_SECONDS) / 100)
        return self._run(job, sys.executable if home else self.asked.python, home)

    def _make_cold(self, heat: Heat, home: Path) -> None:
        """Leave in a home what was chosen for this machine, and nothing that was computed."""
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self._home(heat, "chosen") / "config", home / "config")

    def _measure_roof(self, heat: Heat, notes: dict[str, Any]) -> None:
        lines = [notes["stages"] - 1, notes["stages"] - 2]
        options = {"precision": notes["precision"], "layout": notes["layout"], "lines": lines}
        outcome = self._run(replace(self._job(heat, "roofs"), options=options), sys.executable, None)
        if outcome.failed:
            print(f"The roof cannot be measured: {outcome.failed}", file=sys.stderr)
            return
        heat.roofs.append(outcome.notes)
        print(f"{heat.architecture} roof: {json.dumps(outcome.notes)}", file=sys.stderr, flush=True)

    def _job(self, heat: Heat, module: str) -> Job:
        self._runs += 1
        return Job(
            module=module,
            data=str(self.work / "photos"),
            weights=str(heat.weights),
            architecture=heat.architecture,
            work=str(self.work / "runs" / str(self._runs)),
            epochs=self.asked.epochs,
            batch_size=self.asked.batch_size,
            lr=HEAD_LR,
            schedule="cosine",
            seed=SEED,
            device=self.asked.device,
        )

    def _run(self, job: Job, python: str, home: Path | None) -> Outcome:
        """Run a job; what it wrote goes again, unless it failed and the folder is kept."""
        home = home or self.work / "homes" / "none"
        outcome = run_job(job, python, {"FTGUI_HOME": str(home)})
        if not outcome.failed:
            shutil.rmtree(job.work)
        return outcome

    def _home(self, heat: Heat, name: str) -> Path:
        return self.work / "homes" / heat.architecture / name

    def _say(self, heat: Heat, number: int, entrant: Entrant, outcome: Outcome) -> None:
        epochs = len(outcome.epochs)
        told = f"{outcome.seconds:.2f} s for {epochs} epochs" if epochs else "nothing"
        word = outcome.missing or outcome.failed or told
        print(
            f"{heat.architecture} {number}/{self.asked.repeats} {entrant.key}: {word}",
            file=sys.stderr,
            flush=True,
        )

    # What came of it --------------------------------------------------------------------------------------

    def rows(self, heat: Heat) -> dict[str, Row]:
        entrants: Sequence[Entrant] = [e for e in self.asked.rows if e.key in heat.outcomes]
        return {
            e.key: summarise(
                e.key,
                e.title,
                e.settings.get("epochs", 1 if e.module == "with_sklearn" else self.asked.epochs),
                e.tutorial,
                heat.outcomes[e.key],
            )
            for e in entrants
        }

    def figures(self, heat: Heat) -> list[Figure]:
        return figures(heat.architecture, self.rows(heat), Roofs(heat.roofs), real_weights=heat.is_real)

    def report(self) -> None:
        """Print the tables."""
        for heat in self.heats:
            print(f"\n### {heat.architecture}\n\n{self._heading(heat)}\n")
            print(race_table(self.rows(heat)))
            print(f"\n{figures_table(self.figures(heat))}")

    def _heading(self, heat: Heat) -> str:
        machine, (train, val) = machine_facts(), self.pictures
        weights = "ImageNet weights" if heat.is_real else "random weights: accuracies mean nothing"
        versions = ", ".join(f"{name} {number}" for name, number in self._versions().items())
        heading = (
            f"`{heat.architecture}`, {weights}; {train} photos to learn from, {val} to judge on; "
            f"{self.asked.epochs} epochs, batches of {self.asked.batch_size}, learning rate {HEAD_LR:g}, "
            f"where nothing else is said; {machine['cores']} cores ({machine['processor']}), {versions}; "
            f"{self.began}."
        )
        before = sum(share > BUSY for share in heat.others)
        if not before:
            return heading
        most = f"up to {100 * max(heat.others):.0f} % of the cores"
        return f"{heading}\nThe machine was not quiet: others kept {most} busy before {before} of the runs."

    def _versions(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for heat in self.heats:
            for outcomes in heat.outcomes.values():
                for outcome in outcomes:
                    found |= outcome.versions
        return found

    def _write(self) -> None:
        if self.asked.json is None:
            return
        content = {
            "format_version": 1,
            "began": self.began,
            "written": now(),
            "machine": machine_facts(),
            "versions": self._versions(),
            "settings": {k: str(v) for k, v in vars(self.asked).items() if k != "rows"},
            "environment": {k: v for k, v in os.environ.items() if k.startswith(THREADING)},
            "pictures": {"train": self.pictures[0], "val": self.pictures[1]},
            "heats": [self._as_json(heat) for heat in self.heats],
        }
        unfinished = self.asked.json.with_name(self.asked.json.name + ".part")
        unfinished.write_text(json.dumps(content, indent=1), encoding="utf-8")
        unfinished.replace(self.asked.json)

    def _as_json(self, heat: Heat) -> dict[str, Any]:
        return {
            "architecture": heat.architecture,
            "weights": "file" if heat.is_real else "random",
            "rows": {key: asdict(row) for key, row in self.rows(heat).items()},
            "figures": [{**asdict(figure), "is_reached": figure.is_reached} for figure in self.figures(heat)],
            "roofs": heat.roofs,
            "others": heat.others,
            "runs": {key: [asdict(o) for o in outcomes] for key, outcomes in heat.outcomes.items()},
        }


if __name__ == "__main__":
    sys.exit(main())
