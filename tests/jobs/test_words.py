"""What broke is put in words that are true wherever it happened."""

from __future__ import annotations

import pytest

from ftgui.jobs.words import explain
from ftgui.training.config import TrainConfig


@pytest.mark.parametrize("error", [ValueError("it is cold\nfor pages"), RuntimeError("")], ids=type)
def test_whoever_has_no_run_folder_is_not_sent_there(error: Exception) -> None:
    """A forecast breaks so too, and there is no run yet."""
    told = explain(error, TrainConfig(dataset="", weights=""))
    assert told.message.startswith("Something went wrong inside ftgui: ")
    assert "pages" not in told.message
    assert told.hint == "Please report it; where a run had begun, log.txt in its folder says more."
    assert type(error).__name__ in told.details
