"""What an entrant of the race is asked to do, and what it brings back; read and written as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Compare = Callable[[], tuple[int, int]]
"""Returns how many frozen entries, parameters and buffers, differ in any bit, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of one entrant."""

    module: str
    """The module beside this one that does it."""
    data: str
    """A folder with ``train`` and ``val``, a folder a class in each."""
    weights: str
    """A plain ``state_dict`` of ``architecture``."""
    architecture: str
    work: str
    """A new folder for what is written."""
    epochs: int
    batch_size: int
    lr: float
    schedule: str
    seed: int = 0
    device: str = "cpu"
    options: dict[str, Any] = field(default_factory=dict)
    """What this module alone reads."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Epoch:
    """The end of an epoch."""

    seconds: float
    """Since the start of the job."""
    val_accuracy: float


@dataclass(frozen=True)
class Finished:
    """What is left to look at once the clock has stopped."""

    compare: Compare | None = None
    """None where the extractor was meant to learn."""
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Outcome:
    """What a run brought, or why there is none."""

    seconds: float = 0.0
    """From the start of the job to its end, torch and the entrant's own library loaded before."""
    epochs: list[Epoch] = field(default_factory=list)
    frozen: int | None = None
    frozen_changed: int | None = None
    own_peak_mb: float = 0.0
    """The most that the process itself took, MB (10^6 bytes)."""
    sampled_mb: float = 0.0
    """The most that was seen from outside, at each look: of the process and its children, or what else was
    looked for; see ``tests.bench.measuring``."""
    versions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    missing: str = ""
    """The library that is not installed."""
    failed: str = ""
    """What went wrong, one line."""

    @property
    def peak_memory_mb(self) -> float:
        """The most that the process and its children took, MB, as far as was seen."""
        return max(self.own_peak_mb, self.sampled_mb)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Outcome:
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(**content | {"epochs": [Epoch(**epoch) for epoch in content["epochs"]]})


class Stopwatch:
    """Runs from its making; an entrant tells it of each epoch's end."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.epochs: list[Epoch] = []

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def epoch_ended(self, val_accuracy: float) -> None:
        self.epochs.append(Epoch(self.seconds, float(val_accuracy)))
