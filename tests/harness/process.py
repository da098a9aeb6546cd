"""Running the program, or a line of Python, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def run_python(
    *arguments: str, timeout: float = 120, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run this Python with ``arguments`` and return what came out, whatever the exit code.

    The user's folders of the test are the child's as well: they are in the environment.
    """
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )


def run_ftgui(
    *arguments: str, timeout: float = 120, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``ftgui`` with ``arguments``; a warning of Python's on the way is an error, as in a test."""
    return run_python("-W", "error", "-m", "ftgui", *arguments, timeout=timeout, cwd=cwd, **environment)
