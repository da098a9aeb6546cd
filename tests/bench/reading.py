"""What reading a weights file costs, valid or hostile: seconds and memory, each file in a fresh process.

    python -m tests.bench.reading [--only PART_OF_A_NAME] [--rounds N]

The clock runs from the path to what the file is: ``read_weights`` and ``recognise``, torch being loaded.
Memory is the peak of the process (Linux tells it) above what it had by then. Wanted: valid files of 100 MB in
under a second, a refusal in under 3, and a peak below twice the file's size plus 300 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.machine import machine_facts, now
from tests.bench.reading_files import hostile_makers, valid_makers
from tests.harness.process import REPOSITORY

MOST_SECONDS_TO_RECOGNISE, MOST_SECONDS_TO_REFUSE = 1.0, 3.0
PATIENCE = 30
"""Seconds after which a file counts as never read."""
ADDRESS_SPACE = 12 * 2**30
"""What a child may take, so that a file that inflates without end ends with the child and not the machine."""


# In the child.


def _tell(path: Path) -> None:
    """Read one file and print what came of it as JSON."""
    import resource

    import torch  # noqa: F401  what every process has that reads weights

    from ftgui.core.errors import FtguiError
    from ftgui.models import weights
    from ftgui.models.identify import recognise

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, resource.RLIM_INFINITY))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, start = _memory_mb("VmRSS"), time.perf_counter()
    told: dict[str, Any] = {}
    try:
        file = weights.read_weights(path)
        told["read"] = time.perf_counter() - start
        found = recognise(file)
        told["result"] = found.architecture or f"read, not recognised ({len(file.entries):,} entries)"
    except FtguiError as error:
        told["result"] = "refused: " + error.message.replace(path.name, "…")
    except Exception as error:  # noqa: BLE001  it is what the bench is to tell of
        told["result"] = f"**{type(error).__name__}**"
    told["seconds"] = time.perf_counter() - start
    told["peak_mb"] = _memory_mb("VmHWM") - before
    print(json.dumps(told))


def _memory_mb(what: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) * 1024 / 1e6


# Around it.


class Row(NamedTuple):
    """What one file cost."""

    name: str
    is_valid: bool
    file_mb: float
    result: str
    read: float | None
    seconds: float | None
    peak_mb: float | None

    @property
    def allowed_mb(self) -> float:
        return 2 * self.file_mb + 300

    @property
    def is_well(self) -> bool:
        if self.seconds is None or self.peak_mb is None or "**" in self.result:
            return False
        most = MOST_SECONDS_TO_RECOGNISE if self.is_valid else MOST_SECONDS_TO_REFUSE
        return self.seconds < most and self.peak_mb < self.allowed_mb


def measure(name: str, path: Path, *, is_valid: bool, rounds: int) -> Row:
    """Read a file in fresh processes; return the quickest, with the most memory that any took."""
    told = [_child(path) for _ in range(rounds)]
    size = path.stat().st_size / 1e6 if path.is_file() else 0.0
    best = min(told, key=lambda each: each.get("seconds", PATIENCE))
    peaks = [each["peak_mb"] for each in told if "peak_mb" in each]
    return Row(
        name,
        is_valid,
        size,
        best["result"],
        best.get("read"),
        best.get("seconds"),
        max(peaks) if peaks else None,
    )


def _child(path: Path) -> dict[str, Any]:
    try:
        child = subprocess.run(
            [sys.executable, "-m", "tests.bench.reading", "--tell", str(path)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"result": f"**not read in {PATIENCE} s**"}
    if child.returncode:
        return {"result": f"**the process died ({child.returncode})**"}
    told: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return told


def table(rows: list[Row]) -> str:
    """Return the figures as a table in markdown."""
    lines = [
        "| file | MB | what came of it | read s | together s | peak MB | allowed MB | |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        cells = (row.name, f"{row.file_mb:.1f}", row.result, *map(_figure, (row.read, row.seconds)))
        memory = (_figure(row.peak_mb, 0), f"{row.allowed_mb:.0f}", "yes" if row.is_well else "**no**")
        lines.append(f"| {' | '.join((*cells, *memory))} |")
    return "\n".join(lines)


def _figure(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def main() -> None:
    """Write the files, measure each, and print a table."""
    parser = argparse.ArgumentParser(description="What reading a weights file costs.")
    parser.add_argument("--tell", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", default="", help="a part of the names of the files to be measured")
    parser.add_argument("--rounds", type=int, default=3, help="of valid files (default %(default)s)")
    asked = parser.parse_args()
    if asked.tell:
        _tell(asked.tell)
        return
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        valid: dict[str, Path] = {}
        for title, make in valid_makers().items():
            valid[title] = make(Path(name) / f"{len(valid)}.pth")
            if asked.only in title:
                rows.append(measure(title, valid[title], is_valid=True, rounds=asked.rounds))
                print(rows[-1], file=sys.stderr, flush=True)
        for number, (title, make) in enumerate(hostile_makers(valid).items()):
            if asked.only in title:
                path = make(Path(name) / f"hostile{number}.pth")
                rows.append(measure(title, path, is_valid=False, rounds=1))
                print(rows[-1], file=sys.stderr, flush=True)
    facts = machine_facts()
    print(f"{facts['cores']} cores ({facts['processor']}), Python {facts['python']}; {now()}\n")
    print(table(rows))


if __name__ == "__main__":
    main()
