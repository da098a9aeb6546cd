"""Where a run's time went, in words and shares."""

from __future__ import annotations

from dataclasses import dataclass

from ftgui.gui.words import counted, duration_words
from ftgui.runs.forecast import judged_words
from ftgui.training.events import PhaseSpeed, Reason, RunEnded, RunForecast

ORDER = ("reading", "building", "decoding", "frozen pass", "training", "validation")
"""As they happen; what else there is comes after these."""
OTHER = "other"
"""What no phase was counted for."""
LEAST_OTHER = 0.01
"""Of all the time; less is not worth a word."""


@dataclass(frozen=True)
class Phase:
    """A part of the time."""

    name: str
    seconds: float
    share: float
    """Of all the time, 0 to 1."""

    @property
    def words(self) -> str:
        """What it is and how long it took: "frozen pass 2.8 s"."""
        return f"{self.name} {brief_words(self.seconds)}"


def phases(ended: RunEnded) -> tuple[Phase, ...]:
    """Return the parts of a run's time in the order of their happening; none of a run that did not say."""
    spent = {name: seconds for name, seconds in ended.phase_seconds.items() if seconds > 0}
    total = max(ended.seconds, sum(spent.values()))
    other = total - sum(spent.values())
    if not spent:
        return ()
    if other > LEAST_OTHER * total:
        spent[OTHER] = other
    names = sorted(spent, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return tuple(Phase(name, spent[name], spent[name] / total) for name in names)


def time_sentences(ended: RunEnded, told: RunForecast | None = None) -> tuple[str, ...]:
    """Return how fast things went, what had to be computed, what is not counted and what was ``told`` before
    of a run that is complete: a line each.
    """
    speeds = (speed_words(speed) for speed in ended.speed)
    judged = judged_words(told, ended.seconds) if told and ended.reason is Reason.COMPLETED else ""
    return tuple(filter(None, (*speeds, _counter_words(ended), _aside_words(ended), judged)))


def speed_words(speed: PhaseSpeed) -> str:
    """Return "frozen pass 231 pictures/s, 94 % of what this computer can do"."""
    words = f"{speed.phase} {speed.pictures_per_second:,.0f} pictures/s"
    if not speed.roof:
        return words
    share = speed.pictures_per_second / speed.roof
    best = "what this computer can do"
    return f"{words}, all of {best}" if share >= 0.995 else f"{words}, {share * 100:.0f} % of {best}"


def _counter_words(ended: RunEnded) -> str:
    """Return "0 views through the frozen stages · 796 views from the cache, which spared it 6.7 s"."""
    said = (
        ("decoded_pictures", "picture decoded", "pictures decoded"),
        ("prefix_forwards", "view through the frozen stages", "views through the frozen stages"),
        ("cache_hits", "view from the cache", "views from the cache"),
    )
    counters, spared = ended.counters, ended.spared_seconds
    words = " · ".join(counted(counters[name], one, many) for name, one, many in said if name in counters)
    return f"{words}, which spared it {brief_words(spared)}" if spared else words


def _aside_words(ended: RunEnded) -> str:
    """Return what took time and is not counted, as far as it took any."""
    asides = (
        (ended.loading_seconds, "loading torch"),
        (ended.measuring_seconds, "finding this computer's fastest arithmetic, once"),
        (ended.paused_seconds, "paused"),
    )
    said = [f"{brief_words(seconds)} {what}" for seconds, what in asides if seconds >= 0.05]
    return f"not counted: {' · '.join(said)}" if said else ""


def brief_words(seconds: float) -> str:
    """Return "14 ms" below a tenth of a second, else as ``duration_words``."""
    return f"{max(seconds * 1000, 1):.0f} ms" if seconds < 0.095 else duration_words(seconds)
