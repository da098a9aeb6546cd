"""``ftgui compare``: what it prints, as words and as JSON Lines, and what it returns."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.__main__ import main
from ftgui.cli.comparing import CompareWords, plan_from, result_lines, run_line
from ftgui.cli.parser import make_parser
from ftgui.cli.training import Words
from ftgui.cli.usage import UsageError
from ftgui.freezing.strategies import STRATEGIES
from ftgui.jobs.compare_control import CompareControl
from ftgui.jobs.compare_events import ComparedRunStarted
from ftgui.runs.comparison import RUNS, ComparisonPlan, read_comparison
from ftgui.runs.results import ComparisonResult, HeldEqual, RunResult
from ftgui.training import loops, trainer
from ftgui.training.events import PhaseProgress, RunWarning
from tests.fixtures import FP32, Drawn
from tests.gui.scripted import batch
from tests.jobs.comparing import stamps, whole
from tests.results import progress

Capture = pytest.CaptureFixture[str]
QUICK = ("--epochs", "1", "--batch-size", "8", "--device", "cpu", *FP32)


def compare(drawn: Drawn, out: Path, *more: str, data: Path | None = None) -> list[str]:
    """Return the words of a comparison of two, unless ``more`` says otherwise."""
    files = (str(data or drawn.data), "--weights", str(drawn.weights), "--out", str(out))
    return [
        "compare",
        *files,
        *QUICK,
        *(() if "--strategies" in more else ("--strategies", "freeze,full")),
        *more,
    ]


def plan(*more: str) -> ComparisonPlan:
    words = ["compare", "pictures", "--weights", "w.pth", "--out", "here", *more]
    return plan_from(make_parser().parse_args(words))


def without_warnings(words: str) -> list[str]:
    """Return the lines; the small weights are none of torchvision's, and each comparison warns of that."""
    return [line for line in words.splitlines() if not line.startswith("   - ")]


def told(capsys: Capture) -> list[dict[str, Any]]:
    said = capsys.readouterr()
    assert said.err == ""
    return [json.loads(line) for line in said.out.splitlines()]


# What is printed -------------------------------------------------------------------------------------------


