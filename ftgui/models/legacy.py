"""The format of torch.save from before version 1.6: pickles, then bytes, and no checksum anywhere.

What can be known of such a file is whether its sizes add up: as long as its pickles say, each storage named
and used, and used up. A damaged number in it goes unnoticed, so whoever reads one is told so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import torch

from ftgui.core.errors import FtguiError
from ftgui.models.advice import DOWNLOAD_AGAIN
from ftgui.models.claims import read_claims
from ftgui.models.pickle_machine import Claims

UNVERIFIABLE = (
    "Files of this kind carry no checksums, so damage inside the weights cannot be noticed. If in doubt, "
    "download or copy it again."
)


def check_legacy(path: Path, stream: IO[bytes]) -> Claims:
    """Check that a file of the legacy format is as long as its pickles say; return what they claim.

    Three small pickles come first (a magic number, a version, the machine), then the tensors', then the
    storages' names; then each storage as a count in 8 bytes and its elements.

    Raises:
        FtguiError: it is shorter or longer.
    """
    for _ in range(3):
        read_claims(path, stream)
    claims = read_claims(path, stream)
    read_claims(path, stream)
    announced = stream.tell() + sum(8 + size for size in claims.storage_bytes.values())
    actual = stream.seek(0, 2)
    if announced > actual:
        missing = announced - actual
        raise FtguiError(f"“{path.name}” is cut short: {missing:,} bytes are missing.", DOWNLOAD_AGAIN)
    if announced < actual:
        raise does_not_add_up(path)
    return claims


def check_used_up(path: Path, content: object, claims: Claims) -> None:
    """Check that all the bytes of a legacy file are in its tensors.

    A damaged size or name leaves some of them over: a tensor smaller than its storage, or one that took the
    place of another.

    Raises:
        FtguiError: some are left over.
    """
    used: dict[int, int] = defaultdict(int)
    sizes: dict[int, int] = {}
    for tensor in _tensors_in(content):
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        used[storage.data_ptr()] += tensor.numel() * tensor.element_size()
    filled = [size for size in claims.storage_bytes.values() if size]
    is_missing = sum(map(bool, sizes.values())) != len(filled) and not claims.may_be_hidden
    if is_missing or any(used[place] < size for place, size in sizes.items()):
        raise FtguiError(
            f"“{path.name}” is damaged, or holds parts of tensors: some of its bytes belong to nothing.",
            "Download or copy it again; if it stays so, save it anew with PyTorch 1.6 or newer.",
        )


def _tensors_in(content: object) -> Iterator[torch.Tensor]:
    """Yield every tensor in mappings, lists and tuples, however deep, each container once."""
    open_, seen = [content], {id(content)}
    while open_:
        item = open_.pop()
        if isinstance(item, torch.Tensor):
            yield torch.Tensor.detach(item)  # a file may give a parameter attributes of any name
        inner = list(item.values()) if isinstance(item, Mapping) else item
        if isinstance(inner, list | tuple):
            fresh = [one for one in inner if id(one) not in seen]
            seen.update(map(id, fresh))
            open_ += fresh


def does_not_add_up(path: Path) -> FtguiError:
    """Return what is said of a file whose parts are not as long as it says."""
    return FtguiError(
        f"“{path.name}” is damaged: the sizes that it states do not add up.",
        f"{DOWNLOAD_AGAIN} If it stays so, do not use it.",
    )
