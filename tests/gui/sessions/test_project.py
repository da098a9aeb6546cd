"""What is to be trained, without a window around it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from ftgui.freezing.strategies import STRATEGIES
from ftgui.gui.sessions.project import ProjectSession
from ftgui.training.config import TrainConfig
from tests.gui.conftest import make_classes
from tests.gui.driving import PATIENCE
from tests.gui.scripted import STAGES


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


def test_what_a_strategy_does_not_look_at_is_kept_but_not_passed_on(project: ProjectSession) -> None:
    project.set_setting("backbone_lr_mult", 0.3)
    project.set_setting("thaw_epoch", 4)
    passed = {}
    for name in STRATEGIES:
        config = project.config(name)
        passed[name] = (config.backbone_lr_mult, config.thaw_epoch)
    assert passed == dict.fromkeys(STRATEGIES, (0.1, None)) | {"small-lr": (0.3, None), "thaw": (0.3, 4)}


def test_starting_weights_are_the_strategys_until_they_are_chosen(project: ProjectSession) -> None:
    assert project.setting("init") is None
    assert [project.config(name).starting_weights for name in ("freeze", "scratch")] == [
        "pretrained",
        "random",
    ]
    project.set_setting("init", "pretrained")
    assert project.config().init == "pretrained"
    project.set_setting("init", None)
    assert project.state.settings == {}


def test_the_ice_line_chooses_partial_up_to_the_stage_above_it(
    qtbot: QtBot, project: ProjectSession, weights: Path
) -> None:
    know_network(qtbot, project, weights)
    for frozen, stage in ((1, "stem"), (3, "layer2"), (2, "layer1")):
        with qtbot.waitSignal(project.changed, timeout=PATIENCE):
            project.move_ice_line(frozen)
        config = project.config()
        assert (config.strategy, config.freeze_until) == ("partial", stage)
        assert config.plan(STAGES).ice_line() == frozen
    assert project.config("full").freeze_until is None


def test_a_rate_given_to_a_stage_is_let_go_when_the_ice_line_passes_over_it(
    qtbot: QtBot, project: ProjectSession, weights: Path
) -> None:
    know_network(qtbot, project, weights)
    project.set_strategy("partial")
    project.set_stage_lr("layer1", 0.5)
    project.set_stage_lr("layer2", 0.2)
    assert project.config_at_line(2).stage_lr == {"layer2": 0.2}
    assert project.config().stage_lr == {"layer1": 0.5, "layer2": 0.2}, "asking has changed something"
    project.move_ice_line(2)
    assert project.config().stage_lr == {"layer2": 0.2}


def test_rates_of_single_stages_belong_to_the_strategy_they_were_given_under(
    qtbot: QtBot, project: ProjectSession, weights: Path
) -> None:
    know_network(qtbot, project, weights)
    project.set_stage_lr("layer2", 0.5)
    project.set_strategy("full")
    assert project.config().stage_lr == {}
    project.set_stage_lr("stem", 0.0)
    project.set_strategy("freeze")
    assert project.config().stage_lr == {"layer2": 0.5}
    project.set_stage_lr("layer2", None)
    assert project.config().stage_lr == {}
    assert project.config("full").stage_lr == {"stem": 0.0}


def test_stages_of_another_network_are_kept_for_it_and_not_passed_on(
    qtbot: QtBot, project: ProjectSession, weights: Path
) -> None:
    know_network(qtbot, project, weights)
    project.move_ice_line(1)
    project.set_stage_lr("layer2", 0.5)
    inspected = project.state.inspected
    assert inspected is not None
    renamed = [msgspec.structs.replace(stage, name=f"other.{stage.name}") for stage in inspected.stages]
    project.state.inspected = msgspec.structs.replace(inspected, stages=tuple(renamed))
    assert (project.config().freeze_until, project.config().stage_lr) == (None, {})
    project.state.inspected = inspected
    assert (project.config().freeze_until, project.config().stage_lr) == ("stem", {"layer2": 0.5})


def test_a_plan_that_cannot_be_is_a_problem(
    qtbot: QtBot, project: ProjectSession, pictures: Path, weights: Path
) -> None:
    project.set_dataset(str(pictures))
    know_network(qtbot, project, weights)
    assert project.readiness().ready
    project.set_stage_lr("head", 0.0)
    readiness = project.readiness()
    assert (readiness.ready, readiness.is_problem) == (False, True)
    assert readiness.sentence.startswith("Nothing would learn.")


def know_network(qtbot: QtBot, project: ProjectSession, weights: Path) -> None:
    """Choose the weights file and wait until the stages of its network are known."""
    project.set_weights(str(weights))
    qtbot.waitUntil(lambda: not project.is_looking, timeout=PATIENCE)
    assert project.stage_names == STAGES


def test_every_intent_says_that_something_changed(qtbot: QtBot, project: ProjectSession) -> None:
    for intent in (
        lambda: project.set_strategy("full"),
        lambda: project.set_setting("epochs", 3),
        lambda: project.set_stage_lr("stem", 0.5),
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
