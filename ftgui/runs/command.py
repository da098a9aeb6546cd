"""The shell commands that repeat a run or a comparison."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from ftgui.runs.comparison import ComparisonPlan
from ftgui.runs.report_words import counted
from ftgui.training.config import SETTINGS, TrainConfig, plain

BARE = re.compile(r"[\w.:\\/=+-]+")
"""What needs no quotation marks."""
LEFT_OUT = "left-out.txt"
"""The file of the pictures that were left out: a command cannot hold them itself."""


def compare_command(plan: ComparisonPlan, out: str) -> str:
    """Return the command that compares the same again, with ``out`` as its folder.

    It names only what is not the default, and ``--exclude`` a file that ``left_out_note`` tells of.
    """
    config, own = plan.config, {"strategy", "seed", "lr"}
    if config.split_seed == (*plan.seeds, 0)[0]:
        own.add("split_seed")  # that of the first seed, unless asked otherwise
    words = [*_beginning("compare", config), "--strategies", ",".join(plan.strategies)]
    words += ["--seeds", ",".join(map(str, plan.seeds))]
    if plan.lrs:
        words += ["--lrs", ",".join(map(plain, plan.lrs))]
    return in_shell([*words, *_options(config, own), *_ending(config, out)])


def train_command(config: TrainConfig, out: str) -> str:
    """Return the command that trains the same again, with ``out`` as its folder.

    It names only what is not the default, and ``--exclude`` a file that ``left_out_note`` tells of.
    """
    words = [*_beginning("train", config), "--strategy", config.strategy]
    return in_shell([*words, *_options(config, set()), *_ending(config, out)])


def in_shell(words: Sequence[str]) -> str:
    """Return words as a command line of this computer's shell: on Windows of cmd.exe and of PowerShell."""
    return " ".join(map(_quoted, words)) if os.name == "nt" else shlex.join(words)


def _quoted(word: str) -> str:
    """Return a word as both shells of Windows take it; PowerShell would part an unquoted one at commas.

    A path holds no quotation mark there. What stands for a variable in either shell stays one.
    """
    return word if BARE.fullmatch(word) else f'"{word}"'


def left_out_note(config: TrainConfig) -> str:
    """Return what the file of ``--exclude`` holds, as a sentence; empty where nothing is left out."""
    if not config.exclude:
        return ""
    left_out = counted(len(config.exclude), "picture that was", "pictures that were")
    return (
        f"“{LEFT_OUT}” beside this page holds the {left_out} left out; elsewhere the command needs its path."
    )


def left_out_lines(config: TrainConfig) -> str:
    """Return what ``--exclude`` reads: a path a line."""
    return "".join(f"{path}\n" for path in config.exclude)


def _beginning(command: str, config: TrainConfig) -> list[str]:
    return ["ftgui", command, _path(config.dataset), "--weights", _path(config.weights)]


def _path(path: str) -> str:
    """Return a path that cannot be taken for an option."""
    return f".{os.sep}{path}" if path.startswith("-") else path


def _options(config: TrainConfig, left_alone: Iterable[str]) -> list[str]:
    """Return the options of what is not the default, ``left_alone`` aside."""
    words = [] if config.architecture is None else ["--arch", config.architecture]
    words += [] if config.classes is None else ["--classes", str(config.classes)]
    for setting in SETTINGS:
        value = getattr(config, setting.name)
        if setting.name not in left_alone and value != setting.default:
            words += _option(setting.flag, value)
    return words


def _option(flag: str, value: Any) -> list[str]:
    text = value if isinstance(value, str) else plain(value)
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _ending(config: TrainConfig, out: str) -> list[str]:
    """Return what may not stand before DATA, since it takes any number of words, and the folder."""
    words = ["--exclude", LEFT_OUT] if config.exclude else []
    if config.stage_lr:
        words += ["--stage-lr", *(f"{stage}={plain(rate)}" for stage, rate in config.stage_lr.items())]
    return [*words, "--out", _path(out)]
