"""What moved in a run, in sentences: proven of one that ended, so far of one that goes on."""

from __future__ import annotations

from ftgui.gui.stages_told import StageTold, Told, epochs_told
from ftgui.gui.widgets.heat_layout import HeatRow
from ftgui.gui.widgets.heat_scale import movement_words
from ftgui.gui.widgets.text import Kind
from ftgui.gui.words import counted, is_over
from ftgui.runs.history import Part, RunHistory
from ftgui.training.events import RunEnded, RunStarted, StageInfo, StageMoved


def amount_words(told: StageTold, part: Part) -> str:
    """Return how far a part of a stage has gone by now, for the end of its row."""
    amounts = told.of(part)
    if not amounts:
        return ""
    value = amounts[-1]
    if value is not None:
        return movement_words(value)
    return "no norms" if _has_none(told, part) else "not finite"


def _has_none(told: StageTold, part: Part) -> bool:
    return part == "statistics" and told.statistics.is_blank


def entries_words(moved: StageMoved | None) -> str:
    """Return how many of a stage's entries differ by now: "12 of 18"."""
    return f"{moved.changed:,} of {moved.entries:,}" if moved else ""


def heat_row(stage: StageInfo, told: StageTold, part: Part, *, entries: bool = False) -> HeatRow:
    """Return a stage as a row of a map: how far it has gone and, with ``entries``, how many differ."""
    words = (amount_words(told, part), *((entries_words(told.last),) if entries else ()))
    joins = stage.from_epoch if stage.learns else 1
    return HeatRow(name=stage.name, values=told.of(part), words=words, joins=joins)


def cell_words(stage: StageInfo, told: StageTold, part: Part, first: int, last: int) -> str:
    """Return all there is to say of a stage at an epoch, or from one to another that share a cell."""
    when = f"epoch {first:,}" if first == last else f"epochs {first:,} to {last:,}"
    here = told.events[first - 1 : last]
    values = [value for value in told.of(part)[first - 1 : last] if value is not None]
    if not here:
        words = "not there yet"
    elif not values:
        words = "no norms" if _has_none(told, part) else "not a finite number"
    else:
        up_to = "up to " if first != last and max(values) > 0 else ""
        still = "0 exactly" if max(values) == 0 else f"{up_to}{movement_words(max(values))}"
        words = f"{still} · {entries_words(here[-1])} entries differ"
    joins = f" · learns from epoch {stage.from_epoch:,} on" if stage.learns and stage.from_epoch > 1 else ""
    return f"{stage.name}, {when}: {words}{joins}"


def moved_summary(history: RunHistory, told: Told) -> tuple[Kind, str]:
    """Return what the maps of a run say, and which kind of news it is."""
    started = history.started
    if started is None or not history.moved:
        return _nothing_told(history)
    if history.ended is not None:
        kind, proof = _proof(history.ended)
        return kind, f"{proof} {_moved(told)}"
    return _so_far(started, told)


def _nothing_told(history: RunHistory) -> tuple[Kind, str]:
    if history.started is not None and history.epochs:
        kind, proof = _proof(history.ended) if history.ended else ("info", "")
        return kind, f"{proof} This run says no more of what moved: an older ftgui made it.".strip()
    if is_over(history):
        return "info", "No epoch of this run ended, so nothing was measured."
    return "info", "What moves is measured at the end of each epoch. The first goes on."


def _proof(ended: RunEnded) -> tuple[Kind, str]:
    """Return what the comparison of ``best.pth`` with the weights file came to."""
    if ended.frozen_changed is None:
        return "warning", "What stayed frozen was not compared with the weights file."
    if ended.frozen_tensors == 0:
        return "info", "Nothing had to stay frozen."
    kind: Kind = "error" if ended.frozen_changed else "ok"
    entries = counted(ended.frozen_tensors, "frozen entry", "frozen entries")
    return kind, f"{ended.frozen_changed:,} of {entries} changed."


def _so_far(started: RunStarted, told: Told) -> tuple[Kind, str]:
    """Return how it stands after the last epoch that was measured: nothing is proven yet."""
    epoch = epochs_told(told)
    begin = f"After epoch {epoch:,} of {started.config.epochs:,}"
    staying = [s for s in started.stages if not s.learns or s.from_epoch > epoch]
    last = [moved for stage in staying if (moved := told[stage.name].last)]
    astray = [moved.stage for moved in last if _is_astray(moved, started.config.norm)]
    if astray:
        return "error", f"{begin}, {_listed(astray)} moved, which had to stay. {_moved(told)}"
    if not last:
        return "info", f"{begin}: {_lower(_moved(told))}"
    if started.config.norm == "locked":
        entries = sum(moved.entries for moved in last)
        return "info", f"{begin}, 0 of {entries:,} entries that stay have changed. {_moved(told)}"
    return "info", f"{begin}: {_lower(_moved(told))}"


def _is_astray(moved: StageMoved, norm: str) -> bool:
    """Whether a stage that stays has moved where it may not: what its norms may do is another matter."""
    if norm == "locked":
        return moved.changed > 0
    return norm == "adapt" and moved.weights != 0


def _moved(told: Told) -> str:
    """Return which stages have moved by now, and how far."""
    last = [moved for stage in told.values() if (moved := stage.last)]
    moving = [
        (moved.stage, moved.weights) for moved in last if moved.weights is not None and moved.weights > 0
    ]
    if not moving:
        words = "No weights moved."
    elif len(moving) == 1:
        words = f"{_name(moving[0][0])} moved by {movement_words(moving[0][1])}."
    else:
        (least, low), (most, high) = min(moving, key=_amount), max(moving, key=_amount)
        many = f"All {len(last)}" if len(moving) == len(last) else f"{len(moving)} of {len(last)}"
        words = (
            f"{many} stages moved, from {movement_words(low)} ({least}) to {movement_words(high)} ({most})."
        )
    adapted = [m.statistics for m in last if m.weights == 0 and m.statistics]
    if adapted:
        words += f" Norm statistics moved by up to {movement_words(max(adapted))} where no weight did."
    return words


def _amount(stage: tuple[str, float]) -> float:
    return stage[1]


def _name(stage: str) -> str:
    return "The head" if stage == "head" else f"“{stage}”"


def _listed(stages: list[str]) -> str:
    return f"“{stages[0]}”" if len(stages) == 1 else f"{len(stages)} stages"


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
