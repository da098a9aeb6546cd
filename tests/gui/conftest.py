"""Windows that end with their test, and things for them to look at."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from ftgui.core.preprocessing import Preprocessing
from ftgui.gui.app import create_window
from ftgui.gui.main_window import MainWindow
from ftgui.gui.sessions.forecasting import ForecastJob, no_forecast
from ftgui.gui.sessions.training import Job
from ftgui.training.config import TrainConfig
from ftgui.training.control import RunControl
from tests.data.drawn_trees import jpeg
from tests.gui.driving import PATIENCE, the, type_path
from tests.gui.scripted import STAGES, open_all_gates, scripted_job, whole_run
from tests.harness.leaks import deliver_deferred_deletes

OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def runs_folder(tmp_path: Path) -> Path:
    """Where the windows of this test put their runs."""
    return tmp_path / "runs"


@pytest.fixture
def open_window(qtbot: QtBot, runs_folder: Path) -> Iterator[OpenWindow]:
    """Open a window on a job, a short scripted run if none is given; it ends with the test."""
    windows: list[MainWindow] = []

    def open_it(job: Job | None = None, *, forecast: ForecastJob = no_forecast) -> MainWindow:
        window = create_window(
            job=job or scripted_job(*whole_run()), runs_folder=runs_folder, forecast=forecast
        )
        windows.append(window)
        with qtbot.waitActive(window, timeout=PATIENCE):
            window.show()
            window.activateWindow()
        return window

    yield open_it
    open_all_gates()
    while windows:
        end(windows.pop())


def end(window: MainWindow) -> None:
    """Close and delete a window, whatever a failed test left it doing."""
    window.training.shutdown()
    window.training.state = type(window.training.state).IDLE
    window.close()
    window.deleteLater()
    deliver_deferred_deletes()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of two classes."""
    return make_classes(tmp_path / "pictures", ants=3, bees=5)


def make_classes(folder: Path, **classes: int) -> Path:
    """Make a class folder of so many small pictures for each of ``classes``, no two of them alike."""
    numbers = itertools.count()
    for name, count in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            (folder / name / f"{number}.jpg").write_bytes(jpeg(next(numbers)))
    return folder


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights file that is taken for a ResNet-18, without anybody reading it."""
    path = tmp_path / "resnet18.pth"
    path.touch()
    found = resnet18()
    replace_job(monkeypatch, "inspect", inspect_stages=lambda *_asked: found)
    return path


def replace_job(monkeypatch: pytest.MonkeyPatch, name: str, **functions: Callable[..., object]) -> None:
    """Put functions of the test's own in place of the module ``ftgui.jobs.{name}``."""
    module = ModuleType(f"ftgui.jobs.{name}")
    module.__dict__.update(functions)
    monkeypatch.setitem(sys.modules, module.__name__, module)


def replace_listing(monkeypatch: pytest.MonkeyPatch, listing: Callable[[Path], object]) -> None:
    """Put ``listing`` in place of what finds the pictures of a folder; they are checked as ever."""
    from ftgui.jobs.scan import check, without

    replace_job(monkeypatch, "scan", list_pictures=listing, check=check, without=without)


def resnet18() -> object:
    """What looking at a ResNet-18's weights file finds."""
    from ftgui.jobs.inspect import Inspected  # here, where torch is waited for by those who need it
    from ftgui.models.identify import Recognition
    from ftgui.models.stages import Stage

    recognition = Recognition(
        architecture="resnet18",
        title="ResNet-18",
        exact_weights="IMAGENET1K_V1",
        num_classes=1000,
        parameters=11_689_512,
        layout="state_dict",
        preprocessing=Preprocessing(),
        preprocessing_is_certain=True,
        matched=122,
        missing=(),
        unexpected=(),
        sha256="0" * 64,
        notes=(),
    )
    stages = tuple(
        Stage(name=name, modules=(), entries=(), parameters=1000, cost_share=1 / len(STAGES))
        for name in STAGES
    )
    return Inspected(recognition=recognition, stages=stages)


@pytest.fixture
def finished_run(tmp_path: Path) -> Path:
    """A run folder as the engine leaves it, its weights aside."""
    folder = tmp_path / "run of yesterday"
    job = scripted_job(*whole_run(0.8, 0.9), stored=True)
    for _ in job(TrainConfig(dataset="", weights="", epochs=2), folder, RunControl()):
        pass
    return folder


@pytest.fixture
def ready_window(qtbot: QtBot, open_window: OpenWindow, pictures: Path, weights: Path) -> OpenWindow:
    """Open a window, type both paths and wait until Train can be pressed."""

    def open_it(job: Job | None = None, *, forecast: ForecastJob = no_forecast) -> MainWindow:
        window = open_window(job, forecast=forecast)
        make_ready(qtbot, window, pictures, weights)
        return window

    return open_it


def make_ready(qtbot: QtBot, window: MainWindow, pictures: Path, weights: Path) -> None:
    type_path(qtbot, window, "dataset_path", pictures)
    type_path(qtbot, window, "weights_path", weights)
    train = the(window, QAbstractButton, "train_button")
    qtbot.waitUntil(train.isEnabled, timeout=PATIENCE)
