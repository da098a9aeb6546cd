"""Run one job in this process, which is fresh: ``python -m tests.bench.entrants.runner JOB RESULT``.

The entrant's module is imported first, and with it torch and whatever else it needs; then the clock starts.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ftgui.core.memory import peak_memory_mb
from tests.bench.entrants.job import Job, Outcome, Stopwatch

PACKAGES = ("torch", "torchvision", "ftgui", "scikit-learn", "lightning", "fastai", "numpy", "pillow")
OWN = ("ftgui", "tests")
"""Without these the race is not whole; all other modules are libraries that need not be there."""


def main() -> int:
    job, result = Job.read(Path(sys.argv[1])), Path(sys.argv[2])
    try:
        outcome = run(job)
    except Exception as error:  # noqa: BLE001  one entrant's failure is a row of the table
        traceback.print_exc()
        outcome = trouble(error)
    outcome.write(result)
    return bool(outcome.failed)


def trouble(error: Exception) -> Outcome:
    """Return why there is nothing: a library that is not installed, or what went wrong."""
    library = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if library and library not in OWN:
        return Outcome(missing=library)
    return Outcome(failed=f"{type(error).__name__}: {error}".splitlines()[0])


def run(job: Job) -> Outcome:
    """Return what the job brought; what its children took of memory is not known here."""
    module: Any = importlib.import_module(f"tests.bench.entrants.{job.module}")
    watch = Stopwatch()
    finished = module.run(job, watch)
    seconds, peak = watch.seconds, peak_memory_mb()
    changed, frozen = finished.compare() if finished.compare else (None, None)
    return Outcome(
        seconds=seconds,
        epochs=watch.epochs,
        frozen=frozen,
        frozen_changed=changed,
        own_peak_mb=peak,
        versions=versions(),
        notes=finished.notes,
    )


def versions() -> dict[str, str]:
    """Return what is installed of the packages that matter here."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
