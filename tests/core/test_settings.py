"""Settings that the command line and the window share, and facts measured once on this computer."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import platformdirs
import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ftgui.core import settings
from ftgui.core.errors import FtguiError
from ftgui.core.paths import user_cache_folder, user_config_folder
from ftgui.core.settings import EngineSettings, read_settings, recall, remember, write_settings
from tests.harness.process import run_python

HERE = str(Path.cwd().anchor)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
WEB_FOLDERS = (
    "https://download.pytorch.org/models/",
    "http://localhost:8080",
    "https://mirror.example.org/a/b",
    "http://[::1]:80/models/",
    "https://user:secret@mirror.example.org/",
)

FACTS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FTGUI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@contextmanager
def new_home() -> Iterator[Path]:
    """A home of its own for each example of a property."""
    before = os.environ["FTGUI_HOME"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FTGUI_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ["FTGUI_HOME"] = before


def settings_file(content: str | bytes) -> Path:
    path = user_config_folder() / "settings.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def measured_file(content: bytes) -> Path:
    path = user_config_folder() / "measured.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# Where they are


def test_ftgui_home_takes_the_place_of_the_users_own_folders(home: Path) -> None:
    assert user_config_folder() == home / "config"
    assert user_cache_folder() == home / "cache"
    write_settings(EngineSettings())
    assert (home / "config" / "settings.toml").is_file()


@pytest.mark.parametrize("value", [None, ""])
def test_without_ftgui_home_they_are_where_the_system_has_them(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("FTGUI_HOME") if value is None else monkeypatch.setenv("FTGUI_HOME", value)
    assert user_config_folder() == platformdirs.user_config_path("ftgui", appauthor=False)
    assert user_cache_folder() == platformdirs.user_cache_path("ftgui", appauthor=False)


def test_a_relative_ftgui_home_is_made_a_full_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTGUI_HOME", "here")
    assert user_cache_folder() == tmp_path / "here" / "cache"


def test_settings_need_no_torch() -> None:
    done = run_python("-c", "import sys, ftgui.core.settings, ftgui.core.rows; print('torch' in sys.modules)")
    assert done.stdout.strip() == "False", done.stderr


# Settings


def test_without_a_file_all_settings_are_as_they_come(home: Path) -> None:
    assert read_settings() == EngineSettings(
        cache_folder=None, cache_gb=10.0, cache_memory_share=0.25, threads=None
    )
    assert not home.exists(), "reading made folders"


@given(
    st.builds(
        EngineSettings,
        cache_folder=st.none() | TEXTS.map(lambda text: HERE + text.replace("\0", "")),
        cache_gb=st.floats(0, 1e6),
        cache_memory_share=st.floats(0, 1),
        threads=st.none() | st.integers(1, 1024),
        weights_url=st.sampled_from(WEB_FOLDERS),
    )
)
def test_settings_come_back_as_they_went(chosen: EngineSettings) -> None:
    with new_home():
        write_settings(chosen)
        assert read_settings() == chosen


def test_a_file_of_ones_own_is_read_and_written(tmp_path: Path, home: Path) -> None:
    write_settings(EngineSettings(threads=3), tmp_path / "my.toml")
    assert read_settings(tmp_path / "my.toml").threads == 3
    assert read_settings().threads is None


def test_what_a_file_does_not_say_is_as_it_comes_and_whole_numbers_will_do() -> None:
    settings_file("cache_gb = 3")
    read = read_settings()
    assert read == EngineSettings(cache_gb=3.0)
    assert isinstance(read.cache_gb, float)


def test_a_home_folder_may_be_written_with_its_tilde() -> None:
    settings_file('cache_folder = "~/ftgui-cache"')
    assert read_settings().cache_folder == "~/ftgui-cache"


def test_a_byte_order_mark_as_some_editors_put_it_is_no_matter() -> None:
    settings_file(b"\xef\xbb\xbfthreads = 2\n")
    assert read_settings().threads == 2


def test_keys_that_it_does_not_know_stay_when_settings_are_written() -> None:
    path = settings_file('threads = 7\nnewer = "kept"\n\n[window.of_others]\nwidth = 3\n')
    write_settings(EngineSettings(cache_gb=1.5))
    assert tomllib.loads(path.read_text("utf-8")) == {
        "cache_gb": 1.5,
        "cache_memory_share": 0.25,
        "weights_url": "https://download.pytorch.org/models/",
        "newer": "kept",
        "window": {"of_others": {"width": 3}},
    }
    assert read_settings() == EngineSettings(cache_gb=1.5)


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("cache_gb = -0.1", "a number from 0 to 1,000,000, not -0.1"),
        ("cache_gb = inf", "a number from 0 to 1,000,000, not inf"),
        ("cache_gb = nan", "a number from 0 to 1,000,000, not nan"),
        ('cache_gb = "ten"', "a number from 0 to 1,000,000, not 'ten'"),
        ("cache_memory_share = 1.01", "a number from 0 to 1, not 1.01"),
        ("cache_memory_share = true", "a number from 0 to 1, not True"),
        ("threads = 0", "a whole number from 1 to 1,024, not 0"),
        ("threads = 1.5", "a whole number from 1 to 1,024, not 1.5"),
        ('cache_folder = "cache"', "the full path of a folder, not 'cache'"),
        ('cache_folder = ""', "the full path of a folder, not ''"),
        ('cache_folder = "/a\\u0000b"', "the full path of a folder, not '/a\\x00b'"),
        (
            'cache_folder = "~nobody-of-this-name/x"',
            "the full path of a folder, not '~nobody-of-this-name/x'",
        ),
        ("cache_folder = 1", "the full path of a folder, not 1"),
        *(
            (
                f'weights_url = "{address}"',
                f"an address that begins with https:// or http://, not '{address}'",
            )
            for address in (
                *("", "/models", "ftp://a.org/", "file:///models/", "https://", "https:///models"),
                *("https://a.org/my models", "https://a.org/?file=", "https://a.org:many/", "https://ä.org/"),
            )
        ),
        ("weights_url = 1", "an address that begins with https:// or http://, not 1"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_what_it_may_be(line: str, limit: str) -> None:
    path = settings_file(line + "\n")
    with pytest.raises(FtguiError) as caught:
        read_settings()
    name = line.split()[0]
    assert caught.value.message == f"The setting “{name}” in “{path}” is to be {limit}."
    assert caught.value.hint
    assert caught.value.details


def test_what_each_setting_may_be_is_in_words() -> None:
    assert list(settings.LIMITS) == [field.name for field in msgspec.structs.fields(EngineSettings)]


@pytest.mark.parametrize("content", [b"threads = ", b"\xff\xfe", b"a = 1\na = 2", b"a = " + b"[" * 5000])
def test_a_damaged_file_is_refused_in_one_sentence_and_not_written_over(content: bytes) -> None:
    path = settings_file(content)
    for attempt in (read_settings, lambda: write_settings(EngineSettings())):
        with pytest.raises(FtguiError) as caught:
            attempt()
        assert caught.value.message == f"“{path}” is not a settings file that ftgui can read."
        assert caught.value.hint
        assert caught.value.details
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_read_is_said_so(home: Path) -> None:
    (home / "config" / "settings.toml").mkdir(parents=True)
    with pytest.raises(FtguiError, match=r"settings\.toml” cannot be read: ") as caught:
        read_settings()
    assert caught.value.hint


@pytest.mark.parametrize(
    "chosen",
    [
        EngineSettings(cache_gb=-1),
        EngineSettings(cache_gb=math.nan),
        EngineSettings(threads=0),
        EngineSettings(cache_folder="relative"),
        EngineSettings(cache_folder=HERE + "\udcff"),
    ],
)
def test_settings_that_cannot_be_read_back_are_not_written(chosen: EngineSettings) -> None:
    path = settings_file("threads = 7\n")
    with pytest.raises(FtguiError, match="is to be"):
        write_settings(chosen)
    assert path.read_text() == "threads = 7\n"


def test_settings_that_cannot_be_written_are_said_so(home: Path) -> None:
    home.write_text("a file where the folder should be")
    with pytest.raises(FtguiError, match=r"^The settings cannot be written to “") as caught:
        write_settings(EngineSettings())
    assert caught.value.hint


def test_a_full_disk_leaves_the_settings_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    path = settings_file("threads = 7\n")

    def refuse(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FtguiError, match="No space left on device"):
        write_settings(EngineSettings(threads=1))
    assert path.read_text() == "threads = 7\n"


# Facts


def test_nothing_is_recalled_where_nothing_was_remembered(home: Path) -> None:
    assert recall("arithmetic", "resnet18") is None
    assert not home.exists(), "recalling made folders"


@hypothesis_settings(max_examples=60)
@given(st.dictionaries(st.tuples(TEXTS, TEXTS), FACTS, min_size=1, max_size=4))
def test_facts_are_recalled_as_they_were_remembered(facts: dict[tuple[str, str], dict[str, Any]]) -> None:
    with new_home():
        for (name, key), value in facts.items():
            remember(name, key, value)
        assert {names: recall(*names) for names in facts} == facts


def test_a_fact_is_a_table_under_its_name(home: Path) -> None:
    remember("arithmetic", "resnet18 2.10", {"precision": "bf16"})
    text = (home / "config" / "measured.toml").read_text("utf-8")
    assert text == '[arithmetic."resnet18 2.10"]\nprecision = "bf16"\n'


def test_the_last_fact_of_a_key_counts() -> None:
    remember("arithmetic", "a", {"first": 1})
    remember("arithmetic", "a", {"second": 2})
    assert recall("arithmetic", "a") == {"second": 2}


def test_none_in_a_fact_is_left_out() -> None:
    remember("arithmetic", "a", {"x": None, "rows": ({"y": None, "z": 1},)})
    assert recall("arithmetic", "a") == {"rows": [{"z": 1}]}


@pytest.mark.parametrize("content", [b"[arith", b"\xff", b"arithmetic = 3", b"[arithmetic]\na = 3"])
def test_a_damaged_file_of_facts_is_as_if_there_were_none_and_is_written_anew(content: bytes) -> None:
    measured_file(content)
    assert recall("arithmetic", "a") is None
    remember("arithmetic", "a", {"x": 1})
    assert recall("arithmetic", "a") == {"x": 1}


def test_facts_that_cannot_be_kept_are_only_not_there_the_next_time(home: Path) -> None:
    home.write_text("a file where the folder should be")
    remember("arithmetic", "a", {"x": 1})
    assert recall("arithmetic", "a") is None


def test_facts_that_cannot_be_read_are_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    remember("arithmetic", "a", {"x": 1})

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        assert recall("arithmetic", "a") is None
        remember("arithmetic", "b", {"x": 2})
    assert recall("arithmetic", "a") == {"x": 1}


@pytest.mark.parametrize("what", ["settings", "facts"])
def test_nobody_waits_for_ever_for_another_program(
    home: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(settings, "LOCK_SECONDS", 0.05)
    (home / "config").mkdir(parents=True)
    if what == "settings":
        with (
            FileLock(home / "config" / ".settings.toml.lock"),
            pytest.raises(FtguiError, match="cannot be written"),
        ):
            write_settings(EngineSettings())
    else:
        with FileLock(home / "config" / ".measured.toml.lock"):
            remember("arithmetic", "a", {"x": 1})
        assert recall("arithmetic", "a") is None


REMEMBER_MANY = """
import sys
from ftgui.core.settings import remember
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    remember("arithmetic", f"{sys.argv[1]} {number}", {"number": number})
"""


def test_two_programs_that_remember_at_once_lose_nothing() -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", REMEMBER_MANY, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    lost = [
        (name, number)
        for name in ("a", "b")
        for number in range(40)
        if recall("arithmetic", f"{name} {number}") != {"number": number}
    ]
    assert not lost
