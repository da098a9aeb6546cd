"""What a run is asked to do, and the one table from which the command line and the window are made."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Literal

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.core.records import Record
from ftgui.freezing.plan import FreezePlan, make_plan
from ftgui.freezing.strategies import SHAPING_SETTINGS, STRATEGIES

MAX_CLASSES = 1000
MAX_MULTIPLE = 10.0


class TrainConfig(Record, frozen=True, kw_only=True):
    """Everything that decides a run. ``None`` stands for "the default that fits", filled in at the start."""

    dataset: str
    weights: str
    strategy: str = "freeze"
    architecture: str | None = None
    """A torchvision name, for weights files that do not say it themselves."""
    preprocessing: str | None = None
    """The official weights whose preprocessing to use; what the file says or likely wants unless said."""
    classes: int | None = None
    """Outputs of the new head; the number of classes found unless asked for more."""
    init: Literal["pretrained", "random"] | None = None
    """The strategy's own unless said: random weights for ``scratch``, the file's for all others."""
    norm: Literal["locked", "adapt", "trainable"] = "locked"
    backbone_lr_mult: float = 0.1
    freeze_until: str | None = None
    """The last stage that ``partial`` keeps frozen; the last but one before the head unless said."""
    thaw_epoch: int | None = None
    """The epoch, from 1, at which the extractor joins in ``thaw``; half of all unless said."""
    stage_lr: dict[str, float] = msgspec.field(default_factory=dict)
    """Multiples of the head's learning rate for single stages, whatever the strategy says of them."""
    epochs: int = 10
    batch_size: int = 32
    lr: float | None = None
    """Of the head. 0.01 for strategies that keep or slow the extractor, 0.001 for ``full``; adamw a tenth."""
    optimizer: Literal["sgd", "adamw"] = "sgd"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    schedule: Literal["constant", "step", "cosine"] = "cosine"
    warmup_epochs: int = 0
    clip_grad: float | None = None
    """The longest that the gradients of all groups with a learning rate above 0 may be together."""
    label_smoothing: float = 0.0
    class_weights: Literal["off", "balanced"] = "off"
    early_stop: int | None = None
    """Epochs without an improvement after which training ends."""
    early_stop_monitor: Literal["val_loss", "val_accuracy"] = "val_loss"
    early_stop_min_delta: float = 0.0
    augment: Literal["none", "flip", "standard"] = "flip"
    views: int | None = None
    """Views a picture that ``augment`` chooses from: 1, 2 and 4 unless asked otherwise."""
    val_fraction: float = 0.2
    split_seed: int | None = None
    """Of the pictures kept for validation, where the folder does not say so; ``seed`` unless said."""
    exclude: tuple[str, ...] = ()
    """Pictures that are neither learned from nor judged on: paths relative to the dataset's root."""
    seed: int = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    layout: Literal["auto", "contiguous", "channels_last"] = "auto"
    """The order of pictures and features in memory."""
    cache: Literal["on", "off"] = "on"
    """``off`` computes everything again each time it is needed: the naive way, to compare with."""

    @property
    def head_lr(self) -> float:
        """The learning rate of the head, the strategy's default where none was given."""
        if self.lr is not None:
            return self.lr
        return STRATEGIES[self.strategy].default_lr * (0.1 if self.optimizer == "adamw" else 1.0)

    @property
    def splitting_seed(self) -> int:
        """The seed of the split: that of the run unless one was given."""
        return self.seed if self.split_seed is None else self.split_seed

    @property
    def starting_weights(self) -> Literal["pretrained", "random"]:
        """The weights that training starts from."""
        return self.init or STRATEGIES[self.strategy].init

    @property
    def joining_epoch(self) -> int:
        """The epoch at which ``thaw`` lets the extractor join: half of all, but never the first."""
        return self.thaw_epoch or max(2, (self.epochs + 1) // 2)

    def plan(self, stage_names: tuple[str, ...]) -> FreezePlan:
        """Return the plan for a network of these stages, from the input to the head.

        Raises:
            FtguiError: the strategy and the settings do not make one for these stages.
        """
        return make_plan(
            self.strategy,
            stage_names,
            norm=self.norm,
            init=self.init,
            backbone_lr_mult=self.backbone_lr_mult,
            freeze_until=self.freeze_until,
            thaw_epoch=self.joining_epoch,
            stage_lr=self.stage_lr,
        )


_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(TrainConfig)}


