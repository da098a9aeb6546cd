"""What is to be trained, without a window around it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ftgui.gui.sessions.project import ProjectSession
from ftgui.training.config import TrainConfig
from tests.gui.conftest import make_classes
from tests.gui.driving import PATIENCE


@pytest.fixture
def project(qtbot: QtBot) -> Generator[ProjectSession, None, None]:
    session = ProjectSession()
    yield session
    session.shutdown()


def test_only_what_differs_from_the_defaults_is_kept(project: ProjectSession) -> None:
    project.set_setting("epochs", 3)
    project.set_setting("lr", 0.5)
    assert project.state.settings == {"epochs": 3, "lr": 0.5}
    project.set_setting("epochs", 10)
    project.set_setting("lr", None)
    assert project.state.settings == {}
    assert project.setting("epochs") == 10
    assert project.setting("lr") is None


def test_every_intent_says_that_something_changed(qtbot: QtBot, project: ProjectSession) -> None:
    for intent in (
        lambda: project.set_strategy("full"),
        lambda: project.set_setting("epochs", 3),
        lambda: project.set_classes(4),
        lambda: project.set_dataset(""),
        lambda: project.set_weights(""),
    ):
        with qtbot.waitSignal(project.changed, timeout=PATIENCE):
            intent()


def test_the_default_learning_rate_is_the_strategys_whatever_stands_in_the_input(
    project: ProjectSession,
) -> None:
    project.set_setting("lr", 0.5)
    project.set_strategy("full")
    assert project.default_lr() == 0.001
    project.set_setting("optimizer", "adamw")
    assert project.default_lr() == pytest.approx(0.0001)
    assert project.config().head_lr == 0.5


def test_readiness_names_the_first_thing_that_is_missing(
    qtbot: QtBot, project: ProjectSession, pictures: Path, weights: Path
) -> None:
    said = [project.readiness().sentence]
    project.set_dataset(str(pictures))
    said.append(project.readiness().sentence)
    qtbot.waitUntil(lambda: not project.is_looking, timeout=PATIENCE)
    said.append(project.readiness().sentence)
    project.set_weights(str(weights))
    said.append(project.readiness().sentence)
    qtbot.waitUntil(lambda: not project.is_looking, timeout=PATIENCE)
    assert project.readiness().ready
    assert said == [
        "Choose a folder of pictures.",
        "Looking at “pictures” …",
        "Choose a pretrained weights file.",
        "Looking at “resnet18.pth” …",
    ]


def test_what_is_missing_is_no_problem_and_what_is_wrong_is_one(
    qtbot: QtBot, project: ProjectSession, tmp_path: Path
) -> None:
    assert not project.readiness().is_problem
    project.set_dataset(str(tmp_path / "nowhere"))
    assert not project.readiness().is_problem
    qtbot.waitUntil(lambda: not project.is_looking, timeout=PATIENCE)
    assert project.readiness().is_problem


def test_another_file_is_not_taken_for_the_network_of_the_last(
    qtbot: QtBot, project: ProjectSession, weights: Path
) -> None:
    project.set_weights(str(weights))
    qtbot.waitUntil(lambda: project.config().architecture == "resnet18", timeout=PATIENCE)
    project.set_weights(str(weights.parent / "other.pth"))
    assert project.config().architecture is None


def test_a_class_count_equal_to_the_folders_follows_the_folder(
    qtbot: QtBot, project: ProjectSession, pictures: Path, tmp_path: Path
) -> None:
    project.set_dataset(str(pictures))
    qtbot.waitUntil(lambda: project.class_count() == 2, timeout=PATIENCE)
    project.set_classes(5)
    assert project.config().classes == 5
    project.set_classes(2)
    assert project.config().classes is None
    project.set_dataset(str(make_classes(tmp_path / "three", a=1, b=1, c=1)))
    qtbot.waitUntil(lambda: project.class_count() == 3, timeout=PATIENCE)


def test_a_config_is_what_the_command_line_would_make_of_the_same_choices(
    qtbot: QtBot, project: ProjectSession, pictures: Path, weights: Path
) -> None:
    project.set_dataset(str(pictures))
    project.set_weights(str(weights))
    project.set_strategy("small-lr")
    project.set_setting("backbone_lr_mult", 0.2)
    qtbot.waitUntil(lambda: not project.is_looking, timeout=PATIENCE)
    assert project.config() == TrainConfig(
        dataset=str(pictures),
        weights=str(weights),
        strategy="small-lr",
        backbone_lr_mult=0.2,
        architecture="resnet18",
    )
