"""Small files that torch.save, safetensors or an enemy might have written."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch

Entries = dict[str, torch.Tensor]


def small_entries() -> Entries:
    """Return the entries of a small network with BatchNorm."""
    generator = torch.Generator().manual_seed(0)
    return {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=generator),
        "bn.weight": torch.ones(4),
        "bn.bias": torch.zeros(4),
        "bn.running_mean": torch.zeros(4),
        "bn.running_var": torch.ones(4),
        "bn.num_batches_tracked": torch.tensor(3),
        "fc.weight": torch.randn(2, 4, generator=generator),
        "fc.bias": torch.zeros(2),
    }


def saved(path: Path, content: object, *, legacy: bool = False) -> Path:
    """Save with torch.save, through a handle, and return the path."""
    with path.open("wb") as stream:
        torch.save(content, stream, _use_new_zipfile_serialization=not legacy)
    return path


def rewritten(path: Path, source: Path, replace: Mapping[str, bytes], compression: int = 0) -> Path:
    """Copy a zip archive with some entries' bytes replaced (by the end of their names)."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist():
            ends = [end for end in replace if name.endswith(end)]
            new.writestr(name, replace[ends[0]] if ends else old.read(name))
    return path


class Call:
    """Pickles as a call of ``module.name`` with ``arguments``."""

    def __init__(self, module: str, name: str, *arguments: object) -> None:
        self.module, self.name, self.arguments = module, name, arguments


class Stored:
    """Pickles as a storage's claim."""

    def __init__(self, key: str, elements: int, kind: str = "FloatStorage") -> None:
        self.key, self.elements, self.kind = key, elements, kind


class _Writer(pickle._Pickler):
    """Writes pickles that call names which need not exist here."""

    def persistent_id(self, obj: object) -> object:
        if isinstance(obj, Stored):
            return ("storage", Name("torch", obj.kind), obj.key, "cpu", obj.elements)
        return None

    def save(self, obj: object, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Name):
            self.write(b"c" + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Call):
            self.save(Name(obj.module, obj.name))
            self.save(obj.arguments)
            self.write(b"R")
        else:
            super().save(obj, save_persistent_id)


class Name:
    """Pickles as a name."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


def pickled(content: object) -> bytes:
    """Return a pickle as torch.save writes them."""
    stream = io.BytesIO()
    _Writer(stream, protocol=2).dump(content)
    return stream.getvalue()


def tensor(stored: Stored, size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0) -> Call:
    """Return what pickles as a tensor of this claim."""
    return Call("torch._utils", "_rebuild_tensor_v2", stored, offset, size, stride, False, {})


def archive(path: Path, content: object, storages: Mapping[str, bytes]) -> Path:
    """Write an archive as torch.save does, of any content."""
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("weights/data.pkl", pickled(content))
        new.writestr("weights/byteorder", "little")
        for key, content_bytes in storages.items():
            new.writestr(f"weights/data/{key}", content_bytes)
        new.writestr("weights/version", "3\n")
    return path


def legacy(path: Path, content: object, storages: Mapping[str, bytes], width: int = 4) -> Path:
    """Write the legacy format, of any content; elements are ``width`` bytes wide."""
    head = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, content, list(storages))
    path.write_bytes(
        b"".join(map(pickled, head))
        + b"".join(struct.pack("<q", len(raw) // width) + raw for raw in storages.values())
    )
    return path
