"""Fetch official weights: from where torch.hub keeps them, or from torchvision's server into there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from ftgui.core.download import Progress, download
from ftgui.core.errors import FtguiError
from ftgui.core.settings import read_settings
from ftgui.models import catalog


def fetch(
    architecture: str, weights: str, cancel: threading.Event | None = None
) -> Iterator[Progress | Path]:
    """Yield progress and, last, the path of the file; no path where ``cancel`` was set in the meantime.

    ``weights`` are those of torchvision's name ("IMAGENET1K_V1"). A file that is there and right is not
    asked for again, and needs no network.

    Raises:
        FtguiError: there are no such weights, they cannot be fine-tuned, or the download failed.
    """
    row = catalog.find(architecture, weights)
    if row.obstacle:
        raise FtguiError(row.obstacle, "Choose other weights of the network.")
    path = yield from download(
        address(row),
        catalog.hub_folder() / row.weights.file,
        sha256_prefix=row.weights.sha256_prefix,
        about_bytes=row.about_bytes,
        cancel=cancel,
    )
    if path is not None:
        yield path


def address(row: catalog.CatalogRow) -> str:
    """Return where a file is downloaded from: torchvision's server, or the mirror of the user's settings.

    Raises:
        FtguiError: the settings cannot be read.
    """
    return f"{read_settings().weights_url.rstrip('/')}/{row.weights.file}"
