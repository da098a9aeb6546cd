"""The only kind of error a user ever sees."""

from __future__ import annotations


class FtguiError(Exception):
    """A failure put in words for the person in front of the program.

    ``message`` is one sentence that says what is wrong, ``hint`` one that says what to do about it,
    and ``details`` whatever a maintainer would want to read (a path, the library's own words).
    """

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def first_line(error: BaseException) -> str:
    """Return what a foreign error says in one line; torch's own often go on for pages."""
    return next(iter(str(error).splitlines()), type(error).__name__)
