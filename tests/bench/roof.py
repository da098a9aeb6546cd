"""What this machine can do at best: each part of a run measured alone, on all cores.

    python -m tests.bench.roof DATA WEIGHTS [--arch A] [--precision bf16] [--layout channels_last]

``DATA`` holds ``train`` and ``val``. All figures are pictures a second.
"""

from __future__ import annotations

from ftgui.core.process import settle_process

settle_process()

import argparse  # noqa: E402
import copy  # noqa: E402
import functools  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from dataclasses import asdict, dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402

from ftgui.core.preprocessing import Preprocessing  # noqa: E402
from ftgui.data.decode import load_prepared  # noqa: E402
from ftgui.data.scan import scan_dataset  # noqa: E402
from ftgui.models.folding import folded  # noqa: E402
from ftgui.models.head import replace_output_layer  # noqa: E402
from ftgui.models.identify import recognise  # noqa: E402
from ftgui.models.pretrained import load_pretrained  # noqa: E402
from ftgui.models.splitting import Halves  # noqa: E402
from ftgui.models.stages import find_stages  # noqa: E402
from ftgui.models.weights import read_weights  # noqa: E402
from ftgui.training.precision import DTYPES, FORMATS, autocast  # noqa: E402

BATCHES = 7
"""Timed batches of each kind, after two that warm up."""
SIZES = (16, 32, 64)
"""Pictures a batch that are tried where nothing learns: the roof is the best of them."""