def plain(number: float) -> str:
    """Return a number as people write it, without an exponent."""
    if not math.isfinite(number):
        return f"{number:g}"
    return str(int(number)) if float(number).is_integer() else f"{Decimal(repr(number)):f}"


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as people meet it: a flag, a label, a range, a sentence.

    The command line's options, the window's inputs and the check of a config are all made from these.
    """

    name: str
    """The field of ``TrainConfig`` and, in the window, the input's ``objectName``."""
    label: str
    help: str
    kind: Literal["int", "float", "choice", "text"]
    minimum: float = -math.inf
    maximum: float = math.inf
    choices: tuple[str, ...] = ()
    basic: bool = False
    """Shown at once in the window; the others wait under “more settings”."""
    unset: str = "default"
    """What it means to leave it alone, where that is no value: "off", "half of the epochs"."""
    object_name: str = ""
    beside: str = ""
    """In the window, the card that shows it; the others are among the settings of learning."""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def default(self) -> Any:
        return _DEFAULTS[self.name]

    def check(self, value: Any) -> None:
        """Raise FtguiError where ``value`` is not one that this setting takes."""
        if value is None and self.default is None:
            return
        if self.kind == "text":
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
        name="backbone_lr_mult", label="Extractor's share", kind="float", minimum=0.0, maximum=MAX_MULTIPLE,
        help="The extractor's learning rate as a multiple of the output layer's (small-lr, thaw).",
    ),
    Setting(
        name="freeze_until", label="Frozen up to", kind="text", unset="all but the last stage",
        help="The last stage that stays frozen, by its name on the stage map (partial).",
    ),
    Setting(
        name="thaw_epoch", label="Thaws at epoch", kind="int", minimum=2, maximum=10_000,
        unset="half of the epochs",
        help="The epoch at which the extractor joins in, at its own share of the learning rate (thaw).",
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
        help="How learning rates fall, after the warm-up: not at all, to a tenth every 7 epochs, or along a "
        "cosine to zero.",
    ),
    Setting(
        name="warmup_epochs", label="Warm-up epochs", kind="int", minimum=0, maximum=1000,
        help="Over so many epochs the learning rates rise from next to nothing. What joins later warms up "
        "for one epoch at least.",
    ),
    Setting(
        name="clip_grad", label="Clip gradients at", kind="float", minimum=1e-6, maximum=1e6, unset="off",
        help="The longest step the gradients may ask for together (their norm). Stages at learning rate 0 "
        "do not count.",
    ),
    Setting(
        name="label_smoothing", label="Label smoothing", kind="float", minimum=0.0, maximum=0.99,
        help="How much of each label is shared among all classes. Validation is judged without it.",
    ),
    Setting(
        name="class_weights", label="Class weights", kind="choice", choices=("off", "balanced"),
        help="balanced makes a picture of a rare class count more, so that all classes count the same.",
    ),
    Setting(
        name="early_stop", label="Stop early after", kind="int", minimum=1, maximum=10_000, unset="off",
        help="Epochs without an improvement on validation after which training ends.",
    ),
    Setting(
        name="early_stop_monitor", label="Stop early by", kind="choice", choices=("val_loss", "val_accuracy"),
        help="What has to improve for training to go on.",
    ),
    Setting(
        name="early_stop_min_delta", label="Least improvement", kind="float", minimum=0.0, maximum=100.0,
        help="Anything smaller does not count as an improvement (early stopping).",
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
        name="split_seed", label="Split seed", kind="int", minimum=0, maximum=2**31 - 1, unset="the seed",
        help="Another seed for the split alone: runs of several seeds are then judged on the same pictures.",
    ),
    Setting(
        name="seed", label="Seed", kind="int", minimum=0, maximum=2**31 - 1,
        help="The same seed gives the same split, order, views and new output layer.",
    ),
    Setting(
        name="precision", label="Precision", kind="choice", choices=("auto", "fp32", "bf16", "fp16"),
        help="Arithmetic of the network. auto measures once what is fastest on this computer, and takes fp32 "
        "where it is close. fp16 is for GPUs.",
    ),
    Setting(
        name="layout", label="Memory layout", kind="choice", choices=("auto", "contiguous", "channels_last"),
        help="The order of numbers in memory. auto measures once what is fastest on this computer.",
    ),
    Setting(
        name="cache", label="Cache", kind="choice", choices=("on", "off"),
        help="on computes frozen stages once for each view of a picture and keeps that for later runs; off "
        "computes everything again each time.",
    ),
    Setting(
        name="preprocessing", label="Preprocessing", kind="text", unset="the likeliest for the file",
        beside="weights",
        help="How pictures are resized and cut: as for the official weights of this name (IMAGENET1K_V2).",
    ),
    Setting(
        name="init", label="Starting weights", kind="choice", choices=("pretrained", "random"),
        unset="the strategy's",
        help="The weights file, or the same architecture from random weights, which scratch starts from.",
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
    for name, multiple in config.stage_lr.items():
        if not (math.isfinite(multiple) and 0 <= multiple <= MAX_MULTIPLE):
            raise FtguiError(
                f"The learning rate of “{name}” cannot be × {plain(multiple)}.",
                f"Choose a multiple from 0 to {plain(MAX_MULTIPLE)}.",
            )
    if STRATEGIES[config.strategy].init == "random" and config.init == "pretrained":
        raise FtguiError(
            f"“{STRATEGIES[config.strategy].title}” starts from random weights.",
            "Choose “Everything learns” (full) for pretrained ones.",
        )


def unread_settings(config: TrainConfig) -> tuple[str, ...]:
    """Return the settings that were given and that the strategy does not look at."""
    read = STRATEGIES[config.strategy].reads
    return tuple(
        name
        for name in SHAPING_SETTINGS
        if name not in read and getattr(config, name) != SETTING_BY_NAME[name].default
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
