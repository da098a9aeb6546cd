"""Make the bundled demo again: its pictures, the weights it starts from, and the figures it claims.

    python tools/make_demo.py             all three, in about half an hour on two idle cores
    python tools/make_demo.py --pictures  only ftgui/resources/demo/pictures
    python tools/make_demo.py --weights   only the weights (draws its own source pictures, keeps none)
    python tools/make_demo.py --check     only measure: frozen features against random weights

The demo has to run with no network and no other file, and nobody's photos may be shipped without their
leave; so both the pictures and what the weights were pretrained on are drawn, from a seed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

# Before torch is loaded: threads that wait by spinning take the processor from one another as soon as
# anything else runs on this machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

HOME = Path(__file__).resolve().parent.parent / "ftgui" / "resources" / "demo"


def main() -> int:
    options = _options()
    everything = not (options.pictures or options.weights or options.check)
    start = time.perf_counter()
    if everything or options.pictures:
        from demo.pictures import write_demo

        size = write_demo(HOME / "pictures", options.seed)
        print(f"pictures: {size / 1e6:.2f} MB in {time.perf_counter() - start:.0f} s")
    from demo.network import WEIGHTS_NAME

    if everything or options.weights:
        from demo.pretraining import pretrain

        pretrain(HOME / WEIGHTS_NAME, options.seed)
    if everything or options.check:
        import torch
        from demo.check import check

        torch.set_num_threads(options.threads)
        return 0 if check(HOME / "pictures", HOME / WEIGHTS_NAME, options.seeds, options.lrs) else 1
    return 0


def _options() -> argparse.Namespace:
    from demo.check import SCRATCH_LRS, SEEDS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", action="store_true", help="draw the demo's pictures")
    parser.add_argument("--weights", action="store_true", help="pretrain the weights on the source set")
    parser.add_argument(
        "--check", action="store_true", help="measure what transfer is worth and print a table"
    )
    parser.add_argument(
        "--seed", type=int, default=20, help="of all drawing and of the pretraining (default 20)"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the runs of --check")
    parser.add_argument("--lrs", type=float, nargs="+", default=SCRATCH_LRS, help="tried from random weights")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="of --check")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
