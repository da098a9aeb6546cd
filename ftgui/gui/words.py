"""Figures and choices as people say them."""

from __future__ import annotations

from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs.history import RunHistory, RunState
from ftgui.training.config import TrainConfig


def duration_words(seconds: float) -> str:
    """Return "5.4 s", "38 s", "3 min 12 s" or "1 h 4 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count_words(count: int) -> str:
    """Return "1,026", "12.4 k" or "11.2 M"."""
    if count >= 999_950:
        return f"{count / 1e6:.1f} M"
    if count >= 10_000:
        return f"{count / 1e3:.1f} k"
    return f"{count:,}"


def counted(count: int, one: str, many: str) -> str:
    """Return "1 epoch" or "1,000 epochs"."""
    return f"{count:,} {one if count == 1 else many}"


def percent_words(share: float) -> str:
    """Return "20 %"."""
    return f"{share * 100:.0f} %"


def cut(text: str, longest: int = 24) -> str:
    """Return ``text``, ending in … where it is longer than that."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


NORM_WORDS = {
    "locked": "",
    "adapt": "; frozen norms follow your pictures",
    "trainable": "; frozen norms learn",
}


def strategy_sentence(name: str, backbone_lr_mult: float, norm: str = "locked") -> str:
    """Return what moves under a strategy, as its card says it."""
    return STRATEGIES[name].moves.format(mult=backbone_lr_mult) + _norm_words(name, norm)


def _norm_words(name: str, norm: str) -> str:
    """Return what the norms of the stages that stay do, where a strategy has such stages."""
    return NORM_WORDS[norm] if STRATEGIES[name].extractor in ("frozen", "zero") else ""


def strategy_words(config: TrainConfig) -> str:
    """Return a run's strategy in a few words, for a table."""
    title = STRATEGIES[config.strategy].title
    if STRATEGIES[config.strategy].extractor == "slow":
        title += f" × {config.backbone_lr_mult:g}"
    title += _norm_words(config.strategy, config.norm)
    return f"{title}, random weights" if config.starting_weights == "random" else title


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
    """Return "best 0.928 at epoch 6", or nothing before the first epoch's end."""
    best = history.best
    return f"best {best.val_accuracy:.3f} at epoch {best.epoch:,}" if best else ""


def is_over(history: RunHistory) -> bool:
    return history.state not in (RunState.PREPARING, RunState.TRAINING)
