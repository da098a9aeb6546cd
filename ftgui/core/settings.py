"""Settings that the command line and the window share, and what was measured once on this computer."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import tomli_w
from filelock import FileLock
from msgspec import Meta

from ftgui.core import files
from ftgui.core.errors import FtguiError
from ftgui.core.paths import user_cache_folder, user_config_folder

SETTINGS, MEASURED = "settings.toml", "measured.toml"
LOCK_SECONDS = 10.0

Table = dict[str, Any]


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``settings.toml`` in the user's config folder; ``LIMITS`` says in words what each may be."""

    cache_folder: str | None = None
    """None: the user's cache folder."""
    cache_gb: Annotated[float, Meta(ge=0, le=1e6)] = 10.0
    """The most that the cache on disk may take, in GB (10^9 bytes). 0: nothing is kept on disk."""
    cache_memory_share: Annotated[float, Meta(ge=0, le=1)] = 0.25
    """The share of the memory still free that activations may take."""
    threads: Annotated[int, Meta(ge=1, le=1024)] | None = None
    """None: as many as torch takes of its own accord."""
    weights_url: str = "https://download.pytorch.org/models/"
    """The folder on the web that official weights are downloaded from, for those who have a mirror of it."""

    @property
    def cache_root(self) -> Path:
        """The folder of all that can be computed again."""
        return Path(self.cache_folder).expanduser() if self.cache_folder else user_cache_folder()

    @property
    def cache_place(self) -> Path | None:
        """The same folder, None where nothing may be kept on disk."""
        return self.cache_root if self.cache_gb > 0 else None


LIMITS = {
    "cache_folder": "the full path of a folder",
    "cache_gb": "a number from 0 to 1,000,000",
    "cache_memory_share": "a number from 0 to 1",
    "threads": "a whole number from 1 to 1,024",
    "weights_url": "an address that begins with https:// or http://",
}


def read_settings(path: Path | None = None) -> EngineSettings:
    """Read the settings from ``path``, by default the user's. Where there is no file, all are as they come.

    Raises:
        FtguiError: the file cannot be read, is no TOML, or a setting is not what it may be.
    """
    path = path or user_config_folder() / SETTINGS
    return _settings(_read(path), path)


def write_settings(settings: EngineSettings, path: Path | None = None) -> None:
    """Write the settings to ``path``, by default the user's. Keys of others stay, comments do not.

    Raises:
        FtguiError: a setting is not what it may be, the file there is no TOML, or it cannot be written.
    """
    path = path or user_config_folder() / SETTINGS
    values = msgspec.to_builtins(settings)
    _settings(values, path)
    try:
        with _alone(path):
            others = {key: value for key, value in _read(path).items() if key not in values}
            _write(path, values | others)
    except OSError as error:
        raise files.cannot_write(path, "the settings", error) from error


def remember(name: str, key: str, value: Table) -> None:
    """Keep a fact measured on this computer, for ``recall``; the values are what TOML can say.

    None in it is left out. Where nothing can be written it is not kept, and measured again the next time.
    """
    path = user_config_folder() / MEASURED
    try:
        with _alone(path):
            facts = _facts(path)
            of_name = facts.get(name)
            _write(path, facts | {name: (of_name if isinstance(of_name, dict) else {}) | {key: value}})
    except (OSError, NotImplementedError):
        return


def recall(name: str, key: str) -> Table | None:
    """Return what ``remember`` kept under ``name`` and ``key``, None where there is nothing."""
    try:
        of_name = _facts(user_config_folder() / MEASURED).get(name)
    except OSError:
        return None
    value = of_name.get(key) if isinstance(of_name, dict) else None
    return value if isinstance(value, dict) else None


def _settings(values: Table, path: Path) -> EngineSettings:
    """Return settings from a table; what it does not say is as it comes, and keys of others are let be."""
    checked = {}
    for field in msgspec.structs.fields(EngineSettings):
        value = values.get(field.name, field.default)
        try:
            checked[field.name] = msgspec.convert(value, field.type)
            if field.name in CHECKS and checked[field.name] is not None:
                CHECKS[field.name](checked[field.name])
        except (ValueError, RuntimeError) as error:
            raise FtguiError(
                f"The setting “{field.name}” in “{path}” is to be {LIMITS[field.name]}, not {value!r}.",
                "Change it there, or delete its line.",
                str(error),
            ) from error
    return EngineSettings(**checked)


def _refuse_unless_full_path(text: str) -> None:
    text.encode()  # a path that is no text can be had from the system, but not written down
    if "\0" in text or not Path(text).expanduser().is_absolute():
        raise ValueError("not a full path")


def _refuse_unless_web_address(text: str) -> None:
    parts = urlsplit(text)
    printable = text.isascii() and text.isprintable() and " " not in text
    if not printable or parts.scheme not in ("https", "http") or not parts.hostname or parts.query:
        raise ValueError("not the address of a folder on the web")
    _ = parts.port  # a ValueError where it is no number


CHECKS: dict[str, Callable[[str], None]] = {
    "cache_folder": _refuse_unless_full_path,
    "weights_url": _refuse_unless_web_address,
}
"""What the type of a setting cannot say."""


def _read(path: Path) -> Table:
    """Read a user's TOML file; an empty table where there is none."""
    try:
        return _parsed(path)
    except OSError as error:
        raise FtguiError(
            f"“{path}” cannot be read: {error.strerror or error}.",
            "Make it a file that you may read, or delete it.",
            str(error),
        ) from error
    except (ValueError, RecursionError) as error:
        raise FtguiError(
            f"“{path}” is not a settings file that ftgui can read.",
            "Mend what is wrong in it, or delete it: all settings are then as they come.",
            str(error),
        ) from error


def _facts(path: Path) -> Table:
    """Read what was measured; what is damaged is measured again."""
    try:
        return _parsed(path)
    except (ValueError, RecursionError):
        return {}


def _parsed(path: Path) -> Table:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}
    return tomllib.loads(content.decode("utf-8-sig"))


def _write(path: Path, table: Table) -> None:
    files.write_text(path, tomli_w.dumps(_without_none(table)))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Be the only program that changes ``path``.

    Raises:
        OSError: its folder cannot be made or written to, or another program takes too long.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")).acquire(timeout=LOCK_SECONDS):
        yield
