"""What is known of a path the user gave."""

from __future__ import annotations

from dataclasses import dataclass

from ftgui.core.errors import FtguiError


@dataclass
class Looked:
    """Still looking, an answer, or why not."""

    path: str = ""
    looking: bool = False
    error: FtguiError | None = None
