"""A job run in a process of its own, and the memory that it and its children take."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from tests.bench.entrants.job import Job, Outcome
from tests.harness.process import REPOSITORY

SAMPLE_EVERY = 0.5
"""Seconds between two looks at a process's memory: looking costs time that it lacks."""

Look = Callable[[psutil.Process], float]


def family_mb(process: psutil.Process) -> float:
    """Return what a process and its children take together, MB; 0 where it has none.

    Of a process alone the system knows exactly what it took at its highest, and tells it at the end.
    """
    children = process.children(recursive=True)
    return sum(map(share_mb, (process, *children))) if children else 0.0


def run_job(
    job: Job,
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
    look: Look = family_mb,
) -> Outcome:
    """Run a job in a fresh process and return what it brought, also where it failed or could not be run.

    What it prints goes into ``log.txt`` in its folder.
    """
    folder = Path(job.work)
    folder.mkdir(parents=True)
    job.write(folder / "job.json")
    result, log = folder / "result.json", folder / "log.txt"
    command = [python, "-m", "tests.bench.entrants.runner", str(folder / "job.json"), str(result)]
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        most = watch(process, look)
    if not result.is_file():
        lines = log.read_text(encoding="utf-8").strip().splitlines() or ["it ended without a word"]
        return Outcome(failed=lines[-1])
    outcome = Outcome.read(result)
    outcome.sampled_mb = most
    return outcome


def watch(process: subprocess.Popen[bytes], look: Look) -> float:
    """Wait for a process; return the most that ``look`` said of it."""
    most = 0.0
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(SAMPLE_EVERY)
                return most
            with contextlib.suppress(psutil.Error):
                most = max(most, look(psutil.Process(process.pid)))
    except BaseException:
        process.kill()
        process.wait()
        raise


def share_mb(process: psutil.Process) -> float:
    """Return a process's memory, MB; what it shares with others counts in parts (where the system tells)."""
    try:
        info = process.memory_full_info()
    except psutil.Error:  # it has just ended
        return 0.0
    return float(getattr(info, "pss", info.uss)) / 1e6


def own_mb(process: psutil.Process) -> float:
    """Return what a process has to itself, MB, pages of mapped files aside where the system tells (Linux)."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return float(process.memory_full_info().uss) / 1e6
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:")) * 1024 / 1e6
