"""Wires the harness into pytest: isolated surroundings, and a watch over noise and leaks in every test."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.harness import surroundings

_HOME = surroundings.settle()  # before the harness imports Qt, and before any test imports platformdirs

from tests.harness.leaks import Leaks  # noqa: E402
from tests.harness.noise import Listener  # noqa: E402
from tests.harness.process import REPOSITORY  # noqa: E402

_LISTENER = pytest.StashKey[Listener]()
_LEAKS = pytest.StashKey[Leaks]()
_FAILED = pytest.StashKey[bool]()

# A deadline measures how busy the machine is. On CI hypothesis loads a profile that has none either.
if "CI" not in os.environ:
    hypothesis.settings.register_profile("ftgui", deadline=None)
    hypothesis.settings.load_profile("ftgui")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start to listen. pytest-qt's own capture is off: it hears nothing while fixtures are torn down."""
    config.option.qt_log = False
    config.stash[_LISTENER] = Listener(lambda text: _show_at_once(config, text))
    config.stash[_LEAKS] = Leaks()
    config.stash[_LISTENER].install()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop to listen."""
    config.stash[_LISTENER].uninstall()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note what runs before the test and its fixtures."""
    item.config.stash[_LISTENER].begin()
    item.config.stash[_LEAKS].begin()
    return (yield from _noting_failure(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note whether the test failed."""
    return (yield from _noting_failure(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test that made noise or left something running, once all its fixtures are torn down.

    A test that failed already is not asked: its traceback keeps its local variables alive.
    """
    try:
        result = yield from _noting_failure(item)
    finally:
        complaints = [
            *item.config.stash[_LISTENER].complaints(),
            *item.config.stash[_LEAKS].complaints(gui=_uses_qt(item)),
        ]
    if complaints and not item.stash.get(_FAILED, False):
        pytest.fail("\n".join(["This test left behind:", *(f"  - {c}" for c in complaints)]), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    """Take what a fixture of a module or the session starts as given: it outlives the test rightly."""
    result = yield
    if fixturedef.scope != "function":
        request.config.stash[_LEAKS].accept(gui="qapp" in request.fixturenames)
    return result


@pytest.fixture
def expected_log(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Say which log record the test makes: ``expected_log("cannot be read", logger="ftgui.data")``.

    The message is searched for the regular expression; ``logger`` takes in its children; ``level`` is
    ``logging.WARNING`` unless said otherwise. Qt's messages come from the logger ``qt`` or one named
    after their category. Other records fail the test, and so does an expected one that never comes.
    """
    return pytestconfig.stash[_LISTENER].expect


@pytest.fixture(autouse=True)
def user_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a user who just met ftgui: settings, data and cache are empty, and the test's own."""
    with surroundings.home_at(tmp_path_factory.mktemp("home")) as home:
        yield home


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photos and weights; skips where there is none. Mark the test ``real_data`` too."""
    folder = Path(os.environ.get("FTGUI_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real photos and weights at {folder}; FTGUI_TEST_DATA names another folder")
    return folder


def _noting_failure(item: pytest.Item) -> Generator[None, Any, Any]:
    """Let the phase run, and remember a failure of it (or a skip, which ends it early just so)."""
    try:
        return (yield)
    except BaseException:
        item.stash[_FAILED] = True
        raise


def _uses_qt(item: pytest.Item) -> bool:
    return "qapp" in getattr(item, "fixturenames", ())


def _show_at_once(config: pytest.Config, text: str) -> None:
    """Print past pytest's capture: the process is about to end and would take the text with it."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{text}", flush=True)
