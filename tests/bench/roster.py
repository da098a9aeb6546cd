"""Who is in the race, and at which settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftgui.freezing.strategies import STRATEGIES

TUTORIAL: Mapping[str, Any] = {"batch_size": 4, "lr": 0.001, "schedule": "step"}
"""The classic tutorial as it is written; its other row has the race's own settings."""
HEAD_LR, FULL_LR = (STRATEGIES[name].default_lr for name in ("freeze", "full"))
PARTIAL_EPOCHS = 10


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One row of the table."""

    key: str
    title: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What differs from the race's own ``epochs``, ``batch_size``, ``lr`` and ``schedule``."""
    home: str = ""
    """ftgui's home for this row; rows that name the same one find there what the one before left."""
    is_cold: bool = True
    """Whether the caches in its home are emptied before."""
    is_steady: bool = False
    """Whether its epochs all take the same time, so that a few of them tell of all."""
    tutorial: str = ""
    """The row of the tutorial's loop that its time is compared with."""
    is_usual: bool = False
    """Whether it is in the race without being asked for."""


def ftgui(key: str, title: str, **options: Any) -> Mapping[str, Any]:
    """Return what rows of ftgui have in common."""
    plain = {"strategy": "freeze", "augment": "none"}
    return {"key": key, "title": f"ftgui {title}", "module": "with_ftgui", "options": plain | options}


def tutorial(key: str, title: str, learns: str, *, as_written: bool) -> Entrant:
    settings = TUTORIAL if as_written else {"lr": HEAD_LR if learns == "head" else FULL_LR}
    return Entrant(
        key=key,
        title=f"the tutorial’s loop, {title}, {'as written' if as_written else 'at ftgui’s settings'}",
        module="tutorial",
        options={"learns": learns, "as_written": as_written},
        settings=settings,
        is_steady=True,
        tutorial=f"tutorial-{learns}",
        is_usual=learns == "head",
    )


ROSTER = (
    Entrant(**ftgui("freeze-cold", "`freeze`, cold"), home="freeze", tutorial="tutorial-head", is_usual=True),
    Entrant(
        **ftgui("freeze-warm", "`freeze`, warm, another learning rate"),
        settings={"lr": HEAD_LR * 0.3},
        home="freeze",
        is_cold=False,
        tutorial="tutorial-head",
        is_usual=True,
    ),
    Entrant(
        **ftgui("freeze-no-cache", "`freeze --no-cache`", cache="off"),
        home="no-cache",
        is_steady=True,
        tutorial="tutorial-head",
        is_usual=True,
    ),
    Entrant(
        **ftgui("standard-cold", "`freeze --augment standard`, cold", augment="standard"),
        home="standard",
        tutorial="tutorial-head",
    ),
    Entrant(
        **ftgui("standard-warm", "`freeze --augment standard`, warm", augment="standard"),
        settings={"lr": HEAD_LR * 0.3},
        home="standard",
        is_cold=False,
        tutorial="tutorial-head",
    ),
    Entrant(
        **ftgui("partial-cold", f"`partial`, {PARTIAL_EPOCHS} epochs, cold", strategy="partial"),
        settings={"epochs": PARTIAL_EPOCHS},
        home="partial",
    ),
    Entrant(
        **ftgui(
            "partial-no-cache",
            f"`partial --no-cache`, {PARTIAL_EPOCHS} epochs",
            strategy="partial",
            cache="off",
        ),
        settings={"epochs": PARTIAL_EPOCHS},
        home="partial-no-cache",
        is_steady=True,
    ),
    Entrant(
        **ftgui("small-lr", "`small-lr`", strategy="small-lr"),
        home="small-lr",
        is_steady=True,
        tutorial="tutorial-all",
    ),
    Entrant(
        **ftgui("full", "`full`", strategy="full"),
        settings={"lr": FULL_LR},
        home="full",
        is_steady=True,
        tutorial="tutorial-all",
    ),
    tutorial("tutorial-head", "frozen extractor", "head", as_written=True),
    tutorial("tutorial-head-same", "frozen extractor", "head", as_written=False),
    tutorial("tutorial-all", "everything learns", "all", as_written=True),
    tutorial("tutorial-all-same", "everything learns", "all", as_written=False),
    Entrant(
        key="sklearn",
        title="scikit-learn’s logistic regression on features",
        module="with_sklearn",
        tutorial="tutorial-head",
        is_usual=True,
    ),
    Entrant(
        key="lightning",
        title="Lightning’s `BackboneFinetuning`",
        module="with_lightning",
        is_steady=True,
        tutorial="tutorial-head",
        is_usual=True,
    ),
    Entrant(
        key="fastai",
        title="fastai’s `vision_learner`",
        module="with_fastai",
        is_steady=True,
        tutorial="tutorial-head",
        is_usual=True,
    ),
)

BY_KEY = {entrant.key: entrant for entrant in ROSTER}


def chosen(asked: str, *, full: bool) -> tuple[Entrant, ...]:
    """Return the rows that were asked for: keys with commas between, ``all``, or "" for the usual ones.

    A warm row brings the cold one before it along.

    Raises:
        KeyError: there is no such row.
    """
    if asked == "all" or (full and not asked):
        return ROSTER
    if not asked:
        return tuple(entrant for entrant in ROSTER if entrant.is_usual)
    keys = {BY_KEY[key.strip()].key for key in asked.split(",")}
    warm_homes = {BY_KEY[key].home for key in keys if not BY_KEY[key].is_cold}
    return tuple(
        entrant
        for entrant in ROSTER
        if entrant.key in keys or (entrant.is_cold and entrant.home and entrant.home in warm_homes)
    )
