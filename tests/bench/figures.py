"""What the race is to show, as ratios of rows of its own table and of the machine's roof."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.roster import PARTIAL_EPOCHS
from tests.bench.summary import Row

COLD = {"mobilenet_v2": 75.0}
COLD_OTHERWISE = 50.0
"""How many times as fast as the tutorial as written a cold run is to be."""
ROOF_SHARE = 0.85
COLD_OVER_ROOF = 1.15
PEAK_MB = 1200.0


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure, and the least or the most that it is to be."""

    what: str
    reached: float
    least: float | None = None
    most: float | None = None
    unit: str = "×"

    @property
    def is_reached(self) -> bool:
        enough = self.least is None or self.reached >= self.least
        return enough and (self.most is None or self.reached <= self.most)

    @property
    def wanted(self) -> str:
        if self.least is not None:
            return f"≥ {self.shown(self.least)}"
        assert self.most is not None
        return f"≤ {self.shown(self.most)}"

    def shown(self, value: float) -> str:
        if self.unit == "%":
            return f"{100 * value:.0f} %"
        if self.unit == "points":
            return f"{100 * value:+.1f} points" if value else "0 points"
        return f"{value:.0f} {self.unit}" if value >= 100 else f"{value:.3g} {self.unit}"


@dataclass(frozen=True)
class Roofs:
    """The medians of the roofs measured in all rounds, pictures a second; see ``tests.bench.roof.Roof``."""

    measured: Sequence[Mapping[str, Any]]

    def rate(self, name: str, line: int | None = None) -> float:
        values = [roof[name] if line is None else roof[name][str(line)] for roof in self.measured]
        return statistics.median(values)

    def pass_seconds(self, row: Row, views: int = 1) -> float:
        """Return what decoding and the frozen stages take at best, one after the other."""
        train, val = pictures(row)
        line = row.notes["line"]
        return (train + val) / self.rate("decode") + (views * train + val) / self.rate("prefix", line)


def pictures(row: Row) -> tuple[int, int]:
    return row.notes["train_pictures"], row.notes["val_pictures"]


def figures(architecture: str, rows: Mapping[str, Row], roofs: Roofs, *, real_weights: bool) -> list[Figure]:
    """Return all figures whose rows are there."""
    there = {key: row for key, row in rows.items() if not row.trouble}
    found: list[Figure] = [*speeds(architecture, there)]
    if real_weights:
        found += accuracies(there)
    if "freeze-cold" in there:
        found.append(
            Figure(
                what="peak memory of a cold run, MB",
                reached=there["freeze-cold"].peak_memory_mb,
                most=PEAK_MB,
                unit="MB",
            )
        )
    return found + ([*against_roofs(there, roofs)] if roofs.measured else [])


def speeds(architecture: str, rows: Mapping[str, Row]) -> Iterator[Figure]:
    """Yield how many times as fast as others ftgui is."""
    wanted = {
        "freeze-cold": COLD.get(architecture, COLD_OTHERWISE),
        "standard-cold": 15.0,
        "freeze-warm": 300.0,
        "small-lr": 2.5,
        "full": 2.5,
    }
    for key, least in wanted.items():
        if key in rows and rows[key].tutorial in rows:
            other = rows[rows[key].tutorial]
            yield Figure(
                what=f"{rows[key].title}, against {other.title}",
                reached=other.seconds / rows[key].seconds,
                least=least,
            )
    if {"freeze-cold", "sklearn"} <= rows.keys():
        share = rows["freeze-cold"].seconds / rows["sklearn"].seconds
        yield Figure(
            what="time of a cold run, as a multiple of scikit-learn’s, everything included",
            reached=share,
            most=0.4,
        )


def accuracies(rows: Mapping[str, Row]) -> Iterator[Figure]:
    """Yield how much better a cold run judges than those that ran all their epochs."""
    for key in ("tutorial-head", "sklearn"):
        if {"freeze-cold", key} <= rows.keys() and not rows[key].is_reckoned:
            mine, other = rows["freeze-cold"].accuracy_best, rows[key].accuracy_best
            assert mine is not None
            assert other is not None
            title = rows[key].title
            yield Figure(
                what=f"best accuracy against {title}", reached=mine - other, least=0.0, unit="points"
            )


def against_roofs(rows: Mapping[str, Row], roofs: Roofs) -> Iterator[Figure]:
    """Yield how close to what the machine can do ftgui comes."""
    if "freeze-cold" in rows:
        yield from cold_run(rows["freeze-cold"], roofs)
    if "full" in rows:
        yield Figure(
            what="training steps of `full`, of their roof",
            reached=rows["full"].notes["pictures_per_second"] / roofs.rate("full_step"),
            least=ROOF_SHARE,
            unit="%",
        )
    if {"partial-cold", "partial-no-cache"} <= rows.keys():
        cached, live = rows["partial-cold"], rows["partial-no-cache"]
        predicted = predicted_seconds(live, roofs) / predicted_seconds(cached, roofs)
        reached = live.seconds / cached.seconds
        yield Figure(
            what=f"`partial` against `--no-cache`, {PARTIAL_EPOCHS} epochs: {reached:.2f} × of the "
            f"{predicted:.2f} × that its stages’ own timings predict",
            reached=reached / predicted,
            least=ROOF_SHARE,
            unit="%",
        )


def cold_run(row: Row, roofs: Roofs) -> Iterator[Figure]:
    best, phases = roofs.pass_seconds(row), row.notes["phase_seconds"]
    frozen = phases.get("frozen pass", 0.0)
    yield Figure(
        what="a cold run, as a multiple of decoding + prefix forward, each measured alone",
        reached=row.seconds / best,
        most=COLD_OVER_ROOF,
    )
    if frozen:
        yield Figure(
            what="the cold pass, of its roof (decoding + prefix forward)",
            reached=best / (phases.get("decoding", 0.0) + frozen),
            least=ROOF_SHARE,
            unit="%",
        )
        yield Figure(
            what="the frozen stages’ part of it, of its roof (prefix forward)",
            reached=sum(pictures(row)) / roofs.rate("prefix", row.notes["line"]) / frozen,
            least=ROOF_SHARE,
            unit="%",
        )


def predicted_seconds(row: Row, roofs: Roofs) -> float:
    """Return what a run's pictures, forwards and steps take at best, by numbers and the stages' timings.

    With the cache each picture goes through the frozen stages once, without it in each epoch.
    """
    (train, val), line = pictures(row), row.notes["line"]
    live = row.key.endswith("no-cache")
    prefix = 1 / roofs.rate("prefix_live" if live else "prefix", line)
    passes = row.epochs if live else 1
    each_epoch = train / roofs.rate("suffix_step", line) + val / roofs.rate("suffix", line)
    frozen = passes * (train + val) * prefix
    return decodings(row) / roofs.rate("decode") + frozen + row.epochs * each_epoch


def decodings(row: Row) -> int:
    """Return how many pictures all epochs decode, by the counter of those that were run."""
    counted, count = row.notes["counters"]["decoded_pictures"], sum(pictures(row))
    run = row.timed_epochs or row.epochs
    return int(counted + (row.epochs - run) * count if counted >= run * count else counted)
