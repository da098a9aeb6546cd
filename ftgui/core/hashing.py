"""Content, not names, decides whether two things are the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_name(path: Path) -> bytes:
    """Return a file's BLAKE2b as 16 bytes: by it the file is known again, wherever it lies.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).digest()


def content_of(data: bytes) -> bytes:
    """Return the BLAKE2b of bytes, 16 bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()


def stable_seed(*parts: object) -> int:
    """Return a 64-bit number that depends on ``parts`` alone, on every machine and in every process.

    Python's own ``hash`` of a string changes from process to process, which would change which view of
    a picture an epoch sees.
    """
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def torch_seed(*parts: object) -> int:
    """Return such a number of 63 bits, as torch's generators take them."""
    return stable_seed(*parts) % 2**63


def stable_generator(*parts: object) -> np.random.Generator:
    """Return a NumPy generator seeded by ``parts`` alone."""
    return np.random.Generator(np.random.PCG64(stable_seed(*parts)))


def stable_permutation(count: int, *parts: object) -> npt.NDArray[np.int64]:
    """Return the order of ``count`` things that ``parts`` alone decide, shape (count,)."""
    return stable_generator(*parts).permutation(count)
