"""The report of a comparison: what it says, that it needs nothing else, and that nothing in it runs."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ftgui.cli.training import read_paths
from ftgui.runs.command import LEFT_OUT
from ftgui.runs.comparison import REPORT, RUNS, ComparisonFile
from ftgui.runs.report import TEMPLATES, write_report
from ftgui.training.events import Reason
from tests.runs.drawn_comparison import SHAPES, draw_comparison, plan_of
from tests.runs.report_chromium import BEYOND, BROWSER, Chromium
from tests.runs.report_page import Page, clipped

ALL = tuple(SHAPES)
HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"


def page_of(folder: Path, comparison: ComparisonFile) -> Page:
    return Page(write_report(folder, comparison).read_text(encoding="utf-8"))


def with_result(comparison: ComparisonFile, **changes: Any) -> ComparisonFile:
    result = msgspec.structs.replace(comparison.result, **changes)  # type: ignore[type-var]
    return msgspec.structs.replace(comparison, result=result)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ComparisonFile]:
    """Three strategies over two seeds."""
    folder = tmp_path_factory.mktemp("three")
    return folder, draw_comparison(folder, plan_of("freeze", "small-lr", "scratch", seeds=(0, 1)))


@pytest.fixture(scope="module")
def page(three: tuple[Path, ComparisonFile]) -> Page:
    return page_of(*three)


Three = tuple[Path, ComparisonFile]


# What it says


def test_the_report_is_one_file_in_the_comparisons_folder(three: Three) -> None:
    folder, comparison = three
    before = {path for path in folder.rglob("*") if path.name != REPORT}
    assert write_report(folder, comparison) == folder / REPORT
    assert set(folder.rglob("*")) - before == {folder / REPORT}


def test_the_pictures_that_were_left_out_lie_beside_it_as_its_command_reads_them(tmp_path: Path) -> None:
    plan = plan_of("freeze", "full", exclude=("train/ants/a b.jpg", "train/ants/é.jpg"))
    write_report(tmp_path, draw_comparison(tmp_path, plan))
    assert read_paths(tmp_path / LEFT_OUT) == plan.config.exclude


def test_what_can_honestly_be_said_comes_first_and_everything_has_its_place(page: Page) -> None:
    assert page.texts("h1") == ["ants-and-bees"]
    assert page.texts("h2") == [
        "What can be said",
        "Strategies",
        "Accuracy against cost",
        "Accuracy on validation",
        "Loss",
        "Accuracy on validation, over time",
        "What moved",
        "Do they differ?",
        "What was held equal",
        "Every run",
        "Do it again",
        "Settings of all runs",
    ]
    assert "153 pictures tell differences of about 6 points from chance" in page.text
    assert "Accuracies are those of the last epoch's weights on the validation pictures." in page.text
    assert "mobilenet_v2 245 pictures to learn from, 153 to judge on 2 classes" in page.text
    assert "ftgui 0.3.0 torch 2.14.1" in page.text


def test_a_row_of_the_main_table_says_all_of_a_strategy(three: Three, page: Page) -> None:
    result = three[1].result
    assert result is not None
    freeze = result.strategies[0]
    row = page.text[page.text.index("Freeze extractor freeze") :]
    expected = (
        f"{freeze.accuracy:.3f} {freeze.low:.3f} – {freeze.high:.3f} "
        f"{freeze.lowest:.3f} – {freeze.highest:.3f} "
        f"{freeze.seconds:.1f} s {freeze.later_seconds:.1f} s 30 ms 2,562 of 2.2 M 2 of 302 612 MB 0.01"
    )
    assert expected in row[: row.index("Small learning rate")]


def test_strategies_that_differ_are_named_in_words(page: Page) -> None:
    rows = page.text[page.text.index("Do they differ?") : page.text.index("What was held equal")]
    assert rows.count(" they differ ") == 2
    assert rows.count("not shown") == 1
    scratch = rows[rows.index("freeze − scratch") :]
    assert re.match(
        r"freeze − scratch \+2\d\.\d \+2\d\.\d to \+\d\d\.\d < 0\.001 < 0\.001 × 0\.\d+ seed 0: ", scratch
    )


def test_what_was_not_held_equal_says_so(page: Page) -> None:
    held = page.text[page.text.index("What was held equal") : page.text.index("Every run")]
    assert held.count("✓") == 3
    assert held.count("not the same in all runs") == 1
    assert "✗ Arithmetic bf16; fp32 in scratch-seed0 not the same in all runs" in held


def test_why_accuracies_may_be_high_is_said_where_they_may(three: Three) -> None:
    folder, comparison = three
    note = "Too high, a little."
    assert note in page_of(folder, with_result(comparison, optimistic=note)).text


def test_every_strategy_has_its_map_of_what_moved(page: Page) -> None:
    titles = [said for said in page.texts("svg", "title") if said.startswith("What moved")]
    assert titles == ["What moved: freeze", "What moved: small-lr", "What moved: scratch"]
    assert "stem (frozen), epoch 5: 0 exactly, 0 of 60 entries differ" in page.texts("rect", "title")


def test_frozen_entries_that_changed_are_told(tmp_path: Path) -> None:
    plan = plan_of("freeze")
    comparison = draw_comparison(tmp_path, plan, reasons={"freeze-seed0": Reason.PROOF_FAILED})
    assert "1 of 300 changed 1 of 300 frozen entries changed." in page_of(tmp_path, comparison).text


def test_a_comparison_of_learning_rates_says_how_many_were_tried(tmp_path: Path) -> None:
    plan = plan_of("freeze", "full", seeds=(0, 1), lrs=(0.001, 0.01), exclude=("a.jpg",))
    page = page_of(tmp_path, draw_comparison(tmp_path, plan))
    assert page.text.count("best of 2") == 2
    assert page.text.count("full-seed1-lr0.01") >= 1
    assert "--lrs 0.001,0.01" in page.text
    assert "“left-out.txt” beside this page holds the 1 picture that was left out" in page.text


# Comparisons that are not done


def test_an_unfinished_comparison_shows_what_is_known(tmp_path: Path) -> None:
    reasons = {"small-lr-seed0": Reason.NAN_LOSS, "small-lr-seed1": Reason.FAILED}
    comparison = draw_comparison(
        tmp_path,
        plan_of("freeze", "small-lr", "partial", "full", seeds=(0, 1)),
        waiting=("full-seed0", "full-seed1"),
        skipped=("partial-seed1",),
        reasons=reasons,
    )
    page = page_of(tmp_path, comparison)
    assert "3 of 8 runs are done, 2 failed, 2 waiting and 1 skipped." in page.text
    assert "Everything learns full 0 of 2 runs are done" in page.text
    assert "Freeze up to a stage partial 1 of 2 runs is done" in page.text
    assert "The loss is no longer a finite number." in page.text
    assert [said.get("class") for _, said in page.elements].count("state bad") == 2
    assert "Accuracy against cost" not in page.text  # one strategy is no comparison yet
    assert [t for t in page.texts("svg", "title") if t.startswith("What moved")] == [
        "What moved: freeze",
        "What moved: small-lr",
        "What moved: partial",
    ]
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", page.text)


def test_a_comparison_that_is_done_does_not_say_how_much_of_it_is(page: Page) -> None:
    assert "This page shows what is known so far" not in page.text


@pytest.mark.parametrize("result", [True, False])
def test_a_comparison_without_a_run_yet_is_a_page(tmp_path: Path, result: bool) -> None:
    comparison = draw_comparison(tmp_path, plan_of("freeze", "full"), waiting=("freeze-seed0", "full-seed0"))
    if not result:
        comparison = msgspec.structs.replace(comparison, result=None)
    page = page_of(tmp_path, comparison)
    assert "0 of 2 runs are done" in page.text
    assert "Nothing can be said yet." in page.text
    assert "What moved" not in page.text
    assert "ftgui compare /photos/ants-and-bees" in page.text


def test_a_run_folder_that_cannot_be_read_leaves_the_rest_of_the_page(tmp_path: Path) -> None:
    comparison = draw_comparison(tmp_path, plan_of("freeze", "full"))
    (tmp_path / RUNS / "full-seed0" / "events.jsonl").write_text("no event\nand no other\n")
    page = page_of(tmp_path, comparison)
    assert [t for t in page.texts("svg", "title") if t.startswith("What moved")] == ["What moved: freeze"]


@pytest.mark.parametrize("count", range(1, len(ALL) + 1))
@pytest.mark.parametrize(("seeds", "epochs"), [((0,), 1), ((0, 1, 2), 3)])
def test_any_number_of_strategies_and_seeds_fits(
    tmp_path: Path, count: int, seeds: tuple[int, ...], epochs: int
) -> None:
    page = page_of(tmp_path, draw_comparison(tmp_path, plan_of(*ALL[:count], seeds=seeds, epochs=epochs)))
    assert page.open == []
    assert page.crossed == []
    assert len([t for t in page.texts("svg", "title") if t.startswith("What moved")]) == count
    assert clipped(page.source) == []


# That it needs nothing else, and that nothing in it runs


def addresses(page: Page) -> list[str]:
    """Return what a browser would fetch, or lead to, by attributes and style sheets."""
    named = {
        "href",
        "src",
        "srcset",
        "action",
        "data",
        "poster",
        "xlink:href",
        "background",
        "formaction",
        "cite",
    }
    found = [value for _, said in page.elements for name, value in said.items() if name in named]
    styles = [said for path, said in page.said if "style" in path]
    styles += [said.get("style", "") for _, said in page.elements]
    found += [url.strip("'\" ") for style in styles for url in re.findall(r"url\(([^)]*)\)", style)]
    return found + [rule for style in styles for rule in re.findall(r"@import|@font-face", style)]


def test_no_address_in_it_leads_out(page: Page) -> None:
    assert [address for address in addresses(page) if not address.startswith(("#", "data:"))] == []
    assert "http" not in "".join(page.texts("style"))


def test_the_addresses_of_a_page_are_found_where_there_are_some() -> None:
    """Of what the test above looks through."""
    source = '<style>@import "a"; p{background:url( "b" )}</style><a href="c"><p style="background:url(d)">'
    assert addresses(Page(source)) == ["c", "b", "d", "@import"]


def test_no_words_of_a_user_become_elements(tmp_path: Path) -> None:
    comparison = draw_comparison(tmp_path, plan_of("freeze", "full", seeds=(0, 1), freeze_until=HOSTILE))
    result = comparison.result
    assert result is not None
    hostile = msgspec.structs.replace(
        with_result(
            comparison,
            **dict.fromkeys(("dataset", "architecture", "device", "arithmetic", "optimistic"), HOSTILE),
            measure_words=HOSTILE,
            sentences=(HOSTILE,),
            class_names=(HOSTILE, HOSTILE),
            runs=tuple(msgspec.structs.replace(run, message=HOSTILE, state=HOSTILE) for run in result.runs),
            pairs=tuple(msgspec.structs.replace(pair, words=HOSTILE) for pair in result.pairs),
            held_equal=tuple(
                msgspec.structs.replace(h, what=HOSTILE, value=HOSTILE) for h in result.held_equal
            ),
        ),
        versions={HOSTILE: HOSTILE},
    )
    page = page_of(tmp_path, hostile)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img", "iframe", "object"})
    assert not [name for _, said in page.elements for name in said if name.startswith("on")]
    assert page.open == page.crossed == []
    assert page.text.count(HOSTILE) > 10
    assert "49" not in page.texts("h1")


def test_stages_of_any_name_are_words_in_the_figures(tmp_path: Path) -> None:
    """What ``element`` is there for: figures are built by hand."""
    plan = plan_of("freeze")
    comparison = draw_comparison(tmp_path, plan)
    events = tmp_path / RUNS / "freeze-seed0" / "events.jsonl"
    name = '\\"><script>'
    events.write_text(events.read_text().replace('"layer1"', f'"{name}"'))
    page = page_of(tmp_path, comparison)
    assert "script" not in {tag for tag, _ in page.elements}
    assert '"><script>: frozen' in page.texts("svg", "title")


def test_names_that_no_page_may_hold_do_not_keep_it_from_being_written(three: Three) -> None:
    folder, comparison = three
    page = page_of(folder, with_result(comparison, dataset="a\x00b\udc80\x1bc\n"))
    assert page.texts("h1") == [
        "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}c"
    ]


def test_every_figure_says_what_it_shows(page: Page) -> None:
    ids = [said["id"] for _, said in page.elements if "id" in said]
    assert len(ids) == len(set(ids))
    figures = [said for tag, said in page.elements if tag == "svg"]
    assert len(figures) == 3 + 4 + 3
    assert all(said["role"] == "img" for said in figures)
    assert {id_ for said in figures for id_ in said["aria-labelledby"].split()} == set(ids)
    assert len(page.texts("svg", "desc")) == len(figures)


def test_light_and_dark_have_the_same_colours_and_name_all_that_are_used() -> None:
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    light, dark = (
        set(re.findall(r"(--\w[\w-]*):", part)) for part in re.findall(r":root \{(.*?)\}", style, re.S)
    )
    own = {"--c"}
    assert light == dark
    assert set(re.findall(r"var\((--[\w-]+)\)", style)) - own <= light


def test_text_can_be_read_in_light_and_dark() -> None:
    """WCAG 2.1: a contrast of 4.5."""
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    for part in re.findall(r":root \{(.*?)\}", style, re.S):
        colours = dict(re.findall(r"(--[\w-]+): (#\w{6})", part))
        for ink, ground in itertools.product(("--text", "--muted"), ("--card", "--window", "--chip")):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert contrast(colours["--error"], colours["--card"]) >= 4.5


def contrast(one: str, other: str) -> float:
    light, dark = sorted(map(_luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# In a browser


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    if BROWSER is None or not hasattr(os, "fork"):
        pytest.skip("no Chromium was found")
    browser = Chromium(tmp_path / "profile")
    try:
        yield browser
    finally:
        browser.close()


def test_the_report_opens_in_headless_chromium_without_a_request_leaving_it_or_a_console_error(
    three: Three, chromium: Chromium
) -> None:
    page = write_report(*three)
    chromium.open(page)
    assert chromium.value("document.querySelectorAll('svg').length") == 10
    assert [url for url in chromium.requests if not url.startswith("data:")] == [page.as_uri()]
    assert chromium.complaints == []
    assert chromium.value(BEYOND) == []
    assert chromium.value("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("media", "scheme", "ground"),
    [
        ("screen", "light", "rgb(244, 245, 247)"),
        ("screen", "dark", "rgb(18, 21, 25)"),
        ("print", "dark", "rgba(0, 0, 0, 0)"),
    ],
)
def test_the_report_is_drawn_light_and_dark_and_printed_on_white_paper(
    three: Three, chromium: Chromium, media: str, scheme: str, ground: str
) -> None:
    preferred = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.ask("Emulation.setEmulatedMedia", media=media, features=preferred)
    chromium.open(write_report(*three))
    assert chromium.value("getComputedStyle(document.body).backgroundColor") == ground
    assert chromium.value(BEYOND) == []
    ink = chromium.value("getComputedStyle(document.querySelector('.sentence')).color")
    assert (min(map(int, re.findall(r"\d+", ink))) > 200) == (ground == "rgb(18, 21, 25)"), "it can be read"


def test_printed_the_report_takes_some_pages_and_none_of_it_is_hidden(
    three: Three, chromium: Chromium
) -> None:
    chromium.open(write_report(*three))
    printed = base64.b64decode(chromium.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 8
    chromium.ask("Emulation.setEmulatedMedia", media="print")
    hidden = "e => !e.getClientRects().length && !e.closest('details:not([open])')"
    every = "[...document.querySelectorAll('main h2, main svg, main table')]"
    assert chromium.value(f"{every}.filter({hidden}).length") == 0


def test_what_leaves_a_page_or_goes_wrong_in_it_would_be_noticed(chromium: Chromium, tmp_path: Path) -> None:
    """Of what the test above relies on."""
    page = tmp_path / "page.html"
    page.write_text(
        "<img src='http://127.0.0.1:9/a.png'><script>console.error('ouch')</script>"
        "<main><p class=card style='width: 50px'><i style='float: left; width: 90px'>wide</i></p></main>"
    )
    chromium.open(page)
    assert "http://127.0.0.1:9/a.png" in chromium.requests
    assert "ouch" in json.dumps(chromium.complaints)
    assert len(chromium.value(BEYOND)) == 1


def test_when_it_was_made_is_what_was_written_down_and_not_when_files_were_copied(three: Three) -> None:
    folder, comparison = three
    times = {entry.name: ("2024-02-03T09:00:00+00:00",) * 2 for entry in comparison.plan.entries()}
    times["scratch-seed1"] = ("2024-02-03T09:30:00+00:00", "2024-02-05T10:00:00+00:00")
    said = page_of(folder, msgspec.structs.replace(comparison, times=times)).text
    first, last = (datetime.fromisoformat(time).astimezone() for time in ("2024-02-03T09Z", "2024-02-05T10Z"))
    assert f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}" in said
