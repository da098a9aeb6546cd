"""Figures and choices as people say them."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable

from ftgui.core.errors import FtguiError
from ftgui.data.findings import KINDS, Finding
from ftgui.freezing.plan import FreezePlan
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.history import RunHistory, RunState
from ftgui.runs.report_words import accuracy_of, duration
from ftgui.runs.report_words import counted as counted
from ftgui.training.config import SETTING_BY_NAME, TrainConfig


def duration_words(seconds: float) -> str:
    """Return "5.4 s", "38 s", "3 min 12 s" or "1 h 4 min"."""
    return f"{seconds:.1f} s" if seconds < 9.95 else duration(seconds)


def count_words(count: int) -> str:
    """Return "1,026", "12.4 k" or "11.2 M"."""
    if count >= 999_950:
        return f"{count / 1e6:.1f} M"
    if count >= 10_000:
        return f"{count / 1e3:.1f} k"
    return f"{count:,}"


def percent_words(share: float) -> str:
    """Return "20 %"."""
    return f"{share * 100:.0f} %"


@functools.lru_cache(maxsize=4096)
def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts "ResNet-18" before "ResNet-101"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text.casefold())
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def cut(text: str, longest: int = 24) -> str:
    """Return ``text``, ending in … where it is longer than that."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


MOST_KINDS = 3
"""Kinds of findings that are named in a line."""


def found_words(findings: Iterable[Finding]) -> str:
    """Return what somebody should look at among the pictures: "3 findings: cut off, unlike all others"."""
    counts = Counter(finding.kind for finding in findings if KINDS[finding.kind].weight != "note")
    if not counts:
        return ""
    kinds = [facts.title.lower() for kind, facts in KINDS.items() if counts[kind]]
    more = f" and {len(kinds) - MOST_KINDS} other kinds" if len(kinds) > MOST_KINDS else ""
    return f"{counted(counts.total(), 'finding', 'findings')}: {', '.join(kinds[:MOST_KINDS])}{more}"


NORM_WORDS = {
    "locked": "",
    "adapt": "; frozen norms follow your pictures",
    "trainable": "; frozen norms learn",
}


def what_moves(config: TrainConfig, plan: FreezePlan | None = None) -> str:
    """Return what moves in a run, as its strategy's card says it; ``plan`` names the stages, once known."""
    learning = _learning_stages(plan)
    only_head = plan is not None and learning == (plan.stages[-1].stage,)
    # What freezes up to the last stage before the head is what “freeze” does.
    named = "freeze" if only_head and "freeze_until" in STRATEGIES[config.strategy].reads else config.strategy
    moves = STRATEGIES[named].moves.format(
        mult=config.backbone_lr_mult,
        epoch=config.joining_epoch,
        learning=_joined(learning, plan) if plan else "The last stage and the output layer",
    )
    return moves + _own_rates_words(config) + _norm_words(config, plan)


def measured(why: Callable[[str], str], name: str) -> str:
    """Return what ``why`` says was measured of a choice; nothing where nothing was."""
    try:
        return why(name)
    except (FtguiError, KeyError):
        return ""


def _learning_stages(plan: FreezePlan | None) -> tuple[str, ...]:
    return tuple(stage.stage for stage in plan.stages if stage.learns) if plan else ()


def _joined(names: tuple[str, ...], plan: FreezePlan) -> str:
    """Return "layer4 and head", "layer2 to head" or "stem, layer4 and head": all of them, but short."""
    if len(names) > 2 and names == tuple(stage.stage for stage in plan.stages[-len(names) :]):
        return f"{names[0]} to {names[-1]}"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _own_rates_words(config: TrainConfig) -> str:
    """Return the learning rates that the user gave single stages, whatever the strategy says of them."""
    if not config.stage_lr:
        return ""
    if len(config.stage_lr) > 2:
        return f"; set by you: the rates of {len(config.stage_lr)} stages"
    own = (f"{name} ×\u00a0{multiple:g}" for name, multiple in config.stage_lr.items())
    return f"; set by you: {', '.join(own)}"


def _norm_words(config: TrainConfig, plan: FreezePlan | None = None) -> str:
    """Return what the norms of the stages that stay do, where there are such stages."""
    if plan is not None:
        stay = any(not stage.learns_in(1) for stage in plan.stages)
    else:
        strategy = STRATEGIES[config.strategy]
        stay = strategy.extractor in ("frozen", "zero") or bool(
            {"freeze_until", "thaw_epoch"} & {*strategy.reads}
        )
    return NORM_WORDS[config.norm] if stay else ""


def strategy_words(config: TrainConfig) -> str:
    """Return a run's strategy in a few words, for a table: "Freeze up to layer3", "Thaw at epoch 5".

    One of a newer ftgui is called by its name.
    """
    strategy = STRATEGIES.get(config.strategy)
    if strategy is None:
        return config.strategy
    title = strategy.title
    if config.freeze_until and "freeze_until" in strategy.reads:
        title = f"Freeze up to {config.freeze_until}"
    elif "thaw_epoch" in strategy.reads:
        title = f"Thaw at epoch {config.joining_epoch}"
        if config.backbone_lr_mult != SETTING_BY_NAME["backbone_lr_mult"].default:
            title += f", × {config.backbone_lr_mult:g}"
    elif "backbone_lr_mult" in strategy.reads:
        title += f" × {config.backbone_lr_mult:g}"
    if config.starting_weights != strategy.init:
        title += f", {config.starting_weights} weights"
    return title + _own_rates_words(config) + _norm_words(config)


SHORT_TITLES = {"full": "Everything"}
"""Where a title is too long for a line of several."""


def short_title(name: str) -> str:
    """Return a strategy's title for a line that names several."""
    return SHORT_TITLES.get(name) or (STRATEGIES[name].title if name in STRATEGIES else name)


def progress_words(history: RunHistory, paused: bool, stopping: bool) -> str:
    """Return the line beside the progress bar."""
    if history.ended is not None:
        return history.ended.message
    if stopping:
        return "stopping after this batch …"
    if history.started is None or history.batch is None:
        return _phase_words(history) + (" · paused" if paused else "")
    batch, epochs = history.batch, history.started.config.epochs
    parts = [f"epoch {batch.epoch:,} of {epochs:,}"]
    parts.append("paused" if paused else f"{duration_words(batch.seconds_left)} left")
    parts.append("validating" if history.progress else f"batch {batch.batch:,} of {batch.batches:,}")
    parts.append(f"{batch.pictures_per_second:,.0f} pictures/s")
    return " · ".join(parts)


def _phase_words(history: RunHistory) -> str:
    if history.progress is None:
        return "getting ready …"
    phase = history.progress
    counts = f" {phase.done:,} of {phase.total:,}" if phase.total > 1 else " …"
    return f"{phase.phase}{counts}"


def best_words(history: RunHistory) -> str:
    """Return "best 0.928 (0.88 – 0.96) of 153 at epoch 6", or nothing before the first epoch's end."""
    best, started = history.best, history.started
    if best is None or started is None:
        return ""
    return f"best {accuracy_of(best.val_accuracy, started.val_pictures)} at epoch {best.epoch:,}"


def is_over(history: RunHistory) -> bool:
    return history.state not in (RunState.PREPARING, RunState.TRAINING)
