"""What is shipped is whole: a wheel installed far from the checkout has and finds all it needs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.harness.process import REPOSITORY, run_ftgui, run_python

TELL = """
import json, ftgui
from ftgui.core.paths import RESOURCES
from ftgui.models import architectures
print(json.dumps({
    "package": ftgui.__file__,
    "resources": str(RESOURCES),
    "architectures": len(architectures.names()),
}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages that holds ftgui alone, built from this checkout."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    _run("-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(REPOSITORY))
    (wheel,) = wheels.glob("*.whl")
    _run("-m", "pip", "install", "--no-deps", "--no-index", "--no-compile", "--target", str(site), str(wheel))
    return site


def _run(*arguments: str) -> str:
    done = run_python(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_every_resource_of_the_checkout(site: Path) -> None:
    missing = _files(REPOSITORY / "ftgui" / "resources") - _files(site / "ftgui" / "resources")
    assert not missing


def test_the_wheel_holds_nothing_but_the_package(site: Path) -> None:
    assert {entry.name for entry in site.iterdir() if not entry.name.endswith(".dist-info")} <= {
        "bin",
        "ftgui",
    }


def test_an_installed_ftgui_reads_its_own_resources(site: Path, tmp_path: Path) -> None:
    """The wheel's folder comes before the checkout that an editable install adds to the path."""
    done = run_python("-P", "-c", TELL, cwd=tmp_path, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["package"]).is_relative_to(site)
    assert Path(told["resources"]).is_relative_to(site)
    assert told["architectures"] > 0


def test_an_installed_ftgui_scans_the_demo_it_brought(site: Path, tmp_path: Path) -> None:
    demo = site / "ftgui" / "resources" / "demo" / "pictures"
    done = run_ftgui("scan", str(demo), "--json", cwd=tmp_path, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pictures"] == len([f for f in _files(demo) if f.endswith(".jpg")])


def _files(folder: Path) -> set[str]:
    return {
        Path(root, name).relative_to(folder).as_posix()
        for root, _, names in os.walk(folder)
        for name in names
        if not name.endswith(".pyc")
    }
