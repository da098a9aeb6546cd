"""The runs of a comparison that goes on, read so that one that is damaged does not keep the others."""

from __future__ import annotations

from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.runs.comparison import RUNS, Entry
from ftgui.runs.history import RunHistory, RunState, obstacle_to_resuming
from ftgui.runs.predictions import TEST_PREDICTIONS, Predictions
from ftgui.runs.reading import RunsRead
from ftgui.runs.store import LAST_PREDICTIONS
from ftgui.training.events import Reason, RunEnded


class ComparedRuns(RunsRead):
    """Reads the runs of a comparison. One that cannot be read counts as one that failed, from then on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.troubles: dict[str, RunEnded] = {}
        """Why nothing can be done with a run, by its name."""

    def history(self, entry: Entry) -> RunHistory | None:
        """Return one run; None where it has not been begun."""
        if entry.name not in self.troubles:
            try:
                history = super().history(entry)
                if history is not None and history.state is RunState.DONE:
                    for name in (LAST_PREDICTIONS, TEST_PREDICTIONS):
                        super().predictions(entry, name)
                return history
            except FtguiError as error:
                self.set_aside(entry, error)
            except OSError as error:
                place = self.folder / RUNS / entry.name
                words = f"“{place}” cannot be read: {error.strerror or error}."
                self.set_aside(entry, FtguiError(words, "Check that you may open it."))
        return RunHistory(
            entry.name,
            self.folder / RUNS / entry.name,
            state=RunState.FAILED,
            ended=self.troubles[entry.name],
        )

    def predictions(self, entry: Entry, name: str) -> Predictions | None:
        """Return what a run said of each picture; None where there is no such table that can be read."""
        return None if entry.name in self.troubles else super().predictions(entry, name)

    def set_aside(self, entry: Entry, error: FtguiError) -> RunEnded:
        """Let a run count as one that failed; return how that is told."""
        folder = self.folder / RUNS / entry.name
        again = f"Where it stays so, take “{folder}” away, and the same command runs it anew."
        told = RunEnded(reason=Reason.FAILED, message=error.message, hint=f"{error.hint} {again}".lstrip())
        self.troubles[entry.name] = told
        return told

    def is_over(self, entry: Entry) -> bool:
        """Whether a run is not to be done, or gone on with, any more."""
        history = self.history(entry)
        if entry.name in self.troubles:
            return True
        return history is not None and history.started is not None and bool(obstacle_to_resuming(history))
