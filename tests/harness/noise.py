"""Log records at WARNING or above, and Qt's messages among them: one that no test expected is a failure."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

LEVELS_OF_QT = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

HARMLESS_QT_MESSAGES = (
    # The offscreen platform has no window manager to tell about a dialog's smallest size.
    "This plugin does not support propagateSizeHints",
)


@dataclass(frozen=True)
class Heard:
    """A log record as text: keeping the record itself would keep its arguments alive."""

    logger: str
    level: int
    message: str
    place: str

    def __str__(self) -> str:
        return f"{logging.getLevelName(self.level)} {self.logger}: {self.message} ({self.place})"


@dataclass(frozen=True)
class Expectation:
    """A record that a test said would come."""

    pattern: str
    logger: str
    level: int

    def fits(self, heard: Heard) -> bool:
        """Whether ``heard`` is what was meant."""
        return (
            heard.level == self.level
            and re.search(self.pattern, heard.message) is not None
            and (not self.logger or f"{heard.logger}.".startswith(f"{self.logger}."))
        )

    def __str__(self) -> str:
        return f"{logging.getLevelName(self.level)} {self.logger or '(any logger)'}: {self.pattern!r}"


class Listener:
    """Hears every record of every logger, those that do not propagate included.

    It listens where records are made (``logging.setLogRecordFactory``), because a handler on the root
    logger would miss the records of libraries that keep theirs to themselves, as torch does.
    """

    def __init__(self, show_at_once: Callable[[str], None]) -> None:
        self._show_at_once = show_at_once
        self._make_record = logging.getLogRecordFactory()
        self._heard: list[Heard] = []
        self._expected: list[Expectation] = []

    def install(self) -> None:
        """Start to listen."""
        logging.setLogRecordFactory(self._record)

    def uninstall(self) -> None:
        """Leave no handler of ours behind that Qt could call while the interpreter goes down."""
        logging.setLogRecordFactory(self._make_record)
        qInstallMessageHandler(None)

    def begin(self) -> None:
        """Start a test with nothing heard and nothing expected; Qt's messages come to us again."""
        self._heard.clear()
        self._expected.clear()
        qInstallMessageHandler(self._qt_message)

    def expect(self, pattern: str, *, logger: str = "", level: int = logging.WARNING) -> None:
        """Say that this test makes a record whose message ``pattern`` (a regular expression) finds."""
        self._expected.append(Expectation(pattern, logger, level))

    def complaints(self) -> list[str]:
        """Return what was heard and not expected, and what was expected and never heard."""
        stray = [heard for heard in self._heard if not any(e.fits(heard) for e in self._expected)]
        missed = [e for e in self._expected if not any(e.fits(heard) for heard in self._heard)]
        return [
            *(f"a log record that nobody expected: {heard}" for heard in stray),
            *(f"no log record came that fits {e}" for e in missed),
        ]

    def _record(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make_record(*args, **kwargs)
        if record.levelno >= logging.WARNING:
            self._heard.append(
                Heard(record.name, record.levelno, _text_of(record), f"{record.filename}:{record.lineno}")
            )
        return record

    def _qt_message(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if any(harmless in message for harmless in HARMLESS_QT_MESSAGES):
            return
        if kind == QtMsgType.QtFatalMsg:
            self._show_at_once(f"Qt ends the process: {message}")
        category = context.category or "default"
        logging.getLogger("qt" if category == "default" else category).log(LEVELS_OF_QT[kind], "%s", message)


def _text_of(record: logging.LogRecord) -> str:
    """Return a record's message; a call whose arguments do not fit its format is noise as well."""
    try:
        return record.getMessage()
    except (TypeError, ValueError) as error:
        return f"{record.msg!r} does not fit its arguments {record.args!r}: {error}"