def test_a_line_a_run_and_in_the_end_what_it_all_says(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert main(compare(drawn, out)) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = without_warnings(said.out)
    assert lines[0] == f"2 runs in {out}, 0 of them done"
    forecasts, lines = lines[1:3], [lines[0], *lines[3:]]
    for strategy, line in zip(("freeze", "full"), forecasts, strict=True):
        assert re.fullmatch(rf"   {strategy}: .* in all, .* an epoch, about .* of memory", line)
    assert lines[1] == "1 of 2: freeze-seed0"
    assert lines[3] == "2 of 2: full-seed0"
    of_run = r"   accuracy \d\.\d{3} \(\d\.\d{3} – \d\.\d{3}\) of 6 pictures, \d+\.\d s"
    assert re.fullmatch(of_run, lines[2])
    assert re.fullmatch(of_run, lines[4])
    assert re.fullmatch(r"freeze  \d\.\d{3} \(\d\.\d{3} – \d\.\d{3}\) of \d+  lr 0.01  \d+\.\d s", lines[6])
    assert re.fullmatch(r"full    \d\.\d{3} \(\d\.\d{3} – \d\.\d{3}\) of \d+  lr 0.001  \d+\.\d s", lines[7])
    result = read_comparison(out).result
    assert result is not None
    assert lines[8:-3] == [result.measure_words, *result.sentences]
    assert len(result.sentences) == 1
    assert lines[-3:] == ["", "The comparison is complete.", f"report: {out / 'report.html'}"]


def test_with_several_seeds_their_spread_and_the_seconds_of_later_ones_are_told(drawn: Drawn) -> None:
    result = read_comparison(whole(drawn)).result
    assert result is not None
    for line, each in zip(result_lines(result), result.strategies, strict=False):
        assert f", seeds {each.lowest:.3f} – {each.highest:.3f})" in line
        assert line.endswith(f"  {each.seconds:.1f} s, then {each.later_seconds:.1f} s")


def test_times_without_decoding_are_said_to_be(drawn: Drawn) -> None:
    result = read_comparison(whole(drawn)).result
    assert result is not None
    sentence = "Times are without decoding: the pictures were decoded before."
    seen, unseen = (msgspec.structs.replace(result, is_decoding_seen=each) for each in (True, False))
    assert sentence not in result_lines(seen)
    assert result_lines(unseen) == [*result_lines(seen), sentence]


def test_what_was_not_held_equal_comes_last() -> None:
    unequal = (
        HeldEqual(what="Threads", value="not the same in all runs", equal=False),
        HeldEqual(what="Device", value="cpu", equal=True),
    )
    result = ComparisonResult(measure="test", measure_words="Of tests.", runs=(), held_equal=unequal)
    assert result_lines(result) == ["NOT held equal: Threads (not the same in all runs)"]


def test_json_lines_are_an_event_each_and_a_runs_are_between_its_start_and_its_end(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert main(compare(drawn, out, "--json")) == 0
    events = told(capsys)
    names = [event["event"] for event in events]
    assert (names[0], names[-1]) == ("comparison_started", "comparison_ended")
    assert events[0]["folder"] == str(out)
    assert [(run["name"], run["is_done"]) for run in events[0]["runs"]] == [
        ("freeze-seed0", False),
        ("full-seed0", False),
    ]
    starts = [n for n, name in enumerate(names) if name == "compared_run_started"]
    ends = [n for n, name in enumerate(names) if name == "compared_run_ended"]
    assert ends[-1] == len(names) - 2
    before = [event for event in events[1 : starts[0]] if event["event"] != "phase_progress"]
    assert [(event["event"], event["strategy"]) for event in before] == [
        ("run_forecast", "freeze"),
        ("run_forecast", "full"),
    ]
    assert starts[1] == ends[0] + 1, "nothing is said between two runs"
    for number, (start, end, strategy) in enumerate(zip(starts, ends, ("freeze", "full"), strict=True), 1):
        began, inside, ended = events[start], events[start + 1 : end], events[end]
        assert (began["name"], began["number"], began["total"]) == (f"{strategy}-seed0", number, 2)
        assert (began["strategy"], began["seed"], began["goes_on"]) == (strategy, 0, False)
        (started,) = (event for event in inside if event["event"] == "run_started")
        assert started["config"]["strategy"] == strategy
        assert (inside[-1]["event"], inside[-1]["reason"]) == ("run_ended", "completed")
        (epoch,) = (event for event in inside if event["event"] == "epoch_ended")
        assert ended["run"]["name"] == f"{strategy}-seed0"
        assert ended["run"]["accuracy"] == pytest.approx(epoch["val_accuracy"])
    last = events[-1]
    assert (last["reason"], last["folder"]) == ("completed", str(out))
    assert last["report"] == str(out / "report.html")
    assert Path(last["report"]).is_file()
    assert last["result"] == json.loads((out / "comparison.json").read_bytes())["result"]
    assert len(last["result"]["sentences"]) == 1
    for end, done in zip(ends, (1, 2), strict=True):
        assert events[end]["result"] is None, "all that is known is told once, at the end"
        assert (events[end]["progress"]["done"], events[end]["progress"]["total"]) == (done, 2)
    left = events[starts[0]]["progress"]["seconds_left"]
    twice = before[1]["phase_seconds"]["decoding"]
    assert left == pytest.approx(sum(event["seconds"] for event in before) - twice), "as was forecast"


def test_a_warning_that_every_run_gives_is_printed_once(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: Capture
) -> None:
    data = Path(shutil.copytree(drawn.data, tmp_path / "data"))
    (cut,) = (path for path in data.rglob("003.png") if path.parent.name == "bricks")
    cut.write_bytes(cut.read_bytes()[:200])
    assert main(compare(drawn, tmp_path / "out", data=data)) == 0
    lines = capsys.readouterr().out.splitlines()
    warned = [line for line in lines if line.startswith("   - ")]
    assert len([line for line in warned if "bricks/003.png" in line]) == 1
    assert len(warned) == len(set(warned))
    assert lines.index(warned[0]) < lines.index("2 of 2: full-seed0")
    logs = [
        (tmp_path / "out" / RUNS / name / "log.txt").read_text(encoding="utf-8")
        for name in ("freeze-seed0", "full-seed0")
    ]
    assert ["bricks/003.png" in log for log in logs] == [True, False], "the second has the first one's split"
    assert all("preprocessing is a guess" in log for log in logs), "each run keeps what it says"
    assert len([line for line in warned if "preprocessing is a guess" in line]) == 1


def test_a_warning_that_only_a_later_run_gives_is_printed_too(capsys: Capture) -> None:
    words = CompareWords()
    for message in ("It is cold.", "It is late.", "It is cold."):
        words.event(RunWarning(message=message, hint="Go home."))
    words.close()
    assert capsys.readouterr().out == "   - It is cold. Go home.\n   - It is late. Go home.\n"


# Going on --------------------------------------------------------------------------------------------------


@pytest.fixture
def done(drawn: Drawn, tmp_path: Path) -> Path:
    """A comparison that is complete, for this test alone."""
    return Path(shutil.copytree(whole(drawn), tmp_path / "done"))


def test_the_folder_alone_goes_on_with_a_comparison_of_which_nothing_is_left(
    done: Path, small_crops: None, capsys: Capture
) -> None:
    before = stamps(done / RUNS)
    assert main(["compare", "--out", str(done)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines()[0] == f"6 runs in {done}, 6 of them done"
    assert " of 6: " not in said.out, "none is run again"
    assert said.out.count("The comparison is complete.") == 1
    assert stamps(done / RUNS) == before


def test_the_folder_alone_goes_on_with_what_was_stopped(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(CompareControl, "stopping", property(lambda _: True))
        assert main(compare(drawn, out)) == 0, "whoever stops it has not failed"
    assert "The comparison was stopped; the same command goes on with it." in capsys.readouterr().out
    assert [path.name for path in out.glob(f"{RUNS}/*")] == []
    assert main(["compare", "--out", str(out), "--json"]) == 0
    events = told(capsys)
    assert [e["name"] for e in events if e["event"] == "compared_run_started"] == [
        "freeze-seed0",
        "full-seed0",
    ]
    assert {run["state"] for run in events[-1]["result"]["runs"]} == {"done"}


def test_other_settings_in_the_same_folder_are_one_sentence(
    drawn: Drawn, done: Path, small_crops: None, capsys: Capture
) -> None:
    before = stamps(done)
    assert main(compare(drawn, done, "--strategies", "freeze", "--augment", "none")) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"ftgui: “{done}” holds a comparison with other settings (")
    assert "augment" in said.err
    assert said.err.count("\n") == 1
    assert stamps(done) == before


def test_a_folder_alone_that_holds_no_comparison_is_wrong_usage(tmp_path: Path, capsys: Capture) -> None:
    assert main(["compare", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []


# What fails ------------------------------------------------------------------------------------------------


def test_a_run_that_failed_exits_with_1_and_one_sentence_once_the_others_are_done(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = loops.train_step

    def step(passage: Any, optimizer: Any, *rest: Any) -> Any:
        if sum(len(group["params"]) for group in optimizer.param_groups) > 2:  # all but the output layer's
            raise RuntimeError("the machine is on fire")
        return real(passage, optimizer, *rest)

    monkeypatch.setattr(trainer, "train_step", step)
    assert main(compare(drawn, tmp_path / "out", "--strategies", "full,freeze")) == 1
    said = capsys.readouterr()
    assert said.err == "ftgui: The comparison has a run that failed.\n"
    lines = without_warnings(said.out)
    del lines[1:3]  # the forecasts
    assert lines[2].startswith("   failed: ")
    assert "on fire" in lines[2]
    assert lines[4].startswith("   accuracy ")


def test_a_run_that_broke_its_promise_makes_the_comparison_a_failed_one_each_time(
    done: Path, small_crops: None, capsys: Capture
) -> None:
    events = done / RUNS / "lr-zero-seed1" / "events.jsonl"
    text = events.read_text(encoding="utf-8")
    broken = text.replace(
        '"event":"run_ended","reason":"completed"', '"event":"run_ended","reason":"proof_failed"'
    )
    assert broken != text
    events.write_text(broken, encoding="utf-8", newline="\n")
    assert main(["compare", "--out", str(done)]) == 1
    assert capsys.readouterr().err == "ftgui: The comparison has a run that failed.\n"


def test_a_run_without_an_accuracy_is_told_by_its_state() -> None:
    run = RunResult(name="full-seed0", strategy="full", seed=0, state="skipped")
    assert run_line(run) == "skipped"


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_a_run_that_has_an_accuracy_but_did_not_get_through_is_told_by_its_state_too(state: str) -> None:
    run = RunResult(
        name="full-seed0",
        strategy="full",
        seed=0,
        state=state,
        accuracy=0.5,
        low=0.4,
        high=0.6,
        pictures=90,
        seconds=3.0,
        message="The loss is no longer a finite number.",
    )
    assert state in run_line(run)


# What is understood ----------------------------------------------------------------------------------------


def test_without_strategies_it_is_wrong_usage(drawn: Drawn, tmp_path: Path, capsys: Capture) -> None:
    words = [*compare(drawn, tmp_path / "out")]
    at = words.index("--strategies")
    assert main(words[:at] + words[at + 2 :]) == 2
    said = capsys.readouterr()
    assert said.err == (
        "ftgui: A comparison needs --strategies. For example --strategies freeze,small-lr,full.\n"
    )
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--strategies", "freeze,melt", "argument --strategies: “melt” is none of "),
        ("--strategies", "", "argument --strategies: “” is none of "),
        ("--strategies", "freeze,", "argument --strategies: “” is none of "),
        ("--strategies", "freeze, full", "argument --strategies: “ full” is none of "),
        ("--strategies", "all,freeze", "argument --strategies: “all” is none of "),
        ("--seeds", "a", "argument --seeds: “a” is no list of numbers"),
        ("--seeds", "0,,1", "argument --seeds: “0,,1” is no list of numbers"),
        ("--seeds", "0.5", "argument --seeds: “0.5” is no list of numbers"),
        ("--lrs", "fast", "argument --lrs: “fast” is no list of numbers"),
        ("--lrs", "", "argument --lrs: “” is no list of numbers"),
        ("--strategy", "full", "unrecognized arguments: --strategy full"),
        ("--stage-lr", "layer4=0.1", "unrecognized arguments: --stage-lr layer4=0.1"),
        ("--lr", "0.1", "unrecognized arguments: --lr 0.1"),
        ("--seed", "3", "unrecognized arguments: --seed 3"),
    ],
)
def test_what_it_does_not_understand_is_wrong_usage(
    drawn: Drawn, tmp_path: Path, capsys: Capture, flag: str, value: str, words: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        make_parser().parse_args(compare(drawn, tmp_path / "out", flag, value))
    assert caught.value.code == 2
    _, error = capsys.readouterr().err.split("error: ")
    assert error.startswith(words)


def test_an_unknown_strategy_is_named_with_those_there_are(
    drawn: Drawn, tmp_path: Path, capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        main(compare(drawn, tmp_path / "out", "--strategies", "freeze,melt"))
    said = capsys.readouterr().err
    assert "“melt” is none of" in said
    assert all(name in said for name in STRATEGIES)


def test_all_are_all_strategies_in_their_order() -> None:
    assert plan("--strategies", "all").strategies == tuple(STRATEGIES)


def test_lists_are_read_in_their_order() -> None:
    made = plan("--strategies", "full,freeze", "--seeds", "3,0", "--lrs", "0.1,1e-3")
    assert (made.strategies, made.seeds, made.lrs) == (("full", "freeze"), (3, 0), (0.1, 0.001))
    assert [entry.name for entry in made.entries()][:3] == [
        "full-seed3-lr0.1",
        "full-seed3-lr0.001",
        "freeze-seed3-lr0.1",
    ]


def test_what_is_not_said_is_seed_0_and_every_strategys_own_rate() -> None:
    made = plan("--strategies", "freeze,full")
    assert (made.seeds, made.lrs) == ((0,), ())
    assert made.config.lr is None


def test_settings_are_those_of_train(tmp_path: Path) -> None:
    made = plan("--strategies", "freeze", "--epochs", "7", "--augment", "none", "--no-cache")
    assert (made.config.epochs, made.config.augment, made.config.cache) == (7, "none", "off")
    with pytest.raises(UsageError, match="needs DATA"):
        plan_from(make_parser().parse_args(["compare", "--out", str(tmp_path), "--strategies", "full"]))


# How far it is ---------------------------------------------------------------------------------------------


def test_the_bar_says_which_run_it_is_and_how_long_all_of_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(Words, "_advance", lambda _, *said: told.append((said[0], said[3])))
    words = CompareWords()
    words.event(
        ComparedRunStarted(
            name="full-seed0",
            strategy="full",
            seed=0,
            lr=None,
            number=6,
            total=21,
            goes_on=False,
            progress=progress(5, 21, 780.0),
            seconds=60.0,
        )
    )
    words.event(PhaseProgress(phase="decoding", done=1, total=2))
    words.event(batch(2, 1, seconds_left=0.0))
    words.close()
    assert told == [
        ("6 of 21, decoding", "about 13 min left in all"),
        ("6 of 21, epoch 2", "312 pictures/s, 0 s left; about 12 min left in all"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [("--freeze-until", "nosuchstage"), ("--init", "random"), ("--lrs", "0,0.1"), ("--lrs", "0.1,0.1")],
)
def test_what_cannot_be_with_these_weights_is_one_sentence_and_leaves_nothing(
    drawn: Drawn, tmp_path: Path, small_crops: None, capsys: Capture, wrong: tuple[str, str]
) -> None:
    assert main(compare(drawn, tmp_path / "out", *wrong)) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert list(tmp_path.iterdir()) == []
