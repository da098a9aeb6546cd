"""Build the program as a folder that needs no Python, and say what it weighs.

python packaging/build.py [--out FOLDER]     makes FOLDER/ftgui (FOLDER is dist/ unless said otherwise)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CUDA_FILES = ("libtorch_cuda", "libc10_cuda", "libcu", "libnv", "libnccl", "torch_cuda", "c10_cuda")
"""What the names of files begin with that only a computer with an NVIDIA card uses."""
CUDA_FOLDERS = ("nvidia", "triton")


def main() -> int:
    """Build, then print the sizes."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="ftgui-build-") as work:
        subprocess.run(
            [
                *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"),
                *("--workpath", work, "--distpath", str(options.out), str(HERE / "ftgui.spec")),
            ],
            check=True,
        )
    built = options.out / "ftgui"
    sys.stdout.write("\n".join([f"built {built}", *weigh(built), ""]))
    return 0


def weigh(built: Path) -> Iterator[str]:
    """Yield what the folder weighs, by what the weight is for."""
    sizes: Counter[str] = Counter()
    for path in built.rglob("*"):
        if path.is_file() and not path.is_symlink():
            sizes[part_of(path.relative_to(built))] += path.stat().st_size
    total = sizes.total()
    for part, size in sizes.most_common():
        yield f"{part:8} {size / 1e6:8.0f} MB  {100 * size / total:5.1f} %"
    yield f"{'total':8} {total / 1e6:8.0f} MB"


def part_of(path: Path) -> str:
    """Return which part a file of the built folder belongs to."""
    folders = path.parts[:-1]
    if path.name.startswith(CUDA_FILES) or any(folder in CUDA_FOLDERS for folder in folders):
        return "CUDA"
    for part, names in {"torch": ("torch", "torchvision"), "Qt": ("PySide6", "shiboken6")}.items():
        if any(name in folders for name in names):
            return part
    return "ftgui" if "ftgui" in folders else "rest"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE.parent / "dist", help="where the folder goes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