@dataclass(frozen=True)
class Arithmetic:
    """How the network computes."""

    precision: str = "fp32"
    layout: str = "contiguous"
    device: str = "cpu"

    def placed(self, module: nn.Module) -> nn.Module:
        return module.to(self.device).to(memory_format=FORMATS[self.layout])  # type: ignore[call-overload]

    def numbers(self, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> torch.Tensor:
        drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(self.device, dtype)
        return drawn.contiguous(memory_format=FORMATS[self.layout]) if drawn.ndim == 4 else drawn


@dataclass(frozen=True, kw_only=True)
class Roof:
    """Pictures a second. Lists go by the number of frozen stages."""

    decode: float
    prefix: dict[int, float]
    """Through the frozen stages, norms folded, in the run's numbers throughout."""
    prefix_live: dict[int, float]
    """The same in batches of training and as they stand in the network, norms and all, under autocast."""
    suffix: dict[int, float]
    """Through the stages that learn, judging."""
    suffix_step: dict[int, float]
    """Forward, backward and step of the stages that learn, on drawn features."""
    full_step: float
    """Forward, backward and step of the whole network on drawn pictures."""


@dataclass(frozen=True)
class Subject:
    """A network and its pictures."""

    model: nn.Module
    preprocessing: Preprocessing
    files: Sequence[Path]
    classes: int


def read_subject(data: Path, weights: Path, architecture: str | None) -> Subject:
    """Read what is measured, as a run would."""
    dataset = scan_dataset(data)
    file = read_weights(weights)
    recognition = recognise(file, architecture)
    model = load_pretrained(file, recognition)
    replace_output_layer(model, len(dataset.class_names), 0)
    files = [dataset.file(picture) for picture in (*dataset.train, *dataset.val)]
    return Subject(model, recognition.preprocessing, files, len(dataset.class_names))


def measure(subject: Subject, arithmetic: Arithmetic, lines: Sequence[int], batch_size: int) -> Roof:
    """Return the roof for each of ``lines``, negative ones counted from the end as in a list."""
    crop = subject.preprocessing.crop
    lines = sorted({line % len(find_stages(subject.model, crop)) for line in lines})
    prefix, prefix_live, suffix, suffix_step = {}, {}, {}, {}
    for line in lines:
        prefix[line] = frozen_rate(cut(subject, line).prefix, crop, arithmetic)
        prefix_live[line] = rate(
            judging(cut(subject, line).prefix, (3, crop, crop), arithmetic, batch_size), batch_size
        )
        features = crossing(cut(subject, line).prefix, crop)
        suffix[line] = best_rate(functools.partial(judging, cut(subject, line).suffix, features, arithmetic))
        suffix_step[line] = step_rate(cut(subject, line).suffix, features, arithmetic, batch_size)
    return Roof(
        decode=decode_rate(subject.files, subject.preprocessing),
        prefix=prefix,
        prefix_live=prefix_live,
        suffix=suffix,
        suffix_step=suffix_step,
        full_step=step_rate(copy.deepcopy(subject.model), (3, crop, crop), arithmetic, batch_size),
    )


def cut(subject: Subject, line: int) -> Halves:
    """Return the halves of a copy of the network, so that what is done to them is done to nothing else."""
    model = copy.deepcopy(subject.model).eval()
    return Halves(model, find_stages(model, subject.preprocessing.crop), line)


def decode_rate(files: Sequence[Path], preprocessing: Preprocessing, threads: int | None = None) -> float:
    """Return pictures a second from file to crop, on all cores; the better of two rounds."""

    def decode(path: Path) -> None:
        load_prepared(path, preprocessing.resize, preprocessing.crop, preprocessing.interpolation).tobytes()

    rates = []
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for _ in range(2):
            began = time.perf_counter()
            for _ in pool.map(decode, files):
                pass
            rates.append(len(files) / (time.perf_counter() - began))
    return max(rates)


def frozen_rate(prefix: nn.Module, crop: int, arithmetic: Arithmetic) -> float:
    """Return pictures a second through frozen stages."""
    dtype = DTYPES[arithmetic.precision]
    network = folded(prefix, dtype, FORMATS[arithmetic.layout]).to(arithmetic.device)

    def passing(size: int) -> Callable[[], object]:
        pictures = arithmetic.numbers((size, 3, crop, crop), dtype)
        return lambda: inferred(network, pictures)

    return best_rate(passing)


def inferred(network: nn.Module, inputs: torch.Tensor) -> None:
    with torch.inference_mode():
        network(inputs)


def judging(part: nn.Module, shape: Sequence[int], arithmetic: Arithmetic, size: int) -> Callable[[], object]:
    """Return what sends a batch through a part of the network as it stands, without gradients."""
    network, inputs = arithmetic.placed(part.eval()), arithmetic.numbers((size, *shape))

    def judge() -> None:
        with torch.inference_mode(), autocast(arithmetic.device, arithmetic.precision):
            network(inputs)

    return judge


def crossing(prefix: nn.Module, crop: int) -> tuple[int, ...]:
    """Return the shape of what one picture becomes at the line."""
    with torch.inference_mode():
        return tuple(prefix(torch.zeros(1, 3, crop, crop)).shape[1:])


def step_rate(model: nn.Module, shape: Sequence[int], arithmetic: Arithmetic, batch_size: int) -> float:
    """Return pictures a second of forward, backward and step where everything in ``model`` learns."""
    network = arithmetic.placed(model.train())
    for parameter in network.parameters():
        parameter.requires_grad_(requires_grad=True)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-6, momentum=0.9, weight_decay=1e-4, fused=True)
    inputs = arithmetic.numbers((batch_size, *shape))
    labels = torch.zeros(batch_size, dtype=torch.int64, device=arithmetic.device)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with autocast(arithmetic.device, arithmetic.precision):
            logits = network(inputs)
        nn.functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return rate(step, batch_size)


def best_rate(make: Callable[[int], Callable[[], object]]) -> float:
    return max(rate(make(size), size) for size in SIZES)


def rate(work: Callable[[], object], pictures: int) -> float:
    """Return pictures a second, by the median of some batches."""
    seconds = []
    for number in range(BATCHES + 2):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if number >= 2:
            seconds.append(time.perf_counter() - began)
    return pictures / statistics.median(seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--arch")
    parser.add_argument("--precision", choices=tuple(DTYPES), default="fp32")
    parser.add_argument("--layout", choices=tuple(FORMATS), default="contiguous")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[-1, -2], help="frozen stages; -1: all but one"
    )
    asked = parser.parse_args()
    subject = read_subject(asked.data, asked.weights, asked.arch)
    arithmetic = Arithmetic(asked.precision, asked.layout, asked.device)
    print(json.dumps(asdict(measure(subject, arithmetic, asked.lines, asked.batch_size)), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
