"""What is to be trained: pictures, weights, classes, strategy and settings, and whether that will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from ftgui.core.errors import FtguiError
from ftgui.core.paths import user_data_folder
from ftgui.data.augmentations import view_count
from ftgui.freezing.strategies import SHAPING_SETTINGS, STRATEGIES
from ftgui.gui.sessions.looked import Looked
from ftgui.gui.sessions.pictures import PicturesSession
from ftgui.gui.sessions.questions import Inspect, describe_machine
from ftgui.gui.sessions.worker import LatestTask
from ftgui.gui.words import counted
from ftgui.runs.project import ListedRun, ProjectFile, is_setting
from ftgui.training.config import SETTING_BY_NAME, TrainConfig, check_class_count, check_config

if TYPE_CHECKING:
    from ftgui.jobs.inspect import Inspected
    from ftgui.jobs.machine import Machine


@dataclass
class ProjectState:
    """Plain values; ``ProjectSession`` alone changes them."""

    weights: Looked = field(default_factory=Looked)
    architecture: str | None = None
    """What the user takes the weights file for; None leaves it to the file."""
    preprocessing: str | None = None
    """The weights whose preprocessing the user chose; None takes what the file says or likely wants."""
    inspected: Inspected | None = None
    classes: int | None = None
    """None until the user asks for another number than the folder's."""
    strategy: str = "freeze"
    settings: dict[str, Any] = field(default_factory=dict)
    """Only those that differ from their default. Kept while another strategy does not look at them."""
    stage_lr: dict[str, dict[str, float]] = field(default_factory=dict)
    """For each strategy the learning rates of single stages that the user gave, whatever the network."""
    machine: Machine | None = None


@dataclass(frozen=True)
class Readiness:
    """Whether Train may be pressed, and the sentence beside it."""

    ready: bool
    sentence: str
    is_problem: bool = False
    """Something is wrong, not merely missing yet."""


