"""The ways through a run's network: its stores of pixels, and what may be kept between runs."""

from __future__ import annotations

from pathlib import Path

from ftgui.core.settings import EngineSettings
from ftgui.data.kept_pixels import PixelPlace
from ftgui.data.pixels import PixelStore
from ftgui.jobs.cache import FEATURES, PIXELS
from ftgui.jobs.prepare import Prepared
from ftgui.training.clock import RunClock
from ftgui.training.events import PhaseSpeed
from ftgui.training.kept import FeaturePlace
from ftgui.training.passages import Caching, Passages
from ftgui.training.roofs import Roofs

PIXEL_SHARE = 0.5
"""Of the cache on disk, for decoded pictures of one kind: features are smaller, and dearer to compute."""


def make_passages(prepared: Prepared, clock: RunClock, first_epoch: int = 1) -> Passages:
    """Move the network to its device; return the ways through it. Nothing is decoded or computed yet."""
    config, split, contents = prepared.config, prepared.pictures.split, prepared.pictures.contents
    root, preprocessing = Path(prepared.pictures.root), prepared.recognition.preprocessing
    arithmetic = prepared.on_device()
    caching = make_caching(prepared.settings) if config.cache == "on" else None
    epochs = range(first_epoch, config.epochs + 1)
    pixels_return = caching is not None and any(prepared.applied.ice_line(e) == 0 for e in epochs)
    budget = None if pixels_return else 0
    return Passages(
        applied=prepared.applied,
        train=PixelStore(
            root,
            split.train,
            preprocessing,
            augment=config.augment,
            views=config.views,
            budget_bytes=budget,
            contents=contents,
        ),
        val=PixelStore(root, split.val, preprocessing, budget_bytes=budget, contents=contents),
        arithmetic=arithmetic,
        architecture=prepared.architecture,
        caching=caching,
        roofs=Roofs(prepared.architecture, arithmetic, clock),
    )


def pass_speed(passages: Passages | None, clock: RunClock) -> tuple[PhaseSpeed, ...]:
    """Return how fast pictures were decoded and frozen stages computed, where any were."""
    found = []
    if passages is None:
        return ()
    for phase, done, roof in (
        ("decoding", passages.passed.decoded_pictures, None),
        ("frozen pass", passages.passed.prefix_forwards, passages.pass_roof),
    ):
        seconds = clock.seconds_here(phase)
        if done and seconds:
            found.append(passages.speed(phase, done / seconds, roof))
    return tuple(found)


def make_caching(settings: EngineSettings) -> Caching:
    """Return what the user's settings let be kept, and where."""
    if settings.cache_gb <= 0:
        return Caching(None, settings.cache_memory_share)
    features, pixels = settings.cache_root / FEATURES, settings.cache_root / PIXELS
    budget = int(settings.cache_gb * 1e9)
    return Caching(
        FeaturePlace(features, budget, beside=(pixels,)),
        settings.cache_memory_share,
        PixelPlace(pixels, budget, beside=(features,), share=PIXEL_SHARE),
    )
