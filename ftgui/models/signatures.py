"""What a file is by its first bytes, and a sentence for each kind that holds no weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ftgui.core.errors import FtguiError
from ftgui.models.advice import SAVE_STATE_DICT
from ftgui.models.pickled_names import other_protocol

Kind = Literal["zip", "legacy", "safetensors"]

HEAD_BYTES = 4096

_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How every file of torch.save from before version 1.6 begins: a pickled number."""

_LEGACY_NUMBER, _LEGACY_NUMBER_IN_DIGITS = b"l\xfc\x9cF\xf9 j\xa8P\x19", b"L119547037146038801333356"
"""The same number by other protocols of pickles."""

_CONVERT = "Save the network's weights in PyTorch (.pth) or as safetensors and open that file."

_NOT_HERE = "Choose the weights file; the pictures have a place of their own."

_FOREIGN: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89HDF\r\n\x1a\n", "is a Keras or HDF5 file, which PyTorch networks cannot use", _CONVERT),
    (4, b"TFL3", "is a TensorFlow Lite file, which PyTorch networks cannot use", _CONVERT),
    (0, b"GGUF", "is a GGUF file: weights of a language model, not of an image classifier", _CONVERT),
    (0, b"\x93NUMPY", "is a single NumPy array, not a network's weights", _CONVERT),
    (0, b"\xff\xd8\xff", "is a picture, not weights", _NOT_HERE),
    (0, b"\x89PNG", "is a picture, not weights", _NOT_HERE),
    (0, b"\x1f\x8b", "is a compressed archive", "Unpack it and open the weights file inside."),
    (0, b"7z\xbc\xaf\x27\x1c", "is a compressed archive", "Unpack it and open the weights file inside."),
    (257, b"ustar", "is a tar archive, or was saved by a PyTorch older than 0.2", "Unpack it first."),
)
"""Offset, bytes, what to say of a file that has them there, and what to do."""


def kind_of(path: Path, head: bytes) -> Kind:
    """Return which of the formats that can hold weights a file's first bytes announce.

    Raises:
        FtguiError: none of them; each well-known other kind has its own sentence.
    """
    _refuse_pages_and_pointers(path, head)
    if head.startswith(b"PK"):
        return "zip"
    if head.startswith(_LEGACY_MAGIC):
        return "legacy"
    if _announces_safetensors(head):
        return "safetensors"
    _refuse_foreign(path, head)
    if _LEGACY_NUMBER in head[:64] or head.startswith(_LEGACY_NUMBER_IN_DIGITS):
        raise other_protocol(path, head[1] if head[0] == 0x80 else None)
    raise _unknown(path, head)


def _announces_safetensors(head: bytes) -> bool:
    """Whether a little-endian length and a JSON object come first."""
    return head[8:9] == b"{" and 0 < int.from_bytes(head[:8], "little") < 2**40


def _refuse_pages_and_pointers(path: Path, head: bytes) -> None:
    if head.startswith(b"version https://git-lfs"):
        raise FtguiError(
            f"“{path.name}” is only a Git LFS pointer: a note that stands for the weights, not the weights.",
            "Fetch the real file with “git lfs pull”, or download it from the project's page.",
        )
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise FtguiError(
            f"“{path.name}” is a web page: an error or sign-in page was saved in place of the weights.",
            "Open the link in a browser, sign in if it asks, and download the file again.",
        )


def _refuse_foreign(path: Path, head: bytes) -> None:
    for offset, signature, words, hint in _FOREIGN:
        if head[offset : offset + len(signature)] == signature:
            raise FtguiError(f"“{path.name}” {words}.", hint)
    if _is_onnx(path, head):
        raise FtguiError(
            f"“{path.name}” is an ONNX file, made for running a network and not for training it.", _CONVERT
        )


def _is_onnx(path: Path, head: bytes) -> bool:
    """Whether it begins as ONNX does: a small format number, then the maker's name, or is named so."""
    begins_so = head[:1] == b"\x08" and head[1:2] < b"\x20" and head[2:3] == b"\x12"
    return begins_so or path.suffix.lower() == ".onnx"


def _unknown(path: Path, head: bytes) -> FtguiError:
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05":
        return FtguiError(f"“{path.name}” is a Python pickle that torch.save did not write.", SAVE_STATE_DICT)
    if _is_text(head):
        return FtguiError(
            f"“{path.name}” is a text file, not weights.", "Choose a .pth, .pt or .safetensors file."
        )
    if not any(head):
        return FtguiError(
            f"“{path.name}” begins with nothing but zeros, as unfinished downloads do.", "Download it again."
        )
    return FtguiError(
        f"“{path.name}” is of no kind that ftgui knows as weights.",
        "Choose a .pth, .pt or .safetensors file.",
        f"first bytes: {head[:16].hex(' ')}",
    )


def _is_text(head: bytes) -> bool:
    """Whether the bytes read as text; the last character may be cut through."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\f" for character in text)
