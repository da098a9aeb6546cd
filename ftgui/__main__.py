"""Pick a front end: the window, or the command line."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from ftgui.core.process import helpers_allowed, settle_process


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``ftgui`` with these arguments (the process's own if None); return the exit code."""
    _have_helpers()
    settle_process()
    words = sys.argv[1:] if argv is None else argv
    if not words:
        return _open_window(demo=False)  # without the command line's own: the window is to open at once
    from ftgui.cli.parser import make_parser

    arguments = make_parser().parse_args(words)
    if arguments.command in (None, "demo"):
        return _open_window(demo=arguments.command == "demo")
    from ftgui.cli.commands import run_command  # after parsing: --help must not wait for anything

    return run_command(arguments)


def window() -> int:
    """Open the window; what a desktop's menu starts."""
    _have_helpers()
    settle_process()
    return _open_window(demo="demo" in sys.argv[1:])


def _have_helpers() -> None:
    """Let work be given to other processes; do what one of them started this one for, if one did, and end."""
    helpers_allowed.set()
    if getattr(sys, "frozen", False):
        from multiprocessing import freeze_support  # elsewhere Python sees to it

        freeze_support()


def _open_window(*, demo: bool) -> int:
    gc.disable()  # next to nothing of what is made now is garbage; the window turns it on again
    from ftgui.gui.app import run

    return run(demo=demo)


if __name__ == "__main__":
    sys.exit(main())
