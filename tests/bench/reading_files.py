"""The files whose reading is measured: valid ones of 100 MB, and hostile ones of every kind."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file

from ftgui.models.construction import construct
from tests.models import files, hostile, masses
from tests.models import test_hostile_damage as damage
from tests.models import test_hostile_kinds as kinds
from tests.models import test_hostile_pickles as pickles
from tests.models import test_weights as small
from tests.models.hostile import Fragment, call, name, named, number, shape, text

Maker = Callable[[Path], Path]
Mass = Callable[[Path, int], Path]


def _entries(dtype: torch.dtype, network: str = "resnet50") -> files.Entries:
    made = construct(network, 1000).state_dict()
    return {key: t.to(dtype) if t.is_floating_point() else t.clone() for key, t in made.items()}


def _saved(dtype: torch.dtype, network: str = "resnet50", *, legacy: bool = False) -> Maker:
    return lambda path: files.saved(path, _entries(dtype, network), legacy=legacy)


def _safetensors(dtype: torch.dtype) -> Maker:
    def write(path: Path) -> Path:
        save_file(_entries(dtype), path)
        return path

    return write


def valid_makers() -> dict[str, Maker]:
    """Return what writes a network's 50 to 340 MB in every format and precision."""
    fp32, fp16, bf16 = torch.float32, torch.float16, torch.bfloat16
    return {
        "zip fp32": _saved(fp32),
        "zip fp16": _saved(fp16),
        "zip bf16": _saved(bf16),
        "zip fp32, without checksums": lambda path: damage.without_checksums(path, _entries(fp32)),
        "legacy fp32": _saved(fp32, legacy=True),
        "legacy fp16": _saved(fp16, legacy=True),
        "safetensors fp32": _safetensors(fp32),
        "safetensors fp16": _safetensors(fp16),
        "zip fp32, 1,200 entries": _saved(fp32, "densenet201"),
        "zip fp16, larger": _saved(fp16, "resnext101_64x4d"),
        "zip fp32, larger": _saved(fp32, "resnext101_64x4d"),
    }


def hostile_makers(valid: dict[str, Path]) -> dict[str, Maker]:
    """Return what writes the hostile files; large ones are made of valid ones."""
    return {
        **_claims(),
        **_masses(),
        **_instructions(),
        **_damaged(valid),
        **_other_kinds(valid),
    }


_TENSOR = hostile.tensor(hostile.storage())


def _holding(fragment: Fragment) -> Maker:
    return lambda path: hostile.archive(path, named(w=_TENSOR, x=fragment))


def _claims() -> dict[str, Maker]:
    stored = hostile.storage()
    endless = shape(10**12), shape(0)
    sizes = [call(name("torch", "Size"), sides) for sides in endless]
    state = hostile.row(stored, number(0), *endless)
    tensors = {
        "claims 10^12 elements": hostile.tensor(stored, *endless),
        "claims 10^12 elements by torch.Size": hostile.tensor(stored, *sizes),
        "claims 10^12 elements when built": hostile.built(_TENSOR, hostile.row(_TENSOR, number(0), *endless)),
        "claims 10^12 elements as a parameter": hostile.built(
            call(name("torch._utils", "_rebuild_parameter"), _TENSOR, b"\x89", hostile.ORDERED_DICT), state
        ),
    }
    claims: dict[str, Maker] = {
        title: lambda path, tensor=tensor: hostile.archive(path, named(a=_TENSOR, w=tensor))
        for title, tensor in tensors.items()
    }
    overlapping = named(**{f"w{n}": _TENSOR for n in range(5000)})
    return {
        "inflates to 1 GB": _inflating,
        **claims,
        "one storage used 5,000 times": lambda path: hostile.archive(path, overlapping),
    }