class ProjectSession(QObject):
    """Owns the state, and with it the ``pictures``; widgets call its intent methods and show what it says.

    ``folder`` is the project's: what it keeps on the disk lies there.
    """

    changed = Signal()
    machine_failed = Signal(object)
    """An FtguiError: torch cannot be loaded, so nothing can be trained."""

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = ProjectState()
        self.pictures = PicturesSession(folder or user_data_folder(), self)
        self.pictures.changed.connect(self.changed)
        self._inspect = LatestTask("inspect", self)
        self._inspect.done.connect(self._on_inspected)
        self._inspect.failed.connect(self._on_inspect_failed)
        self._machine = LatestTask("machine", self)
        self._machine.done.connect(self._on_machine)
        self._machine.failed.connect(self.machine_failed)

    # Intents ------------------------------------------------------------------------------------------

    def set_dataset(self, path: str) -> None:
        """Take this folder and look into it."""
        self.state.classes = None
        self.pictures.set_folder(path)

    def set_weights(self, path: str) -> None:
        """Take this weights file and look into it."""
        self.state.architecture = self.state.preprocessing = None
        self.state.inspected = None
        self._look_into_weights(path)

    def set_architecture(self, name: str | None) -> None:
        """Take the weights file for this network; None for what it says itself."""
        self.state.architecture, self.state.preprocessing = name, None
        self._look_into_weights(self.state.weights.path)

    def set_preprocessing(self, name: str | None) -> None:
        """Prepare pictures as for the official weights of this name."""
        self.state.preprocessing = name
        self._look_into_weights(self.state.weights.path)

    def _look_into_weights(self, path: str) -> None:
        """Ask what the file is. What is known of it stays in view meanwhile, so that no card jumps."""
        self.state.weights = Looked(path, looking=bool(path))
        if path:
            self._inspect.ask(Inspect(path, self.state.architecture, self.state.preprocessing))
        else:
            self._inspect.forget()
        self.changed.emit()

    def set_classes(self, count: int) -> None:
        self.state.classes = None if count == self._found_classes else count
        self.changed.emit()

    def set_strategy(self, name: str) -> None:
        self.state.strategy = name
        self.changed.emit()

    @Slot(str, object)
    def set_setting(self, name: str, value: Any) -> None:
        if value is None or value == SETTING_BY_NAME[name].default:
            self.state.settings.pop(name, None)
        else:
            self.state.settings[name] = value
        self.changed.emit()

    def set_stage_lr(self, stage: str, multiple: float | None) -> None:
        """Give a stage a learning rate of its own under the chosen strategy; None leaves it to that."""
        own = self.state.stage_lr.setdefault(self.state.strategy, {})
        if multiple is None:
            own.pop(stage, None)
        else:
            own[stage] = multiple
        self.changed.emit()

    def move_ice_line(self, frozen: int) -> None:
        """Choose to freeze the first ``frozen`` stages, from 1 on, and to let the others learn."""
        config = self.config_at_line(frozen)
        self.state.settings["freeze_until"] = config.freeze_until
        for name in self.stage_names[:frozen]:
            self.state.stage_lr.get(config.strategy, {}).pop(name, None)
        self.set_strategy(config.strategy)

    def restore(self, kept: ProjectFile) -> None:
        """Stand as a project was when it was kept, and look into its folder and its file again.

        A setting that this ftgui does not know, or a value that it cannot be, is its default again.
        """
        state = self.state
        state.strategy = kept.strategy if kept.strategy in STRATEGIES else ProjectState().strategy
        state.settings = {name: value for name, value in kept.settings.items() if is_setting(name, value)}
        state.stage_lr = {name: dict(rates) for name, rates in kept.stage_lr.items()}
        self.set_dataset(kept.dataset)
        state.classes = kept.classes
        self.set_weights(kept.weights)
        if kept.architecture is not None or kept.preprocessing is not None:
            state.architecture, state.preprocessing = kept.architecture, kept.preprocessing
            self._look_into_weights(kept.weights)

    def record(
        self, runs: tuple[ListedRun, ...], comparisons: tuple[str, ...], removed: tuple[str, ...]
    ) -> ProjectFile:
        """Return what is kept of the project, with its runs."""
        state = self.state
        return ProjectFile(
            dataset=self.pictures.state.looked.path,
            weights=state.weights.path,
            architecture=state.architecture,
            preprocessing=state.preprocessing,
            classes=state.classes,
            strategy=state.strategy,
            settings=dict(state.settings),
            stage_lr={name: dict(rates) for name, rates in state.stage_lr.items() if rates},
            runs=runs,
            comparisons=comparisons,
            removed=removed,
        )

    def look_at_machine(self) -> None:
        """Load torch off the GUI thread and find the devices."""
        if self.state.machine is None and not self._machine.is_running:
            self._machine.ask(describe_machine)

    def shutdown(self) -> None:
        for task in (self.pictures, self._inspect, self._machine):
            task.shutdown()

    # Answers ------------------------------------------------------------------------------------------

    @property
    def is_blank(self) -> bool:
        """Whether neither pictures nor weights were given yet."""
        return not (self.pictures.state.looked.path or self.state.weights.path)

    @property
    def is_looking(self) -> bool:
        return self.pictures.state.looked.looking or self.state.weights.looking

    def class_count(self) -> int:
        """Return the number of outputs as it stands, 0 while nothing is known."""
        if self.state.classes is not None:
            return self.state.classes
        return self._found_classes

    @property
    def _found_classes(self) -> int:
        report = self.pictures.state.report
        return len(report.classes) if report else 0

    def notes(self) -> tuple[str, ...]:
        """Return what is said of the folder and the file before any run."""
        state, report = self.state, self.pictures.state.report
        return (
            *(report.notes if report else ()),
            *(state.inspected.recognition.notes if state.inspected else ()),
        )

    def setting(self, name: str) -> Any:
        return self.state.settings.get(name, SETTING_BY_NAME[name].default)

    def default_lr(self) -> float:
        """Return the learning rate that is used where none is given."""
        return self.config(lr=None).head_lr

    def default_views(self) -> int:
        """Return how many views a picture has where no number is given."""
        return view_count(self.setting("augment"))

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The stages of the chosen network from the input to the head; none while it is not known."""
        inspected = self.state.inspected
        return tuple(stage.name for stage in inspected.stages) if inspected else ()

    def stage_lr(self, strategy: str | None = None) -> dict[str, float]:
        """Return the learning rates given to stages that the chosen network has."""
        own = self.state.stage_lr.get(strategy or self.state.strategy, {})
        return {name: own[name] for name in self.stage_names if name in own}

    def config(self, strategy: str | None = None, **changes: Any) -> TrainConfig:
        """Return what pressing Train would run, or would with another strategy or with some ``changes``."""
        strategy = strategy or self.state.strategy
        architecture = self.state.inspected.recognition.architecture if self.state.inspected else None
        values = {
            "dataset": self.pictures.state.looked.path,
            "exclude": self.pictures.state.exclude,
            "weights": self.state.weights.path,
            "strategy": strategy,
            "architecture": architecture,
            "preprocessing": self.state.preprocessing,
            "classes": self.state.classes,
            "stage_lr": self.stage_lr(strategy),
            **self._read_settings(strategy),
        }
        return TrainConfig(**(values | changes))

    def config_at_line(self, frozen: int) -> TrainConfig:
        """Return what Train would run once the ice line stood below the first ``frozen`` stages.

        Learning rates given to stages that are to be frozen are let go: they would thaw them again.
        """
        names = self.stage_names
        kept = {name: own for name, own in self.stage_lr("partial").items() if name not in names[:frozen]}
        return self.config("partial", freeze_until=names[frozen - 1], stage_lr=kept)

    def readiness(self) -> Readiness:
        """Say whether Train may be pressed, or the first thing that is missing."""
        state, pictures = self.state, self.pictures.state
        for looked, missing in (
            (pictures.looked, self.tr("Choose a folder of pictures.")),
            (state.weights, self.tr("Choose a pretrained weights file.")),
        ):
            if not looked.path:
                return Readiness(False, missing)
            if looked.looking:
                return Readiness(False, self.tr("Looking at “{name}” …").format(name=Path(looked.path).name))
            if looked.error is not None:
                return Readiness(False, looked.error.message, is_problem=True)
        if pictures.report is not None and not pictures.report.ready:
            return Readiness(False, pictures.report.reasons[0], is_problem=True)
        try:
            check_class_count(state.classes, self._found_classes)
            check_config(self.config())
            self.config().plan(self.stage_names)
            self._check_device()
        except FtguiError as error:
            return Readiness(False, str(error), is_problem=True)
        return Readiness(True, self._ready_sentence())

    def _check_device(self) -> None:
        """Raise FtguiError where the device asked for is known not to be there."""
        asked, machine = self.setting("device"), self.state.machine
        if machine is None or asked == "auto" or any(choice.name == asked for choice in machine.devices):
            return
        raise FtguiError(
            self.tr("The device “{device}” is not available on this computer.").format(device=asked),
            self.tr("Choose auto."),
        )

    def _ready_sentence(self) -> str:
        config = self.config()
        return self.tr("Ready: {epochs}, batch {batch}, lr {lr}").format(
            epochs=counted(config.epochs, self.tr("epoch"), self.tr("epochs")),
            batch=f"{config.batch_size:,}",
            lr=f"{config.head_lr:g}",
        )

    def _read_settings(self, strategy: str) -> dict[str, Any]:
        """Return the settings that a strategy looks at, as far as they mean something for this network."""
        ignored = set(SHAPING_SETTINGS).difference(STRATEGIES[strategy].reads)
        if self.setting("freeze_until") not in self.stage_names[:-1]:
            ignored |= {"freeze_until"}
        return {name: value for name, value in self.state.settings.items() if name not in ignored}

    # What the tasks found -------------------------------------------------------------------------------

    @Slot(object)
    def _on_inspected(self, inspected: Inspected) -> None:
        self.state.weights.looking = False
        self.state.inspected = inspected
        if inspected.recognition.architecture is None:
            self.state.weights.error = FtguiError(
                inspected.recognition.reason, self.tr("Choose a weights file of a torchvision classifier.")
            )
        self.changed.emit()

    @Slot(object)
    def _on_inspect_failed(self, error: FtguiError) -> None:
        self.state.weights.looking = False
        self.state.inspected = None
        self.state.weights.error = error
        self.changed.emit()

    @Slot(object)
    def _on_machine(self, machine: Machine) -> None:
        self.state.machine = machine
        self.changed.emit()
