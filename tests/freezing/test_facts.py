"""What each way was measured to do, in sentences made from a file's figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftgui.core import records
from ftgui.core.errors import FtguiError
from ftgui.core.paths import RESOURCES
from ftgui.freezing import facts as facts_module
from ftgui.freezing.facts import Facts, Measured, facts, why_norm, why_strategy
from ftgui.freezing.strategies import STRATEGIES


def measured(**changes: Any) -> Measured:
    plain = {
        "lr": 0.01,
        "epochs": 5,
        "val_accuracy": 0.9,
        "lowest": 0.88,
        "highest": 0.921,
        "train_accuracy": 0.95,
        "best_lr": 0.003,
        "best_val_accuracy": 0.91,
        "seconds": 20.0,
        "moved": 2,
    }
    return Measured(**(plain | changes))


KNOWN = Facts(
    architecture="squeezenet1_1",
    pictures="photos of ants and bees",
    train_pictures=244,
    val_pictures=153,
    seeds=(0, 1, 2),
    lrs=(0.001, 0.01),
    precision="fp32",
    machine="a processor",
    tensors=52,
    strategies={
        "freeze": measured(),
        "small-lr": measured(val_accuracy=0.9252, seconds=50.0, moved=52),
        "full": measured(val_accuracy=0.8, seconds=48.4, moved=52, epochs=12),
        "lr-zero": measured(val_accuracy=0.90049, seconds=49.0),
        "thaw": measured(val_accuracy=0.9 + 0.99 / 153),
        "partial": measured(val_accuracy=0.9 - 1.01 / 153),
    },
    norms={
        "locked": measured(),
        "adapt": measured(val_accuracy=0.8897, seconds=24.0, moved=27),
    },
)


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let the figures above be those that are shipped."""
    path = tmp_path / "facts.json"
    records.write_json(path, KNOWN)
    monkeypatch.setattr(facts_module, "FACTS", path)
    facts.cache_clear()
    yield path
    facts.cache_clear()


def test_the_figures_come_from_the_file_as_they_are() -> None:
    assert facts() == KNOWN


def test_freezing_stands_for_itself() -> None:
    assert why_strategy("freeze") == (
        "Measured with squeezenet1_1 on 244 photos of ants and bees: "
        "accuracy 0.900 (0.880 to 0.921 over seeds) after 5 epochs, in 20 s. 2 of 52 entries moved."
    )


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("small-lr", "52 of 52 entries moved. Beside freezing: 2.5 points more, at 2.5 times the time."),
        ("full", "52 of 52 entries moved. Beside freezing: 10.0 points less, at 2.4 times the time."),
        ("lr-zero", "2 of 52 entries moved. Beside freezing: the same accuracy, at 2.5 times the time."),
        ("thaw", "Beside freezing: the same accuracy to within a picture, at 1.0 times the time."),
        ("partial", "Beside freezing: 0.7 points less, at 1.0 times the time."),
    ],
)
def test_every_other_way_is_told_beside_freezing(name: str, end: str) -> None:
    assert why_strategy(name).endswith(end)
    assert why_strategy(name).startswith("Measured with squeezenet1_1 on 244 photos of ants and bees: ")


def test_a_way_has_the_epochs_that_it_was_given() -> None:
    assert "after 12 epochs, in 48 s." in why_strategy("full")


def test_norms_are_told_beside_locked_ones() -> None:
    assert why_norm("locked") == (
        "Measured with squeezenet1_1 on 244 photos of ants and bees, extractor frozen: "
        "accuracy 0.900 (0.880 to 0.921 over seeds), and 2 of 52 entries moved."
    )
    assert why_norm("adapt").endswith(
        "and 27 of 52 entries moved. Beside locked: 1.0 points less, at 1.2 times the time."
    )


def test_a_newer_file_is_refused_by_name(known: Path) -> None:
    known.write_text(known.read_text().replace('"format_version": 1', '"format_version": 2', 1))
    with pytest.raises(FtguiError, match=r"facts\.json” was written by a newer ftgui"):
        facts()


@pytest.fixture
def shipped() -> Facts:
    return records.read_json(RESOURCES / "facts.json", Facts)


def test_what_is_shipped_was_measured_for_every_strategy_and_norm_policy(shipped: Facts) -> None:
    assert shipped.strategies.keys() == STRATEGIES.keys()
    assert shipped.norms.keys() == {"locked", "adapt", "trainable"}
    assert len(shipped.seeds) >= 3


def test_what_is_shipped_says_of_frozen_extractors_that_the_new_layer_alone_moved(shipped: Facts) -> None:
    """Its weight and its bias, in the full ways everything."""
    moved = {name: own.moved for name, own in shipped.strategies.items()}
    assert moved["freeze"] == moved["lr-zero"] == 2
    assert 2 < moved["partial"] < shipped.tensors
    assert {moved[name] for name in ("small-lr", "thaw", "full", "scratch")} == {shipped.tensors}
    freeze, lr_zero = (shipped.strategies[name].val_accuracy for name in ("freeze", "lr-zero"))
    assert abs(freeze - lr_zero) * shipped.val_pictures < 1, "in bf16, folded or not, one may judge otherwise"


def test_the_figures_that_are_shipped_are_of_their_kind(shipped: Facts) -> None:
    for own in (*shipped.strategies.values(), *shipped.norms.values()):
        assert 0 <= own.lowest <= own.val_accuracy <= own.highest <= 1
        assert own.best_val_accuracy <= 1
        assert own.best_lr in (*shipped.lrs, own.lr)
        assert own.seconds > 0
