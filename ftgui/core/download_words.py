"""What can go wrong with a download, in words: what happened, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ftgui.core.errors import FtguiError

MEGABYTE = 2**20
"""What torchvision, and so all that is said here, counts the sizes of files in."""


def megabytes(size: float) -> str:
    """Return "4.7 MB"."""
    return f"{size / MEGABYTE:,.1f} MB"


def no_network(error: Exception, url: str, target: Path) -> FtguiError:
    return FtguiError(
        f"There is no connection to {_host(url)}.",
        f"Check the network and try again. {_by_hand(url, target)}",
        f"{url}: {error}",
    )


def unsafe(error: Exception, url: str, target: Path) -> FtguiError:
    return FtguiError(
        f"The connection to {_host(url)} is not safe, so nothing was downloaded.",
        f"Check this computer's date, or ask who runs the network. {_by_hand(url, target)}",
        f"{url}: {error}",
    )


def refused(error: Exception, url: str, target: Path) -> FtguiError:
    """Put an answer that is no file in words (``error`` says which: "404 Not Found")."""
    return FtguiError(
        f"{_host(url)} does not give the file “{target.name}”: {error}.",
        f"Try again later, or check “weights_url” in settings.toml if you set it. {_by_hand(url, target)}",
        f"{url}: {error}",
    )


def web_page(url: str, target: Path) -> FtguiError:
    return FtguiError(
        f"Instead of the file “{target.name}”, a web page came from {_host(url)}.",
        "Perhaps this network asks you to log in first: open any page in your browser, then try again.",
        url,
    )


def not_it(url: str, target: Path) -> FtguiError:
    return FtguiError(
        f"What came from {_host(url)} is not the file “{target.name}” that torchvision publishes.",
        "It was deleted. Try again; if it happens again, the server or something on the way changes files.",
        url,
    )


def gave_up(error: Exception, url: str, target: Path, size: int) -> FtguiError:
    """Put in words that trying again did not help; ``size`` bytes have arrived."""
    kept = f"The {megabytes(size)} that arrived are kept: " if size else ""
    again = "downloading goes on from there the next time." if kept else "Try again later."
    return FtguiError(
        f"The connection to {_host(url)} was cut, and trying again did not help.",
        f"{kept}{again} {_by_hand(url, target)}",
        f"{url}: {error}",
    )


def no_room(target: Path, needed: int, free: int) -> FtguiError:
    return FtguiError(
        f"“{target.name}” needs {megabytes(needed)} more, and the disk has only {megabytes(free)} free.",
        f"Make room on the disk of “{target.parent}”, or let TORCH_HOME name a folder on another one.",
    )


def cannot_keep(target: Path, error: OSError) -> FtguiError:
    return FtguiError(
        f"“{target.name}” cannot be kept in “{target.parent}”: {error.strerror or error}.",
        "Make room on that disk, or let TORCH_HOME name a folder you may write to. "
        "What has arrived goes on from there the next time.",
        str(error),
    )


def taken(target: Path) -> FtguiError:
    return FtguiError(
        f"Another program is downloading “{target.name}” just now.",
        "Wait until it is done; the file is there for both.",
        str(target),
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _by_hand(url: str, target: Path) -> str:
    return f"Or download {url} on another computer and put it into the folder “{target.parent}”."
