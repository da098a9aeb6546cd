"""Whatever file a person opens, it is read, or refused with a sentence of its own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
import torch
from hypothesis import strategies
from safetensors.torch import save as safetensors_bytes
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models.legacy import UNVERIFIABLE
from ftgui.models.weights import WeightsFile, read_weights
from tests.models import files


def same(file: WeightsFile, entries: files.Entries) -> bool:
    return list(file.entries) == list(entries) and all(
        torch.equal(file.entries[key], tensor) for key, tensor in entries.items()
    )


def refusal(path: Path) -> FtguiError:
    with pytest.raises(FtguiError) as error:
        read_weights(path)
    assert error.value.hint
    assert "\n" not in str(error.value)
    return error.value


# What is read.


@pytest.mark.parametrize("legacy", [False, True])
def test_a_state_dict_is_read_in_either_format_of_torch_save(tmp_path: Path, legacy: bool) -> None:
    path = files.saved(tmp_path / "w.pth", files.small_entries(), legacy=legacy)
    file = read_weights(path)
    assert same(file, files.small_entries())
    assert file.layout == ("state_dict (legacy format)" if legacy else "state_dict")
    assert (file.path, file.size_bytes) == (str(path), path.stat().st_size)
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.notes == ((UNVERIFIABLE,) if legacy else ())


def test_safetensors_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(safetensors_bytes(files.small_entries()))
    file = read_weights(tmp_path / "w.safetensors")
    assert {*file.entries} == {*files.small_entries()}
    assert file.layout == "safetensors"
    assert torch.equal(file.entries["conv.weight"], files.small_entries()["conv.weight"])


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "net", "ema"])
def test_a_wrapped_state_dict_is_found(tmp_path: Path, wrapper: str) -> None:
    content = {"epoch": 3, "optimizer": {"state": {0: torch.ones(3)}}, wrapper: files.small_entries()}
    file = read_weights(files.saved(tmp_path / "w.pth", content))
    assert same(file, files.small_entries())
    assert file.layout == f"state_dict under '{wrapper}'"


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "model.", "backbone.", "encoder.", "module._orig_mod."]
)
def test_a_prefix_that_all_entries_share_is_stripped(tmp_path: Path, prefix: str) -> None:
    content = {prefix + key: tensor for key, tensor in files.small_entries().items()}
    file = read_weights(files.saved(tmp_path / "w.pth", {"state_dict": content}))
    assert same(file, files.small_entries())
    assert file.layout == f"state_dict under 'state_dict', prefix '{prefix}'"


def test_a_prefix_that_one_entry_lacks_stays(tmp_path: Path) -> None:
    content = {"encoder.a": torch.ones(2), "head": torch.ones(2)}
    assert same(read_weights(files.saved(tmp_path / "w.pth", content)), content)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32_with_a_note(tmp_path: Path, dtype: torch.dtype) -> None:
    content = {key: t.to(dtype) if t.is_floating_point() else t for key, t in files.small_entries().items()}
    file = read_weights(files.saved(tmp_path / "w.pth", content))
    assert file.entries["conv.weight"].dtype is torch.float32
    assert torch.equal(file.entries["conv.weight"], content["conv.weight"].float())
    assert file.entries["bn.num_batches_tracked"].dtype is torch.int64
    assert str(dtype).removeprefix("torch.") in file.notes[0]


def test_weights_so_large_that_their_sum_overflows_are_still_numbers(tmp_path: Path) -> None:
    content = {"a": torch.full((4,), 3e38)}
    assert same(read_weights(files.saved(tmp_path / "w.pth", content)), content)


def test_parameters_that_want_gradients_are_read_as_plain_tensors(tmp_path: Path) -> None:
    layer = nn.Linear(3, 2)
    file = read_weights(files.saved(tmp_path / "w.pth", dict(layer.named_parameters())))
    assert not any(tensor.requires_grad for tensor in file.entries.values())


def test_tensors_that_share_a_storage_or_are_transposed_are_read(tmp_path: Path) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    content = {"a.weight": base.t(), "b.weight": base[1:], "c.weight": base, "d.weight": torch.ones(0, 3)}
    assert same(read_weights(files.saved(tmp_path / "w.pth", content)), content)


def test_old_names_are_renamed_as_torchvision_does(tmp_path: Path) -> None:
    old = {
        "features.denseblock1.denselayer1.norm.1.weight": torch.ones(2),
        "features.denseblock1.denselayer1.conv.2.weight": torch.ones(2),
        "encoder.layers.encoder_layer_0.mlp.linear_1.weight": torch.ones(2),
        "encoder.layers.encoder_layer_0.mlp.linear_2.bias": torch.ones(2),
        "features.norm.1": torch.ones(2),
    }
    file = read_weights(files.saved(tmp_path / "w.pth", old))
    assert list(file.entries) == [
        "features.denseblock1.denselayer1.norm1.weight",
        "features.denseblock1.denselayer1.conv2.weight",
        "encoder.layers.encoder_layer_0.mlp.0.weight",
        "encoder.layers.encoder_layer_0.mlp.3.bias",
        "features.norm.1",
    ]
    assert file.notes[-1].startswith("4 entries have names from an older torchvision")


# What is refused: each has a sentence of its own.


class Whole(nn.Module):
    """Pickled whole by a test."""


def text(path: Path) -> Path:
    path.write_text("epoch,loss\n1,0.5\nÄ\n", encoding="utf-8")
    return path


def page(path: Path) -> Path:
    path.write_text("\n <!DOCTYPE html><html><body>404</body></html>")
    return path


def pointer(path: Path) -> Path:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n")
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def missing(path: Path) -> Path:
    return path


def torchscript(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"model/{name}", b"x")
    return path


def whole_module(path: Path) -> Path:
    return files.archive(path, files.Call("torch.nn.modules.linear", "Linear"), {})


def whole_module_legacy(path: Path) -> Path:
    return files.saved(path, nn.Linear(2, 2), legacy=True)


def plain_pickle(path: Path) -> Path:
    path.write_bytes(pickle.dumps({"a": 1}))
    return path


def foreign_object(path: Path) -> Path:
    return files.archive(path, {"args": files.Call("shop.settings", "Settings")}, {})


def onnx(path: Path) -> Path:
    path.write_bytes(b"\x08\x07\x12\x07pytorch\x1a\x031.0" + bytes(range(256)))
    return path


def hdf5(path: Path) -> Path:
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 64)
    return path


def keras(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"\x89HDF")
    return path


def other_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photos/cat.jpg", b"x")
    return path


def truncated_zip(path: Path) -> Path:
    files.saved(path, files.small_entries())
    path.write_bytes(path.read_bytes()[:-200])
    return path


def truncated_legacy(path: Path) -> Path:
    files.saved(path, files.small_entries(), legacy=True)
    path.write_bytes(path.read_bytes()[:-20])
    return path


def truncated_safetensors(path: Path) -> Path:
    path.write_bytes(safetensors_bytes(files.small_entries())[:-20])
    return path


def bomb(path: Path) -> Path:
    source = files.saved(path.with_name("source"), {"w": torch.zeros(5_000_000)})
    return files.rewritten(path, source, {}, zipfile.ZIP_DEFLATED)


def flipped_bit(path: Path) -> Path:
    files.saved(path, {"w": torch.full((1000,), 1.5)})
    content = bytearray(path.read_bytes())
    content[content.index(b"\x00\x00\xc0\x3f" * 50) + 6] ^= 1
    path.write_bytes(content)
    return path


def short_storage(path: Path) -> Path:
    return files.archive(path, {"w": files.tensor(files.Stored("0", 100), (100,), (1,))}, {"0": bytes(40)})


def large_claim(path: Path) -> Path:
    return files.archive(path, {"w": files.tensor(files.Stored("0", 4), (10**12,), (1,))}, {"0": bytes(16)})


def no_tensors(path: Path) -> Path:
    return files.saved(path, {"epoch": 3, "notes": ["a"]})


def whole_numbers(path: Path) -> Path:
    return files.saved(path, {"a": torch.arange(5)})


def not_numbers(path: Path) -> Path:
    return files.saved(path, {"a": torch.tensor([1.0, float("nan")])})


def quantized(path: Path) -> Path:
    return files.archive(path, {"w": files.Call("torch._utils", "_rebuild_qtensor")}, {})


def picture(path: Path) -> Path:
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(200)))
    return path


def zeros(path: Path) -> Path:
    path.write_bytes(bytes(5000))
    return path


def noise(path: Path) -> Path:
    path.write_bytes(bytes([0x91, 0xE2, 0x00, 0xFE]) * 500)
    return path


REFUSED: dict[Callable[[Path], Path], str] = {
    missing: "There is no file",
    folder: "is a folder, not a weights file",
    empty: "is empty",
    text: "is a text file, not weights",
    page: "is a web page",
    pointer: "is only a Git LFS pointer",
    torchscript: "is a TorchScript program",
    whole_module: "holds a whole network as a Python object",
    whole_module_legacy: "holds a whole network as a Python object",
    plain_pickle: "is a Python pickle that torch.save did not write",
    foreign_object: "holds more than weights: Python objects",
    onnx: "is an ONNX file",
    hdf5: "is a Keras or HDF5 file",
    keras: "is a Keras model",
    other_zip: "is a zip archive, but not one of weights",
    truncated_zip: "is cut short or damaged",
    truncated_legacy: "is cut short: 20 bytes are missing",
    truncated_safetensors: "is a damaged or cut-short safetensors file",
    bomb: "has compressed entries",
    flipped_bit: "does not match its checksum",
    short_storage: "the sizes that it states do not add up",
    large_claim: "claims more weights than it has bytes for",
    no_tensors: "there are no named weights in it",
    whole_numbers: "holds only whole numbers",
    not_numbers: "holds weights that are no numbers",
    quantized: "holds quantized tensors",
    picture: "is a picture, not weights",
    zeros: "begins with nothing but zeros",
    noise: "is of no kind that ftgui knows as weights",
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_what_is_no_weights_file_is_refused_with_its_own_sentence(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    error = refusal(make(tmp_path / "weights.pth"))
    assert REFUSED[make] in error.message
    assert error.message.endswith(".")
    assert "weights.pth" in error.message


def test_no_two_reasons_share_a_sentence() -> None:
    assert len(set(REFUSED.values())) == len(REFUSED) - 1  # a whole module is one in either format


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a file that may not be read")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = files.saved(tmp_path / "w.pth", files.small_entries())
    path.chmod(0)
    assert "cannot be read" in refusal(path).message


# Claims: what the sizes in a file may say.

STORED = files.Stored("0", 4)


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((2, 2), (3, 1), 0),
        ((2,), (10**15,), 0),
        ((10**12,), (0,), 0),
        ((2, 3), (0, 1), 0),
    ],
)
@pytest.mark.parametrize("write", [files.archive, files.legacy], ids=["zip", "legacy"])
def test_a_tensor_that_is_not_within_its_storage_is_refused(
    tmp_path: Path,
    write: Callable[..., Path],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    offset: int,
) -> None:
    path = write(tmp_path / "w.pth", {"w": files.tensor(STORED, size, stride, offset)}, {"0": bytes(16)})
    assert "claims more weights than it has bytes for" in refusal(path).message


@pytest.mark.parametrize("size", [(-1,), (2.0,), (True,), ("4",)])
def test_a_tensor_of_no_real_size_is_refused(tmp_path: Path, size: tuple[int, ...]) -> None:
    path = files.archive(tmp_path / "w.pth", {"w": files.tensor(STORED, size, (1,))}, {"0": bytes(16)})
    assert "its list of weights cannot be read" in refusal(path).message


def test_a_hidden_claim_in_another_corner_of_the_file_is_refused_too(tmp_path: Path) -> None:
    content = {
        "state_dict": {"w": files.tensor(STORED, (4,), (1,))},
        "optimizer": [{"x": (files.tensor(STORED, (10**12,), (1,)),)}],
    }
    path = files.archive(tmp_path / "w.pth", content, {"0": bytes(16)})
    assert "claims more weights" in refusal(path).message


def test_what_the_claims_are_checked_on_loads_when_it_is_honest(tmp_path: Path) -> None:
    """The files that the refusals above are made by are read once their claim is true."""
    content = {"w": files.tensor(STORED, (2, 2), (2, 1))}
    raw = torch.arange(4.0).numpy().tobytes()
    for path in (
        files.archive(tmp_path / "z.pth", content, {"0": raw}),
        files.archive(tmp_path / "again.pth", content, {"0": raw}),
    ):
        assert torch.equal(read_weights(path).entries["w"], torch.arange(4.0).reshape(2, 2))


def test_bytes_that_belong_to_nothing_are_refused_in_the_legacy_format(tmp_path: Path) -> None:
    path = files.saved(tmp_path / "w.pth", files.small_entries(), legacy=True)
    path.write_bytes(path.read_bytes() + bytes(10))
    assert "do not add up" in refusal(path).message


def test_a_storage_with_two_sizes_is_refused(tmp_path: Path) -> None:
    content = {
        "a": files.tensor(files.Stored("0", 4), (4,), (1,)),
        "b": files.tensor(files.Stored("0", 8), (8,), (1,)),
    }
    path = files.archive(tmp_path / "w.pth", content, {"0": bytes(16)})
    assert "its list of weights cannot be read" in refusal(path).message


def test_a_storage_that_is_not_in_the_archive_is_refused(tmp_path: Path) -> None:
    path = files.archive(tmp_path / "w.pth", {"w": files.tensor(STORED, (4,), (1,))}, {})
    assert "do not add up" in refusal(path).message


@pytest.mark.parametrize(
    "call",
    [
        files.Call("builtins", "bytearray", 10**12),
        files.Call("os", "system", "true"),
        files.Call("torch._utils", "_rebuild_meta_tensor_no_storage", 1),
        files.Call("torch._tensor", "_rebuild_from_type_v2", 1),
    ],
    ids=["bytearray", "system", "meta", "subclass"],
)
def test_nothing_is_called_that_is_no_plain_tensor(tmp_path: Path, call: files.Call) -> None:
    assert "holds" in refusal(files.archive(tmp_path / "w.pth", {"w": call}, {})).message


def test_a_memo_index_beyond_reason_allocates_nothing(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("w/data.pkl", b"\x80\x02}r\xff\xff\xff\x7f.")
    assert "its list of weights cannot be read" in refusal(tmp_path / "w.pth").message


def test_entries_that_overlap_to_hold_more_than_the_file_are_refused(tmp_path: Path) -> None:
    path = files.archive(tmp_path / "w.pth", {"w": files.tensor(STORED, (4,), (1,))}, {"0": bytes(4000)})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        _point_at(content, "weights/byteorder", archive.getinfo("weights/data/0"))
    path.write_bytes(content)
    assert "claims to hold more than its own size" in refusal(path).message


def _point_at(content: bytearray, name: str, target: zipfile.ZipInfo) -> None:
    """Let a name in the table of contents stand for another entry's bytes."""
    at = content.rindex(name.encode()) - 46
    content[at + 16 : at + 20] = target.CRC.to_bytes(4, "little")
    content[at + 20 : at + 28] = target.file_size.to_bytes(4, "little") * 2
    content[at + 42 : at + 46] = target.header_offset.to_bytes(4, "little")


@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(data=strategies.data())
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_a_file_with_bytes_changed_is_read_or_refused_but_nothing_else(
    tmp_path: Path, kind: str, data: strategies.DataObject
) -> None:
    content = bytearray(_bytes_of(kind))
    for _ in range(data.draw(strategies.integers(1, 4))):
        content[data.draw(strategies.integers(0, len(content) - 1))] = data.draw(strategies.integers(0, 255))
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with contextlib.suppress(FtguiError):
        assert read_weights(path).entries


def _bytes_of(kind: str) -> bytes:
    if kind == "safetensors":
        return safetensors_bytes(files.small_entries())
    stream = io.BytesIO()
    torch.save(files.small_entries(), stream, _use_new_zipfile_serialization=kind == "zip")
    return stream.getvalue()


def test_a_safetensors_header_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}).encode()
    (tmp_path / "w.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(16))
    assert "safetensors" in refusal(tmp_path / "w.safetensors").message
