"""How long a folder takes to be listed and checked, and how the window fares meanwhile, by its size.

``python -m tests.bench.scan_size`` makes folders of small JPEGs in 1,000 classes (or ``--classes``), each
picture another one, and for each size has a fresh process check it twice: the second time everything is
known. Then the window opens the largest one: how soon the listing is on screen, how late the event loop was
at most until the check was done, and how much memory it took. It needs a screen: a desktop, or
``xvfb-run -a -s "-screen 0 1440x900x24" python -m tests.bench.scan_size``.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from ftgui.core.process import helpers_allowed

SIZES = (10_000, 30_000, 100_000)
PICTURES = 64
"""Of other pixels; a comment in each file makes all files differ."""


def make_folder(root: Path, files: int, classes: int) -> Path:
    """Write so many small JPEGs, spread over class folders."""
    bodies = [_body(number) for number in range(PICTURES)]
    for number in range(files):
        folder = root / f"class {number % classes}"
        if number < classes:
            folder.mkdir(parents=True)
        start, rest = bodies[number % PICTURES]
        comment = b"\xff\xfe\x00\x0a" + number.to_bytes(8, "big")
        (folder / f"{number:06}.jpg").write_bytes(start + comment + rest)
    return root


def _body(number: int) -> tuple[bytes, bytes]:
    """Return a JPEG as its first two bytes and the rest."""
    image = Image.linear_gradient("L").resize((64, 48)).rotate(number * 5).convert("RGB")
    image.paste((number * 4, 255 - number * 3, number), (8, 8, 24, 24))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    content = stream.getvalue()
    return content[:2], content[2:]


def in_fresh_process(*arguments: str, home: Path) -> dict[str, Any]:
    """Run a part of this bench by itself; return what it measured."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scan_size", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "FTGUI_HOME": str(home)},
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


# In processes of their own.


def check_once(root: Path) -> dict[str, Any]:
    """List and check a folder; return seconds and the memory that it took at most."""
    from ftgui.core.memory import peak_memory_mb
    from ftgui.jobs.scan import check, list_pictures

    began = time.perf_counter()
    dataset, report = list_pictures(root)
    listed = time.perf_counter() - began
    work = check(dataset)
    while True:
        try:
            next(work)
        except StopIteration as end:
            report = end.value
            break
    seconds = time.perf_counter() - began
    return {
        "pictures": report.pictures,
        "findings": len(report.findings),
        "listed": listed,
        "seconds": seconds,
        "cpu": time.process_time(),
        "peak_mb": peak_memory_mb(),
    }


def in_window(root: Path) -> dict[str, Any]:
    """Open a folder in the window; return how it fared until everything was checked and shown."""
    import psutil
    from PySide6.QtCore import QEventLoop, QTimer

    from ftgui.gui.app import SWITCH_SECONDS, create_window, make_application
    from tests.bench.lateness import Watch

    sys.setswitchinterval(SWITCH_SECONDS)  # as the program does
    application = make_application()
    window = create_window()
    process, weights = psutil.Process(), [0]
    scales, watch = QTimer(), Watch()
    scales.timeout.connect(lambda: weights.append(process.memory_info().rss))
    scales.start(50)

    def until(is_so: Callable[[], bool]) -> float:
        began, loop, poll = time.perf_counter(), QEventLoop(), QTimer()
        poll.timeout.connect(lambda: loop.quit() if is_so() else None)
        poll.start(5)
        loop.exec()
        return time.perf_counter() - began

    window.show()
    window.load_when_painted()
    until(lambda: window.project.state.machine is not None)
    before = max(weights)
    pictures = window.project.pictures
    window._look_at_pictures()
    watch.start()
    window.project.set_dataset(str(root))
    listed = until(lambda: window.data.pictures.grid.pictures.rowCount() > 0)
    listing = watch.take()
    checked = until(lambda: not pictures.is_checking)
    until(lambda: bool(window.data.pictures.grid.pictures.rowCount()))
    checking = watch.take()
    watch.stop()
    scales.stop()
    window.close()
    application.processEvents()
    return {
        "listed": listed,
        "seconds": listed + checked,
        "listing": dataclasses.asdict(listing),
        "checking": dataclasses.asdict(checking),
        "before_mb": before / 1e6,
        "peak_mb": max(weights) / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--no-window", action="store_true")
    parser.add_argument("--child", choices=["check", "window"], help=argparse.SUPPRESS)
    parser.add_argument("root", nargs="?", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    helpers_allowed.set()
    if options.child:
        told = check_once(options.root) if options.child == "check" else in_window(options.root)
        print(json.dumps(told))
        return
    with tempfile.TemporaryDirectory(prefix="ftgui-scan-") as scratch:
        _measure(options, Path(scratch))


def _measure(options: argparse.Namespace, scratch: Path) -> None:
    print("| pictures | listed s | first check s | CPU s | µs a picture | peak MB | second check s |")
    print("|--:|--:|--:|--:|--:|--:|--:|")
    for size in options.sizes:
        root = make_folder(scratch / f"{size}", size, options.classes)
        home = scratch / f"home-{size}"
        first, second = (in_fresh_process("--child", "check", str(root), home=home) for _ in range(2))
        assert first["pictures"] == second["pictures"] == size
        print(
            f"| {size:,} | {first['listed']:.2f} | {first['seconds']:.2f} | {first['cpu']:.2f} "
            f"| {first['seconds'] / size * 1e6:.0f} | {first['peak_mb']:.0f} | {second['seconds']:.2f} |",
            flush=True,
        )
    if options.no_window:
        return
    root, home = scratch / f"{options.sizes[-1]}", scratch / "home-window"
    for name in ("first", "second"):
        told = in_fresh_process("--child", "window", str(root), home=home)
        print(
            f"window, {name} time: listed {told['listed']:.2f} s, checked {told['seconds']:.2f} s, "
            f"memory {told['before_mb']:.0f} MB before, at most {told['peak_mb']:.0f} MB"
        )
        for what in ("listing", "checking"):
            late = told[what]
            print(f"  {what}: late by p99 {late['p99_ms']:.0f} ms, longest {late['gaps_ms'][::-1]} ms")
            for line in late["meanwhile"][-6:]:
                print(f"    {line}")


if __name__ == "__main__":
    main()
