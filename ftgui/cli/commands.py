"""What each command does: call a job, say its result in words or in JSON."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ftgui.cli.comparing import compare_command
from ftgui.cli.forecasting import forecast_command
from ftgui.cli.inspecting import inspect_command
from ftgui.cli.scanning import scan_command
from ftgui.cli.training import Words, config_from, resume_command, stopped_by_ctrl_c, train_command
from ftgui.cli.usage import UsageError
from ftgui.core import records
from ftgui.core.errors import FtguiError, first_line
from ftgui.training.control import RunControl


def run_command(arguments: argparse.Namespace) -> int:
    """Run a parsed command; return 0, or 1 (failed) or 2 (wrong usage) after one sentence on stderr."""
    _speak_utf8()
    try:
        code = COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
        return code
    except FtguiError as error:
        print(f"ftgui: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:
        # The reader of our output went away (`ftgui … | head`); nothing is left to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("FTGUI_DEBUG"):
            raise
        print(
            f"ftgui: something went wrong inside: {first_line(error)} "
            "(FTGUI_DEBUG=1 shows where; please report it)",
            file=sys.stderr,
        )
        return 1


def _speak_utf8() -> None:
    """Have pipes and files carry UTF-8 on every system: Windows' code pages lack most names."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")


def find_lr_command(arguments: argparse.Namespace) -> int:
    config = config_from(arguments)
    from ftgui.jobs.lr_find import find_learning_rate
    from ftgui.training.lr_finder import LrFound

    found = None
    with stopped_by_ctrl_c(control := RunControl()), closing(Words()) as words:
        for event in find_learning_rate(config, control):
            if isinstance(event, LrFound):
                found = event
            elif not arguments.json:
                words.event(event)
    if found is None:
        raise FtguiError("The search for a learning rate was stopped.")
    if arguments.json:
        print(records.to_json_line(found))
        return 0
    for trial in found.trials:
        print(f"lr {trial.lr:8.1e}  loss {trial.loss:.4f}  smoothed {trial.smoothed_loss:.4f}")
    if found.suggestion is None:
        print("No learning rate brought the loss down; nothing is suggested.")
    else:
        print(f"suggested learning rate: {found.suggestion:.2g}, where the loss falls most steeply")
    return 0


def predict_command(arguments: argparse.Namespace) -> int:
    from ftgui.jobs.predict import predict

    answers = []
    for answer in predict(arguments.model, arguments.pictures, arguments.top):
        answers.append(answer)
        if not arguments.json:
            ranked = zip(answer.classes, answer.probabilities, strict=True)
            print(f"{answer.path}: " + ", ".join(f"{name} {chance:.1%}" for name, chance in ranked))
    if arguments.json:
        print(records.to_json_line({"predictions": answers}))
    return 0


def export_command(arguments: argparse.Namespace) -> int:
    from ftgui.jobs.export import export

    model_file = export(arguments.run, arguments.out)
    if arguments.json:
        print(records.to_json_line({"out": str(Path(arguments.out).absolute()), "model": model_file}))
    else:
        names = ", ".join(sorted(path.name for path in arguments.out.iterdir()))
        print(f"Wrote {arguments.out}: {names}")
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "scan": scan_command,
    "inspect": inspect_command,
    "train": train_command,
    "resume": resume_command,
    "lr-find": find_lr_command,
    "forecast": forecast_command,
    "compare": compare_command,
    "predict": predict_command,
    "export": export_command,
}
