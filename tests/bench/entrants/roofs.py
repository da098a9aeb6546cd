"""The machine's roof for the race's network, measured in the same round as the entrants; no entrant itself.

``options``: ``precision``, ``layout`` and ``lines``, see ``tests.bench.roof``.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from tests.bench.entrants.job import Finished, Job, Stopwatch
from tests.bench.roof import Arithmetic, measure, read_subject


def run(job: Job, watch: Stopwatch) -> Finished:
    subject = read_subject(Path(job.data), Path(job.weights), job.architecture)
    arithmetic = Arithmetic(job.options["precision"], job.options["layout"], job.device)
    roof = measure(subject, arithmetic, job.options["lines"], job.batch_size)
    return Finished(notes=asdict(roof))