def _inflating(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("w/data.pkl", hostile.program(named(w=_TENSOR)))
        with new.open("w/data/0", "w") as entry:
            for _ in range(1000):
                entry.write(bytes(2**20))
    return path


def _masses() -> dict[str, Maker]:
    def of(make: Mass, count: int) -> Maker:
        return lambda path: make(path, count)

    return {
        "10^6 keys in a pickle": of(masses.many_in_a_pickle, 10**6),
        "10^6 keys in a legacy file": of(masses.many_in_a_legacy_pickle, 10**6),
        "10^6 keys in safetensors": of(masses.many_in_safetensors, 10**6),
        "10^6 entries of a zip": of(masses.many_in_an_archive, 10**6),
        "30,000 keys in a pickle": of(masses.many_in_a_pickle, 30_000),
        "300,000 keys in a pickle": of(masses.many_in_a_pickle, 300_000),
        "500,000 keys in safetensors": of(masses.many_in_safetensors, 500_000),
        "100,000 entries of a zip": of(masses.many_in_an_archive, 100_000),
        "300,000, the last record says 2": of(masses.many_behind_a_short_closing_record, 300_000),
        "a key of 10,000 characters": lambda path: files.saved(path, {"x" * 10_000: torch.ones(2)}),
        "a word of 30 MB": _holding(text("x" * 30_000_000)),
    }


def _instructions() -> dict[str, Maker]:
    def many(function: Fragment, count: int) -> Maker:
        return _holding(b"(" + function + b"q\x07)R" + b"h\x07)R" * count + b"t")

    deadly = {title: make(size) for title, (make, size) in pickles.DEADLY.items()}
    return {
        "nested 100,000 deep": _holding(pickles.NESTED["mappings"](100_000)),
        "nested 900,000 deep": _holding(pickles.NESTED["tuples"](900_000)),
        **{title: lambda path, f=fragment: hostile.archive(path, f) for title, fragment in deadly.items()},
        "a memo index of 30,000,000": _holding(text("x" * 30_000_000) + b"r" + struct.pack("<I", 30_000_000)),
        "900,000 sets": _holding(b"(" + b"\x8f" * 900_000 + b"t"),
        "300,000 parameters": many(name("torch.nn.parameter", "Parameter"), 300_000),
        "300,000 paths": many(name("pathlib", "PosixPath"), 300_000),
        "300,000 names": _holding(b"(" + name("pathlib", "Path") * 300_000 + b"t"),
    }


def _damaged(valid: dict[str, Path]) -> dict[str, Maker]:
    def changed(kind: str, change: Callable[[bytes], bytes]) -> Maker:
        def write(path: Path) -> Path:
            path.write_bytes(change(valid[kind].read_bytes()))
            return path

        return write

    def half(content: bytes) -> bytes:
        return content[: len(content) // 2]

    def flipped(content: bytes) -> bytes:
        at = len(content) * 9 // 10
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return {
        "a flipped byte in a zip": changed("zip fp32", flipped),
        "half a zip": changed("zip fp32", half),
        "half a legacy file": changed("legacy fp32", half),
        "half of safetensors": changed("safetensors fp32", half),
    }


def _other_kinds(valid: dict[str, Path]) -> dict[str, Maker]:
    def not_a_number(path: Path) -> Path:
        content = torch.load(valid["zip fp32"], weights_only=True)
        content["fc.weight"][-1, -1] = float("nan")
        return files.saved(path, content)

    def of(kind: str) -> Maker:
        def write(path: Path) -> Path:
            with kinds.quietly():
                return files.saved(path, {"w": kinds.TENSORS[kind].make(torch.arange(6.0).reshape(2, 3))})

        return write

    return {
        "NaN in the last layer": not_a_number,
        **{f"{kind} tensors": of(kind) for kind in ("sparse", "quantized", "meta", "complex", "nested")},
        "a whole network pickled": lambda path: files.saved(path, construct("resnet50", 10)),
        "TorchScript": kinds.scripted,
        "an LFS pointer": small.pointer,
        "a web page": small.page,
        "ONNX": small.onnx,
        "a folder": small.folder,
        "a FIFO": kinds.fifo,
    }
