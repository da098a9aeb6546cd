"""Random weights from the job's seed, for networks of which there is no file; no entrant.

Only times mean anything with them.
"""

from __future__ import annotations

import torch
import torchvision

from tests.bench.entrants.job import Finished, Job, Stopwatch


def run(job: Job, watch: Stopwatch) -> Finished:
    torch.manual_seed(job.seed)
    torch.save(torchvision.models.get_model(job.architecture, weights=None).state_dict(), job.weights)
    return Finished()
