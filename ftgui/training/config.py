"""What a run is asked to do, and the one table from which the command line and the window are made."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.core.records import Record
from ftgui.freezing.strategies import STRATEGIES

MAX_CLASSES = 1000


class TrainConfig(Record, frozen=True, kw_only=True):
    """Everything that decides a run. ``None`` stands for "the default that fits", filled in at the start."""

    dataset: str
    weights: str
    strategy: str = "freeze"
    architecture: str | None = None
    """A torchvision name, for weights files that do not say it themselves."""
    classes: int | None = None
    """Outputs of the new head; the number of classes found unless asked for more."""
    init: Literal["pretrained", "random"] = "pretrained"
    norm: Literal["locked", "adapt", "trainable"] = "locked"
    backbone_lr_mult: float = 0.1
    epochs: int = 10
    batch_size: int = 32
    lr: float | None = None
    """Of the head. 0.01 for strategies that keep or slow the extractor, 0.001 for ``full``; adamw a tenth."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Literal["constant", "step", "cosine"] = "cosine"
    augment: Literal["none", "flip", "standard"] = "flip"
    views: int | None = None
    """Views a picture that ``augment`` chooses from: 1, 2 and 4 unless asked otherwise."""
    val_fraction: float = 0.2
    seed: int = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"

    @property
    def head_lr(self) -> float:
        """The learning rate of the head, the strategy's default where none was given."""
        if self.lr is not None:
            return self.lr
        return STRATEGIES[self.strategy].default_lr * (0.1 if self.optimizer == "adamw" else 1.0)


def plain(number: float) -> str:
    """Return a number as people write it, without an exponent where it is whole."""
    return str(int(number)) if float(number).is_integer() else f"{number:g}"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as people meet it: a flag, a label, a range, a sentence.

    The command line's options, the window's inputs and the check of a config are all made from these.
    """

    name: str
    """The field of ``TrainConfig`` and, in the window, the input's ``objectName``."""
    label: str
    help: str
    kind: Literal["int", "float", "choice"]
    minimum: float = -math.inf
    maximum: float = math.inf
    choices: tuple[str, ...] = ()
    basic: bool = False
    """Shown at once in the window; the others wait under “more settings”."""
    object_name: str = ""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def default(self) -> Any:
        return next(f.default for f in msgspec.structs.fields(TrainConfig) if f.name == self.name)

    def check(self, value: Any) -> None:
        """Raise FtguiError where ``value`` is not one that this setting takes."""
        if value is None and self.default is None:
            return
        if self.kind == "choice":
            if value not in self.choices:
                raise FtguiError(f"{self.label} cannot be “{value}”.", f"Choose {', '.join(self.choices)}.")
        elif not math.isfinite(value) or not self.minimum <= value <= self.maximum:
            raise FtguiError(
                f"{self.label} cannot be {plain(value)}.",
                f"Choose a number from {plain(self.minimum)} to {plain(self.maximum)}.",
            )


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="epochs", label="Epochs", kind="int", minimum=1, maximum=10_000, basic=True,
        help="How often training goes through all training pictures.",
    ),
    Setting(
        name="batch_size", label="Batch size", kind="int", minimum=1, maximum=4096, basic=True,
        help="Pictures per step. Smaller learns in more, noisier steps; larger needs more memory.",
    ),
    Setting(
        name="lr", label="Learning rate", kind="float", minimum=0.0, maximum=100.0, basic=True,
        object_name="learning_rate",
        help="How far the output layer moves at each step. Left alone, it is the strategy's own default.",
    ),
    Setting(
        name="device", label="Device", kind="choice", choices=("auto", "cpu", "cuda", "mps"), basic=True,
        help="Where to compute. auto takes CUDA if there, else MPS, else the CPU.",
    ),
    Setting(
        name="backbone_lr_mult", label="Extractor's share", kind="float", minimum=0.0, maximum=10.0,
        help="The extractor's learning rate as a multiple of the output layer's (small-lr).",
    ),
    Setting(
        name="norm", label="Norms that stay", kind="choice", choices=("locked", "adapt", "trainable"),
        object_name="norm_policy",
        help="Frozen BatchNorm: locked keeps all of it; adapt lets its statistics follow your pictures, "
        "as the classic tutorials do; trainable also trains its scale and shift.",
    ),
    Setting(
        name="optimizer", label="Optimizer", kind="choice", choices=("sgd", "adamw"),
        help="SGD with momentum, or AdamW (its default learning rates are a tenth).",
    ),
    Setting(
        name="momentum", label="Momentum", kind="float", minimum=0.0, maximum=0.999,
        help="How much of the last step goes into the next (sgd).",
    ),
    Setting(
        name="weight_decay", label="Weight decay", kind="float", minimum=0.0, maximum=10.0,
        help="How strongly learning weights are pulled towards zero.",
    ),
    Setting(
        name="schedule", label="Schedule", kind="choice", choices=("constant", "step", "cosine"),
        help="How learning rates fall: not at all, to a tenth every 7 epochs, or along a cosine to zero.",
    ),
    Setting(
        name="augment", label="Augmentation", kind="choice", choices=("none", "flip", "standard"),
        help="Views of each training picture: only itself, also mirrored, or random crops, mirrored or not.",
    ),
    Setting(
        name="views", label="Views per picture", kind="int", minimum=1, maximum=64,
        help="How many different views augmentation chooses from. Left alone: none 1, flip 2, standard 4.",
    ),
    Setting(
        name="val_fraction", label="Validation share", kind="float", minimum=0.01, maximum=0.9,
        help="Share of the pictures kept for validation, where the folder has no validation split.",
    ),
    Setting(
        name="seed", label="Seed", kind="int", minimum=0, maximum=2**31 - 1,
        help="The same seed gives the same split, order, views and new output layer.",
    ),
    Setting(
        name="precision", label="Precision", kind="choice", choices=("auto", "fp32", "bf16"),
        help="Arithmetic of the network. auto is fp32; bf16 is faster where the processor knows it.",
    ),
    Setting(
        name="init", label="Starting weights", kind="choice", choices=("pretrained", "random"),
        help="The weights file, or the same architecture from random weights: what transfer is worth.",
    ),
)  # fmt: skip

