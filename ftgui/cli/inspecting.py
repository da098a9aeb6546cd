"""``ftgui inspect``: what a weights file is, in words or as one JSON object."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from ftgui.core import records
from ftgui.core.errors import FtguiError

if TYPE_CHECKING:
    from ftgui.models.identify import Recognition

_OF_PREPROCESSING = ("resize", "crop", "interpolation", "mean", "std")


def inspect_command(arguments: argparse.Namespace) -> int:
    """Say what a weights file is; return 1 where it is of no network that is known."""
    from ftgui.jobs.inspect import inspect

    try:
        found = inspect(arguments.weights, arguments.architecture)
    except FtguiError as error:
        if arguments.json:
            print(records.to_json_line(_refused(error)))
        raise
    if arguments.json:
        print(records.to_json_line(_recognised(found)))
    elif found.architecture is not None:
        _say(found)
    if found.architecture is None:
        print(f"ftgui: {found.reason}", file=sys.stderr)
        return 1
    return 0


def _recognised(found: Recognition) -> dict[str, Any]:
    """Return what is known of a file that could be read."""
    plain: dict[str, Any] = msgspec.to_builtins(found)
    plain["preprocessing"] = {key: plain["preprocessing"][key] for key in _OF_PREPROCESSING}
    plain["preprocessing_choices"] = [choice["name"] for choice in plain["preprocessing_choices"]]
    del plain["matched_names"]  # all but those that are listed
    return plain


def _refused(error: FtguiError) -> dict[str, Any]:
    """Return the same keys for a file that could not, with nothing in them but the reason."""
    nothing = (
        "architecture",
        "exact_weights",
        "num_classes",
        "parameters",
        "layout",
        "preprocessing",
        "sha256",
    )
    none: dict[str, Any] = dict.fromkeys(nothing)
    empty = {"matched": 0, "missing": [], "unexpected": [], "notes": []}
    return none | empty | {"reason": error.message, "hint": error.hint, "details": error.details}


def _say(found: Recognition) -> None:
    plan = found.preprocessing
    classes = f"{found.num_classes} classes" if found.num_classes else "no output layer that fits"
    print(f"{found.title} ({found.architecture}), {classes}")
    print(f"  weights        {found.exact_weights or 'not an official file'}")
    print(f"  parameters     {found.parameters:,}")
    print(f"  layout         {found.layout}")
    print(f"  preprocessing  {plan.name}: resize {plan.resize}, crop {plan.crop}, {plan.interpolation}")
    print(
        f"  entries        {found.matched} matched, {len(found.missing)} missing, "
        f"{len(found.unexpected)} unexpected"
    )
    for note in found.notes:
        print(f"- {note}")
