"""Drawn pictures and finished runs (see ``tests/fixtures.py``); the metrics are written after each epoch."""

from collections.abc import Iterator

import pytest

from ftgui.runs import store
from tests.fixtures import drawn as drawn
from tests.fixtures import finished as finished
from tests.fixtures import small_crops as small_crops


@pytest.fixture(autouse=True)
def metrics_at_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "METRICS_EVERY", 0.0)
        yield
