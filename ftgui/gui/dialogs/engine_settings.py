"""The engine's settings as a table: what each is called, what it does, and how it is written down."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ftgui.core.paths import user_cache_folder
from ftgui.core.settings import CHECKS, LIMITS, EngineSettings
from ftgui.gui.widgets.inputs import number_text

FIELDS = {field.name: field for field in msgspec.structs.fields(EngineSettings)}

THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+")
NUMBER = re.compile(r"(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class EngineSetting:
    """One setting of ``EngineSettings``."""

    name: str
    label: str
    help: str
    unit: str = ""
    """What stands behind the number."""
    unset: str = ""
    """What an empty field means, where it may stay empty."""
    is_folder: bool = False
    is_number: bool = False

    @property
    def default(self) -> Any:
        return FIELDS[self.name].default

    @property
    def limits(self) -> str:
        """What it may be, in a sentence."""
        return f"This is to be {LIMITS[self.name]}."

    def shown(self, value: Any) -> str:
        """Return a value as it stands in the field."""
        if value is None:
            return ""
        return number_text(value) if self.is_number else str(value)

    def read(self, text: str) -> Any:
        """Return the value that ``text`` stands for: an empty one for what it is where nobody chose.

        Raises:
            ValueError: with what is wrong with it, for the user.
        """
        text = text.strip()
        if not text:
            return self.default
        try:
            value = msgspec.convert(_number(text) if self.is_number else text, FIELDS[self.name].type)
            if self.name in CHECKS:
                CHECKS[self.name](value)
        except (ValueError, RuntimeError) as error:
            raise ValueError(self.limits) from error
        if self.is_folder and Path(text).expanduser().is_file():
            raise ValueError(f"This is a file. {self.limits}")
        return value


ENGINE_SETTINGS = (
    EngineSetting(
        "cache_folder",
        "Cache folder",
        "Holds what need not be computed twice. What another folder held before stays there.",
        is_folder=True,
    ),
    EngineSetting(
        "cache_gb",
        "Most on disk",
        "The cache takes no more than this: what was not used for longest goes first. 0 keeps nothing.",
        unit="GB",
        is_number=True,
    ),
    EngineSetting(
        "cache_memory_share",
        "Share of free memory",
        "How much of the memory that is free when a run begins may hold features: 0.25 is a quarter of it.",
        is_number=True,
    ),
    EngineSetting(
        "threads",
        "Processor threads",
        "A run computes on so many. Empty: as many as torch takes by itself, the best on most computers.",
        unset="as many as torch takes",
        is_number=True,
    ),
    EngineSetting(
        "weights_url",
        "Official weights from",
        "The folder on the web that they are downloaded from. Change it where you have a mirror of it.",
    ),
)


def unset_words(setting: EngineSetting) -> str:
    """Return what stands in an empty field."""
    if setting.is_folder:
        return str(user_cache_folder())
    return setting.unset or setting.shown(setting.default)


def _number(text: str) -> float | int | str:
    """Return the number that people mean by ``text``: 0,5 and 1,000 too; else the text, which is none."""
    plain = text.replace(",", "") if THOUSANDS.fullmatch(text) else text.replace(",", ".")
    if not (THOUSANDS.fullmatch(text) or NUMBER.fullmatch(text)):
        return text
    if plain.isdecimal():
        return int(plain)
    return float(plain) if math.isfinite(float(plain)) else text
