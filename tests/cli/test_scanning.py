"""``ftgui scan``: for people, and for scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ftgui.__main__ import main
from tests.data.drawn_trees import encoded, jpeg, plain, write
from tests.harness.process import run_python

Capture = pytest.CaptureFixture[str]

MESS = {
    **plain(side="train/", each=12),
    **plain(1, side="val/", each=2, first=100),
    "train/a/cut.jpg": jpeg(400)[:-300],
    "train/a/it.gif": encoded("GIF"),
    ".DS_Store": b"x",
}
KEYS = {
    "root",
    "layout",
    "has_val",
    "pictures",
    "classes",
    "findings",
    "ready",
    "reasons",
    "notes",
    "checked",
}


def scanned(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = main(["scan", *arguments, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out), told.err


def test_findings_are_told_each_with_its_kind_path_and_message(tmp_path: Path, capsys: Capture) -> None:
    code, found, errors = scanned(capsys, str(write(tmp_path / "p", MESS)))
    assert (code, errors) == (0, "")
    assert found.keys() == KEYS
    assert (found["layout"], found["pictures"], found["ready"], found["reasons"]) == (
        "split_folders",
        27,
        True,
        [],
    )
    assert found["classes"] == [
        {"name": "a", "train": 13, "val": 2, "test": 0},
        {"name": "b", "train": 12, "val": 0, "test": 0},
    ]
    assert [(each["kind"], each["path"]) for each in found["findings"]] == [
        ("truncated", "train/a/cut.jpg"),
        ("odd_one_out", "train/a/it.gif"),
        ("class_missing", "val/b"),
        ("ignored", ".DS_Store"),
    ]
    assert all(each["message"].endswith(".") for each in found["findings"])


def test_words_say_the_same(tmp_path: Path, capsys: Capture) -> None:
    assert main(["scan", str(write(tmp_path / "p", MESS))]) == 0
    words = capsys.readouterr().out
    assert "27 pictures in 2 classes" in words
    assert "Cut off (1)" in words
    assert "  train/a/cut.jpg: " in words
    assert words.endswith("Ready to train on.\n")


def test_what_is_not_ready_exits_with_1_and_one_sentence(tmp_path: Path, capsys: Capture) -> None:
    root = write(tmp_path / "p", plain(1) | {"b/0.jpg": b""})
    code, found, errors = scanned(capsys, str(root))
    assert (code, found["ready"]) == (1, False)
    assert errors == f"ftgui: {found['reasons'][0]}\n"
    assert main(["scan", str(root)]) == 1
    assert "Not ready: No picture of “b”" in capsys.readouterr().out


def test_what_is_no_dataset_has_the_same_keys_and_a_reason(tmp_path: Path, capsys: Capture) -> None:
    code, found, errors = scanned(capsys, str(write(tmp_path / "p", {"only/0.jpg": jpeg(0)})))
    assert code == 1
    assert found.keys() == KEYS
    assert (found["layout"], found["classes"], found["ready"]) == (None, [], False)
    assert "single class" in found["reasons"][0]
    assert errors.count("\n") == 1


def test_a_second_scan_says_the_same(tmp_path: Path, capsys: Capture) -> None:
    root = str(write(tmp_path / "p", MESS))
    assert scanned(capsys, root) == scanned(capsys, root)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_it_in_one_sentence(tmp_path: Path) -> None:
    root = write(tmp_path / "p", plain(each=40))
    script = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # else who started the tests decides
        "from ftgui.data import looking\n"
        "real = looking._read\n"
        "def read(*given):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(*given)\n"
        "looking._read = read\n"
        "from ftgui.__main__ import main\n"
        f"sys.exit(main(['scan', {str(root)!r}]))\n"
    )
    done = run_python("-c", script)
    assert done.returncode == 1
    assert done.stderr == "ftgui: The check was stopped; what it found out is known to the next.\n"