SETTING_BY_NAME = {setting.name: setting for setting in SETTINGS}


def check_config(config: TrainConfig) -> None:
    """Raise FtguiError where a config asks for something that cannot be.

    What depends on the pictures or the weights is checked where they are known.
    """
    if config.strategy not in STRATEGIES:
        raise FtguiError(f"There is no strategy “{config.strategy}”.", f"Choose {', '.join(STRATEGIES)}.")
    for setting in SETTINGS:
        setting.check(getattr(config, setting.name))
    if config.init == "random" and not STRATEGIES[config.strategy].suits_random_weights:
        raise FtguiError(
            f"“{config.strategy}” keeps the extractor as it is, and random weights are nothing to keep.",
            "Use the strategy full with random weights.",
        )


def check_class_count(asked: int | None, found: int) -> int:
    """Return how many outputs the head gets.

    Raises:
        FtguiError: ``asked`` is below the classes found, below 1 or above ``MAX_CLASSES``.
    """
    if found > MAX_CLASSES:
        raise FtguiError(
            f"The folder holds {found} classes, and {MAX_CLASSES} are the most.",
            "Choose a folder with fewer class folders.",
        )
    count = found if asked is None else asked
    if count < 1 or count > MAX_CLASSES:
        raise FtguiError(
            f"The number of classes cannot be {count}.", f"Choose a number from {found} to {MAX_CLASSES}."
        )
    if count < found:
        raise FtguiError(
            f"The number of classes is {count}, but the folder holds {found} classes.",
            f"Set it to {found}, or to more if you want spare outputs.",
        )
    return count
