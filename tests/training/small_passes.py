"""A network and pictures so small that to send them through frozen stages takes no time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from ftgui.core.hashing import content_name
from ftgui.core.preprocessing import Preprocessing
from ftgui.data.dataset import Picture
from ftgui.data.pixels import PixelStore, normalise
from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.training.activations import Activations, fill
from ftgui.training.clock import RunClock
from ftgui.training.kept import FeaturePlace
from ftgui.training.precision import Arithmetic
from ftgui.training.prefix import Prefix
from tests import samples
from tests.freezing import tiny

FEW_PIXELS = Preprocessing(resize=20, crop=16, name="few pixels")
CPU = Arithmetic(torch.device("cpu"), "fp32", FEW_PIXELS)
ROOM = 10**9
"""Bytes for all there is."""
CLASSES = 3
BOUNDARIES = ("stem_act", "flat", "")
"""Behind the stem features are maps (4, 14, 14), behind the middle four numbers."""
STAGES = tuple(
    msgspec.structs.replace(stage, boundary=boundary)
    for stage, boundary in zip(tiny.STAGES, BOUNDARIES, strict=True)
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with samples.one_thread():
        yield


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def draw(root: Path, count: int = 6) -> list[Picture]:
    """Write pictures, all different, of each class in turn."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        samples.draw_picture(number % CLASSES, number).save(root / f"{number}.png")
    return [Picture(f"{number}.png", number % CLASSES) for number in range(count)]


def tiny_plan(strategy: str = "freeze", norm: str = "locked", **changes: Any) -> AppliedPlan:
    """Put a strategy on the tiny network; the same weights each time, in eval mode."""
    names = tuple(stage.name for stage in STAGES)
    plan = make_plan(strategy, names, norm=norm, **changes)  # type: ignore[arg-type]
    return AppliedPlan(tiny.tiny_network().eval(), plan, STAGES)


def make_prefix(line: int = 2, applied: AppliedPlan | None = None, arithmetic: Arithmetic = CPU) -> Prefix:
    return Prefix(applied or tiny_plan(), line, arithmetic, "tiny")


def contents_of(root: Path, pictures: Sequence[Picture]) -> dict[str, bytes]:
    """Return what the files hold that are there."""
    files = {picture.path: root / picture.path for picture in pictures}
    return {path: content_name(file) for path, file in files.items() if file.is_file()}


def make_store(root: Path, pictures: Sequence[Picture], **changes: Any) -> PixelStore:
    kept: dict[str, Any] = {"preprocessing": FEW_PIXELS, "budget_bytes": 0, "threads": 2}
    kept["contents"] = contents_of(root, pictures)
    return PixelStore(root, pictures, **(kept | changes))


class Filled(Activations):
    """A feed that was filled, and what was said then."""

    notes: tuple[str, ...] = ()


def filled(
    store: PixelStore, prefix: Prefix | None = None, place: FeaturePlace | None = None, memory: int = ROOM
) -> Filled:
    feed = Filled(store, prefix or make_prefix(), memory)
    progress = fill((feed,), place, RunClock())
    while True:
        try:
            next(progress)
        except StopIteration as end:
            feed.notes = end.value
            return feed


def all_of(feed: Activations) -> torch.Tensor:
    """Return the features of every view of every picture, (pictures, views, …), contiguous."""
    count, views = len(feed.labels), feed.store.views
    return torch.stack([feed.batch(range(count), [k] * count) for k in range(views)], dim=1).contiguous()


def live(store: PixelStore, prefix: Prefix) -> torch.Tensor:
    """Return the same as the network itself says it, stage after stage, neither folded nor kept."""
    network, count = prefix.applied.model, len(store.pictures)
    parts = [network.stem, network.middle, network.pool, network.flat][: {1: 1, 2: 4}[prefix.line]]
    found = []
    with torch.no_grad():
        for k in range(store.views):
            features = normalise(store.batch(range(count), [k] * count), store.preprocessing, "cpu")
            for part in parts:
                assert isinstance(part, torch.nn.Module)
                features = part(features)
            found.append(features)
    return torch.stack(found, dim=1)


def assert_all_differ(features: torch.Tensor) -> None:
    """Fail where two views have nearly the same features: then nothing shows which is which."""
    rows = features.flatten(0, 1).flatten(1)
    apart = torch.cdist(rows, rows) / rows.norm(dim=1).mean()
    closest = apart.fill_diagonal_(1.0).min()
    assert closest > 1e-3, f"features of two views differ by {closest:.1e} of their size only"
