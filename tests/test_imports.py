"""What is imported when: nothing heavy before it is needed, and Qt by the window alone."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.process import REPOSITORY, run_python

PACKAGE = REPOSITORY / "ftgui"
QT = {"PySide6", "shiboken6", "pyqtgraph", "qtpy", "superqt", "qtawesome"}
TORCH = {"torch", "torchvision"}

IMPORT_ALL_OF_THE_WINDOW = """
import importlib, pkgutil, ftgui.gui
for module in pkgutil.walk_packages(ftgui.gui.__path__, "ftgui.gui."):
    importlib.import_module(module.name)
"""

RUN_AS_A_PROGRAM = """
import runpy, sys
sys.argv = ["ftgui", {option!r}]
try:
    runpy.run_module("ftgui", run_name="__main__", alter_sys=True)
except SystemExit as done:
    assert not done.code, done.code
"""

TELL_WHAT_IS_LOADED = """
import json, sys
print()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a new Python has loaded once ``code`` has run in it."""
    done = run_python("-c", code + TELL_WHAT_IS_LOADED)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_ftgui_loads_neither_torch_nor_qt() -> None:
    assert not loaded_after("import ftgui") & (TORCH | QT)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_question_about_the_program_loads_neither_torch_nor_qt(option: str) -> None:
    assert not loaded_after(RUN_AS_A_PROGRAM.format(option=option)) & (TORCH | QT)


def test_the_window_is_made_without_torch() -> None:
    """Importing torch takes seconds; whatever needs it imports it in a thread, once the window is up."""
    loaded = loaded_after(IMPORT_ALL_OF_THE_WINDOW)
    assert "PySide6" in loaded
    assert not loaded & TORCH


def test_only_the_window_imports_qt() -> None:
    """import-linter sees to it too; this also sees imports inside functions, and files it does not know."""
    offenders = {
        str(path.relative_to(REPOSITORY)): found
        for path in PACKAGE.rglob("*.py")
        if not path.is_relative_to(PACKAGE / "gui") and (found := QT & set(imported_by(path)))
    }
    assert not offenders


def imported_by(path: Path) -> Iterator[str]:
    """Yield the top-level names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
