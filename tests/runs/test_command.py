"""The commands that repeat runs: what the command line reads from them is what was run."""

from __future__ import annotations

import shlex
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftgui.cli.comparing import plan_from
from ftgui.cli.parser import make_parser
from ftgui.cli.training import config_from
from ftgui.freezing.strategies import STRATEGIES
from ftgui.runs import command
from ftgui.runs.command import LEFT_OUT, compare_command, in_shell, left_out_note, train_command
from ftgui.runs.comparison import ComparisonPlan, make_plan_of
from ftgui.training.config import MAX_MULTIPLE, SETTINGS, Setting, TrainConfig
from tests.runs.drawn_comparison import plan_of

NAMES = st.text("abz 0.-_'\"$\\;&|é写\n", min_size=1, max_size=12).filter(
    lambda name: name.strip(". ") and name != "--"
)
"""Of files and stages: what a shell would take for something else, and what looks like an option. But for two
dashes: argparse drops those."""


def values_of(setting: Setting) -> st.SearchStrategy[Any]:
    low, high = max(setting.minimum, -1e9), min(setting.maximum, 1e9)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "int": st.integers(int(low), int(high)),
        "float": st.floats(low, high),
        "choice": st.sampled_from(setting.choices or ("",)),
        "text": NAMES,
    }
    return st.just(setting.default) | kinds[setting.kind]


CONFIGS = st.builds(
    TrainConfig,
    dataset=NAMES,
    weights=NAMES,
    strategy=st.sampled_from(tuple(STRATEGIES)),
    architecture=st.none() | NAMES.filter(lambda name: not name.startswith("-")),
    classes=st.none() | st.integers(1, 1000),
    stage_lr=st.dictionaries(st.text("abc.0", min_size=1), st.floats(0, MAX_MULTIPLE), max_size=3),
    **{setting.name: values_of(setting) for setting in SETTINGS},
)


@given(CONFIGS, NAMES)
def test_the_command_line_reads_the_same_config_from_a_runs_command(config: TrainConfig, out: str) -> None:
    words = shlex.split(train_command(config, out))
    arguments = make_parser().parse_args(words[1:])
    assert words[:2] == ["ftgui", "train"]
    assert config_from(arguments) == config
    assert str(arguments.out) == out


def test_a_command_names_only_what_is_not_the_default() -> None:
    config = TrainConfig(dataset="/d", weights="/w.pth", epochs=5, lr=0.00003)
    assert train_command(config, "RUN") == (
        "ftgui train /d --weights /w.pth --strategy freeze --epochs 5 --lr 0.00003 --out RUN"
    )


def test_pictures_that_were_left_out_are_not_silently_taken_in_again() -> None:
    config = TrainConfig(dataset="/d", weights="/w", exclude=("a.jpg", "b.jpg"))
    assert f"--exclude {LEFT_OUT}" in train_command(config, "RUN")
    assert left_out_note(config).count("2 pictures") == 1
    assert left_out_note(TrainConfig(dataset="/d", weights="/w")) == ""


def test_a_comparison_is_repeated_with_its_strategies_seeds_and_rates() -> None:
    plan = plan_of(
        "freeze", "full", seeds=(3, 1), lrs=(0.001, 0.01), dataset="/my photos", epochs=5, norm="adapt"
    )
    assert compare_command(plan, "AGAIN") == (
        "ftgui compare '/my photos' --weights /weights/mobilenet_v2.pth --strategies freeze,full --seeds 3,1 "
        "--lrs 0.001,0.01 --epochs 5 --norm adapt --out AGAIN"
    )


@pytest.mark.parametrize(("split", "said"), [(3, False), (4, True)])
def test_a_comparisons_split_is_said_where_it_is_not_that_of_the_first_seed(split: int, said: bool) -> None:
    plan = plan_of("freeze", seeds=(3, 1))
    config = msgspec.structs.replace(plan.config, split_seed=split)
    command = compare_command(msgspec.structs.replace(plan, config=config), "AGAIN")
    assert ("--split-seed 4" in command) is said
    assert ("split" in command) is said


def test_what_a_comparisons_config_says_of_single_runs_is_not_named() -> None:
    plan = plan_of("full", seeds=(0, 1))
    config = msgspec.structs.replace(plan.config, strategy="full", seed=7, lr=0.5)
    command = compare_command(msgspec.structs.replace(plan, config=config), "AGAIN")
    assert command == (
        "ftgui compare /photos/ants-and-bees --weights /weights/mobilenet_v2.pth --strategies full "
        "--seeds 0,1 --epochs 5 --out AGAIN"
    )


PLANS = st.builds(
    make_plan_of,
    CONFIGS.map(lambda config: msgspec.structs.replace(config, stage_lr={})),
    st.lists(st.sampled_from(tuple(STRATEGIES)), min_size=1, unique=True).map(tuple),
    st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(st.floats(1e-6, 100.0), max_size=3, unique=True).map(tuple),
)


@given(PLANS, NAMES.map("/nowhere/{}".format))
def test_the_command_line_reads_the_same_plan_from_a_reports_command(plan: ComparisonPlan, out: str) -> None:
    words = shlex.split(compare_command(plan, out))
    arguments = make_parser().parse_args(words[1:])
    assert words[:2] == ["ftgui", "compare"]
    assert plan_from(arguments) == plan
    assert str(arguments.out) == out


def test_on_windows_both_shells_read_the_words_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["ftgui", "compare", r"C:\my photos", "--strategies", "freeze,full", "--epochs", "5", "é.pth"]
    assert in_shell(words) == shlex.join(words)
    monkeypatch.setattr(command, "os", SimpleNamespace(name="nt"))
    assert in_shell(words) == (r'ftgui compare "C:\my photos" --strategies "freeze,full" --epochs 5 é.pth')
