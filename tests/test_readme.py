"""The README's commands are lines to paste, and CI runs the very one that it gives for the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tests.harness.process import REPOSITORY

BLOCK = r"^<!-- {marker} -->\n+```\w*\n(.*?)^```$"


def command_after(marker: str) -> str:
    """Return what is in the code block that follows a marker in the README."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(BLOCK.format(marker=marker), readme, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"README.md has {len(blocks)} blocks after <!-- {marker} -->, not one"
    return str(blocks[0]).rstrip("\n")


@pytest.mark.parametrize("marker", ["demo-command", "test-command"])
def test_the_readme_gives_a_command_of_one_line(marker: str) -> None:
    command = command_after(marker)
    assert command.strip()
    assert "\n" not in command
    assert not command.startswith("$")


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="CI's script is for bash")
def test_ci_runs_the_readmes_own_test_command() -> None:
    printed = subprocess.run(
        ["bash", str(REPOSITORY / ".ci" / "run"), "--print"], capture_output=True, text=True, check=True
    )
    assert printed.stdout == command_after("test-command") + "\n"
