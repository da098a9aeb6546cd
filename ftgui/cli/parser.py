"""The words of the command line. The options of ``train`` are made from the settings table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from ftgui import __version__
from ftgui.freezing.strategies import STRATEGIES
from ftgui.training.config import SETTINGS, Setting

_JSON_LINES = "JSON Lines, an event each,"

Number = TypeVar("Number", int, float)

Commands = argparse._SubParsersAction  # argparse names this type only so


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; ``command`` is None where the window is meant."""
    parser = argparse.ArgumentParser(
        prog="ftgui",
        description="Fine-tune image classifiers. Without a command, opens the window.",
    )
    parser.add_argument("--version", action="version", version=f"ftgui {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for add in (
        _demo,
        _scan,
        _inspect,
        _train,
        _resume,
        _find_lr,
        _forecast,
        _compare,
        _predict,
        _export,
    ):
        add(commands)
    return parser


def _command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    summary: str,
    *,
    json_help: str = "one JSON object",
) -> argparse.ArgumentParser:
    # Without abbreviations: "--lr" of a comparison would be taken for "--lrs".
    command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    command.add_argument("--json", action="store_true", help=f"print {json_help} instead of words")
    return command


def _demo(commands: Commands[argparse.ArgumentParser]) -> None:
    summary = "Open the window with the bundled demo, ready to train."
    commands.add_parser("demo", help=summary, description=summary)


def _scan(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands, "scan", "Say which classes and pictures a dataset holds, and what is wrong in it."
    )
    command.add_argument(
        "data", metavar="DATA", type=_dataset, help="the dataset folder, or a list of paths and classes"
    )


def _inspect(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "inspect", "Say what a weights file is.")
    command.add_argument("weights", metavar="WEIGHTS", type=Path, help="the weights file")
    _architecture(command)


def _train(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "train", "Fine-tune a network on a dataset folder.", json_help=_JSON_LINES)
    _what_to_train(command)
    command.add_argument("--out", metavar="RUN", type=Path, required=True, help="the run folder, a new one")


def _resume(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "resume", "Go on with a run that was stopped.", json_help=_JSON_LINES)
    command.add_argument("run", metavar="RUN", type=Path, help="the run folder")


def _find_lr(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "lr-find", "Try rising learning rates on a copy of the network.")
    _what_to_train(command)


def _forecast(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands, "forecast", "Say what strategies would take here, time and memory, from a few timed steps."
    )
    command.add_argument(
        "--strategies",
        metavar="A,B,…",
        type=_strategies,
        help="some of those that compare knows (default: all)",
    )
    _shared_by_runs(command)


def _compare(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(
        commands,
        "compare",
        "Train with several strategies, everything else held equal, and say honestly what differs.",
        json_help=_JSON_LINES,
    )
    command.add_argument(
        "--strategies",
        metavar="A,B,…",
        type=_strategies,
        help=f"what may move, some of {', '.join(STRATEGIES)}; all to compare all of them",
    )
    command.add_argument(
        "--seeds",
        metavar="N,N,…",
        type=_list_of(int),
        help="a run of each strategy for each (default: those of the comparison in DIR, else 0)",
    )
    command.add_argument(
        "--lrs",
        metavar="X,X,…",
        type=_list_of(float),
        help="learning rates that every strategy is tried with "
        "(default: those of the comparison in DIR, else each strategy's own alone)",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        help="the folder, a new one or that of a comparison to go on with; then nothing else need be said",
    )
    _shared_by_runs(command, without=("seed", "lr"))


def _what_to_train(command: argparse.ArgumentParser) -> None:
    """Add everything that makes a config."""
    command.add_argument("--strategy", choices=tuple(STRATEGIES), help="what may move (default freeze)")
    command.add_argument(
        "--stage-lr",
        metavar="STAGE=MULT",
        type=_stage_multiple,
        nargs="+",
        action="extend",
        help="learning rates of single stages as multiples of the head's, whatever the strategy says",
    )
    _shared_by_runs(command)


def _shared_by_runs(command: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Add what makes a config but for the strategy, and the settings ``without`` some."""
    command.add_argument(
        "data",
        metavar="DATA",
        type=_dataset,
        nargs="?",
        help="the dataset folder, or a list of paths and classes",
    )
    command.add_argument("--weights", metavar="FILE", type=Path, help="the pretrained weights file")
    command.add_argument(
        "--classes", metavar="N", type=int, help="outputs of the new head (default: the classes found)"
    )
    _architecture(command)
    for setting in SETTINGS:
        if setting.name not in without:
            _setting(command, setting)
    command.add_argument(
        "--no-cache",
        dest="cache",
        action="store_const",
        const="off",
        help="compute everything again each time it is needed: --cache off",
    )
    command.add_argument(
        "--exclude",
        metavar="FILE",
        type=Path,
        help="leave out the pictures that this text file names, a path below DATA a line",
    )
    command.add_argument(
        "--config", metavar="FILE", type=Path, help="take everything not said here from a run's config.json"
    )


def _predict(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "predict", "Say which class pictures belong to.")
    command.add_argument("model", metavar="RUN|EXPORT", type=Path, help="a run folder or an export folder")
    command.add_argument("pictures", metavar="PICTURE", type=Path, nargs="+", help="picture files")
    command.add_argument("--top", metavar="K", type=_positive, default=5, help="classes to name (default 5)")


def _export(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _command(commands, "export", "Write the best weights of a run as a plain .pth with side files.")
    command.add_argument("run", metavar="RUN", type=Path, help="the run folder")
    command.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="the export folder, a new one"
    )


def _architecture(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--arch",
        metavar="A",
        dest="architecture",
        help="the torchvision architecture, for files that do not say it",
    )


def _setting(command: argparse.ArgumentParser, setting: Setting) -> None:
    parse: dict[str, Callable[[str], object]] = {"int": int, "float": float, "choice": str, "text": str}
    shown = setting.unset if setting.default is None else setting.default
    shown = "" if shown == "default" else f" (default {shown})"
    command.add_argument(
        setting.flag,
        dest=setting.name,
        type=parse[setting.kind],
        choices=setting.choices or None,
        metavar=None if setting.choices else {"int": "N", "float": "X"}.get(setting.kind, "NAME"),
        help=setting.help.replace("%", "%%") + shown,
    )


def _dataset(text: str) -> Path:
    if not text:  # Path would take it for the working directory
        raise argparse.ArgumentTypeError("an empty name is no dataset: name its folder")
    return Path(text)


def _strategies(text: str) -> tuple[str, ...]:
    names = tuple(STRATEGIES) if text == "all" else tuple(text.split(","))
    unknown = [name for name in names if name not in STRATEGIES]
    if unknown:
        raise argparse.ArgumentTypeError(f"“{unknown[0]}” is none of {', '.join(STRATEGIES)}")
    return names


def _list_of(kind: Callable[[str], Number]) -> Callable[[str], tuple[Number, ...]]:
    """Return what reads numbers with commas between them."""

    def read(text: str) -> tuple[Number, ...]:
        try:
            return tuple(kind(part) for part in text.split(","))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"“{text}” is no list of numbers, such as 0,1,2") from error

    return read


def _stage_multiple(text: str) -> tuple[str, float]:
    stage, equals, multiple = text.partition("=")
    if not (stage and equals):
        raise argparse.ArgumentTypeError(f"“{text}” is not STAGE=MULT, such as layer4=0.1")
    return stage, float(multiple)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
