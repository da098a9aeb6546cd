"""Each kind of file without usable weights is refused by a sentence of its own, beside a valid sibling."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import torch
from safetensors.torch import save as safetensors_bytes
from torch import nn

from ftgui.core.errors import FtguiError
from ftgui.models.identify import recognise
from ftgui.models.legacy import UNVERIFIABLE
from ftgui.models.weights import read_weights
from tests.harness.process import run_python
from tests.models import files, hostile
from tests.models.hostile import refusal_of, text
from tests.models.masses import (
    many_behind_a_short_closing_record,
    many_in_a_legacy_pickle,
    many_in_a_pickle,
    many_in_an_archive,
    many_in_safetensors,
    strange_network,
)

Write = Callable[[Path, Any], Path]


def legacy(path: Path, content: Any) -> Path:
    return files.saved(path, content, legacy=True)


def safetensors(path: Path, content: Any) -> Path:
    path.write_bytes(safetensors_bytes(content))
    return path


TORCH: list[Write] = [files.saved, legacy]
EVERY: list[Write] = [*TORCH, safetensors]


@contextmanager
def quietly() -> Iterator[None]:
    """Make what torch itself warns about making."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# Tensors of other kinds, as torch makes and saves them.

SPARSE = "holds sparse tensors, which hold only what is not zero"
QUANTIZED = "holds quantized tensors, made for running a network and not for training it"
META = "holds tensors without any values: the network was saved from the “meta” device"
COMPLEX = "holds complex numbers, and these networks have real ones"
NESTED = "holds nested tensors, whose rows differ in length"
FORMAT = "holds tensors of a number format that training does not use"
NO_NUMBERS = "holds weights that are no numbers (NaN or infinite)"

Tensor = torch.Tensor


def with_value(value: float) -> Callable[[Tensor], Tensor]:
    def put(dense: Tensor) -> Tensor:
        changed = dense.clone()
        changed[-1, -1] = value
        return changed

    return put


class Kind(NamedTuple):
    """A kind of tensor: how it is made of an ordinary one, what is said of it, and who can save it."""

    make: Callable[[Tensor], Tensor]
    sentence: str
    writers: list[Write] = TORCH


TENSORS: dict[str, Kind] = {
    "sparse": Kind(lambda t: t.to_sparse(), SPARSE),
    "sparse rows": Kind(lambda t: t.to_sparse_csr(), SPARSE),
    "sparse columns": Kind(lambda t: t.to_sparse_csc(), SPARSE),
    "sparse blocks": Kind(lambda t: t.to_sparse_bsr((1, 1)), SPARSE),
    "quantized": Kind(lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), QUANTIZED),
    "quantized by channel": Kind(
        lambda t: torch.quantize_per_channel(t, torch.ones(2), torch.zeros(2), 0, torch.quint8), QUANTIZED
    ),
    "meta": Kind(lambda t: t.to("meta"), META),
    "complex": Kind(lambda t: torch.complex(t, t), COMPLEX, EVERY),
    "complex, conjugated": Kind(lambda t: torch.complex(t, t).conj(), COMPLEX),
    "nested": Kind(lambda t: torch.nested.nested_tensor([t[0], t[1, :2]]), NESTED),
    "float8": Kind(lambda t: t.to(torch.float8_e4m3fn), FORMAT),
    "another float8": Kind(lambda t: t.to(torch.float8_e5m2), FORMAT),
    "unsigned": Kind(lambda t: t.to(torch.uint16), FORMAT),
    "NaN": Kind(with_value(float("nan")), NO_NUMBERS, EVERY),
    "infinite": Kind(with_value(float("-inf")), NO_NUMBERS, EVERY),
    "NaN in half precision": Kind(lambda t: with_value(float("nan"))(t).half(), NO_NUMBERS, EVERY),
    "infinite in bfloat16": Kind(lambda t: with_value(float("inf"))(t).bfloat16(), NO_NUMBERS, EVERY),
}

CASES = [(kind, write) for kind, (_, _, writers) in TENSORS.items() for write in writers]


@pytest.mark.parametrize(("kind", "write"), CASES, ids=[f"{kind}-{write.__name__}" for kind, write in CASES])
def test_a_tensor_of_another_kind_is_refused_with_its_own_sentence(
    tmp_path: Path, kind: str, write: Write
) -> None:
    dense = torch.arange(6.0).reshape(2, 3)
    with quietly():
        other = TENSORS[kind].make(dense)
        path = write(tmp_path / "w.pth", {"a": torch.ones(2), "w": other})
    valid = write(tmp_path / "valid.pth", {"a": torch.ones(2), "w": dense})
    assert torch.equal(read_weights(valid).entries["w"], dense)
    assert TENSORS[kind].sentence in refusal(path).message


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.uint16, torch.uint64])
def test_number_formats_in_safetensors_are_refused_or_read(tmp_path: Path, dtype: torch.dtype) -> None:
    """There is nothing in them that could be dangerous; float8's eight bits are numbers as float32, too."""
    dense = torch.arange(6.0).reshape(2, 3)
    valid = safetensors(tmp_path / "valid.safetensors", {"a": torch.ones(2), "w": dense})
    assert torch.equal(read_weights(valid).entries["w"], dense)
    path = safetensors(tmp_path / "w.safetensors", {"a": torch.ones(2), "w": dense.to(dtype)})
    error = refusal_of(path)
    if error is None:
        assert torch.equal(read_weights(path).entries["w"].float(), dense.to(dtype).float())


def refusal(path: Path) -> FtguiError:
    error = refusal_of(path)
    assert error is not None, "it was read"
    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert "\n" not in str(error)
    return error


# Programs, packages, objects: as torch writes them.


def network() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2))


def state_dict(path: Path) -> Path:
    return files.saved(path, network().state_dict())


def scripted(path: Path) -> Path:
    with quietly():
        torch.jit.save(torch.jit.script(network()), str(path))
    return path


def traced(path: Path) -> Path:
    with quietly():
        torch.jit.save(torch.jit.trace(network(), torch.ones(1, 3, 3, 3)), str(path))
    return path


def packaged(path: Path) -> Path:
    from torch.package import PackageExporter

    with quietly(), PackageExporter(str(path)) as package:
        package.extern("**")
        package.save_pickle("network", "network.pkl", network())
    return path


def exported(path: Path) -> Path:
    """Write what torch.export.save names its entries; the program itself is not needed to know it by."""
    with zipfile.ZipFile(path, "w") as new:
        for entry in ("data/weights/weight_0", "models/model.json", "archive_format", "archive_version"):
            new.writestr(f"w/{entry}", "pt2")
    return path


def whole(path: Path) -> Path:
    return files.saved(path, network())


def whole_legacy(path: Path) -> Path:
    return files.saved(path, network(), legacy=True)


def whole_under_a_key(path: Path) -> Path:
    return files.saved(path, {"epoch": 3, "model": network()})


def an_optimizer(path: Path) -> Path:
    return files.saved(path, torch.optim.SGD(network().parameters(), lr=0.1))


def a_function(path: Path) -> Path:
    return files.saved(path, {"w": torch.ones(2), "init": nn.init.ones_})


def an_exception(path: Path) -> Path:
    return files.saved(path, {"w": torch.ones(2), "stopped": KeyError("x")})


def pickled_arrays(path: Path) -> Path:
    path.write_bytes(pickle.dumps({"w": torch.ones(2).numpy()}, protocol=2))
    return path


PROGRAM = "is a TorchScript program: a network compiled together with its weights"
WHOLE = "holds a whole network as a Python object, and opening one can run any code"
OBJECTS = "holds more than weights: Python objects, which are not opened as they can run code"

WRITTEN: dict[Callable[[Path], Path], str] = {
    scripted: PROGRAM,
    traced: PROGRAM,
    packaged: "is a torch.package: a network packed with its code",
    exported: "is a program of torch.export",
    whole: WHOLE,
    whole_legacy: WHOLE,
    whole_under_a_key: WHOLE,
    an_optimizer: OBJECTS,
    a_function: WHOLE,
    an_exception: OBJECTS,
    pickled_arrays: "is a Python pickle that torch.save did not write",
}


@pytest.mark.parametrize("write", WRITTEN, ids=lambda write: write.__name__)
def test_what_else_torch_writes_is_refused_with_its_own_sentence(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    valid = read_weights(state_dict(tmp_path / "valid.pt"))
    assert valid.entries.keys() == network().state_dict().keys()
    assert WRITTEN[write] in refusal(write(tmp_path / "w.pt")).message


@pytest.mark.parametrize(
    ("protocol", "write"),
    [
        (2, files.saved),
        (2, legacy),
        *((p, w) for p in (0, 1, 3, 4, 5) for w in TORCH),
    ],
)
def test_a_state_dict_by_another_pickle_protocol_is_read_or_named_as_that(
    tmp_path: Path, protocol: int, write: Write
) -> None:
    """It holds weights and nothing else, so nothing else may be said of it."""
    with (tmp_path / "w.pth").open("wb") as stream:
        is_zip = write is files.saved
        torch.save(
            files.small_entries(),
            stream,
            pickle_protocol=protocol,
            _use_new_zipfile_serialization=is_zip,
        )
    error = refusal_of(tmp_path / "w.pth")
    assert error is None or "protocol" in error.message


# Names and numbers beyond reason.

KEY_TOO_LONG = "names an entry with 10,000 characters"


@pytest.mark.parametrize("write", EVERY, ids=lambda write: write.__name__)
def test_a_name_of_ten_thousand_characters_is_refused(tmp_path: Path, write: Write) -> None:
    longest = "layer." * 30
    assert longest in read_weights(write(tmp_path / "valid.pth", {longest: torch.ones(2)})).entries
    error = refusal(write(tmp_path / "w.pth", {"x" * 10_000: torch.ones(2)}))
    assert KEY_TOO_LONG in error.message
    assert len(str(error)) < 300


MILLION = 1_000_000
TOO_MANY = "lists far more entries than any network for pictures has"


MANY: dict[Callable[[Path, int], Path], int] = {
    many_in_a_pickle: MILLION,
    many_in_a_legacy_pickle: MILLION,
    many_in_safetensors: MILLION,
    many_in_an_archive: MILLION // 4,
}


@pytest.mark.parametrize(
    "make",
    [pytest.param(m, marks=[pytest.mark.long] * (m is many_in_a_legacy_pickle)) for m in MANY],
    ids=lambda make: make.__name__,
)
def test_a_million_entries_are_refused(tmp_path: Path, make: Callable[[Path, int], Path]) -> None:
    """A quarter of a million in an archive, where each takes 80 bytes more."""
    assert "first" in read_weights(make(tmp_path / "valid.pth", 100)).entries
    assert TOO_MANY in refusal(make(tmp_path / "w.pth", MANY[make])).message


@pytest.mark.parametrize("count", [100, pytest.param(150_000, marks=pytest.mark.long)])
def test_an_archive_whose_last_record_says_less_than_the_one_before_is_refused_at_once(
    tmp_path: Path, count: int
) -> None:
    """Only the records before it are read: the count of entries is not known otherwise."""
    error = refusal(many_behind_a_short_closing_record(tmp_path / "w.pth", count))
    assert count == 100 or TOO_MANY in error.message


@pytest.mark.long
@pytest.mark.parametrize("make", MANY, ids=lambda make: make.__name__)
def test_a_hundred_thousand_entries_are_refused(tmp_path: Path, make: Callable[[Path, int], Path]) -> None:
    """The largest of torchvision's networks has 1,500."""
    assert TOO_MANY in refusal(make(tmp_path / "w.pth", 100_000)).message


@pytest.mark.parametrize("classes", [0, 10**6, 2**61])
def test_an_output_layer_of_any_number_of_classes_and_no_bytes_is_looked_at_calmly(
    tmp_path: Path, classes: int
) -> None:
    whole = strange_network(tmp_path / "valid.safetensors", "mobilenet_v3_small")
    assert recognise(read_weights(whole)).architecture == "mobilenet_v3_small"
    shapes = {"classifier__3__weight": (classes, 0)}
    path = strange_network(tmp_path / "w.safetensors", "mobilenet_v3_small", **shapes)
    assert recognise(read_weights(path)).num_classes is None


# The notes of what was not checked.


@pytest.mark.parametrize(
    ("write", "is_checked"), [(files.saved, True), (legacy, False), (safetensors, False)]
)
def test_a_file_without_checksums_says_that_damage_cannot_be_noticed(
    tmp_path: Path, write: Write, is_checked: bool
) -> None:
    notes = read_weights(write(tmp_path / "w.pth", files.small_entries())).notes
    assert (UNVERIFIABLE in notes) != is_checked


# What is no file, or may not be read.

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="these are POSIX's kinds of files")


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def loop(path: Path) -> Path:
    path.symlink_to(path)
    return path


def dangling(path: Path) -> Path:
    path.symlink_to(path.with_name("nothing"))
    return path


def linked_device(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


def linked_folder(path: Path) -> Path:
    path.symlink_to(path.parent)
    return path


def too_long(path: Path) -> Path:
    return path.with_name("x" * 300)


NO_FILES: dict[Callable[[Path], Path], str] = {
    fifo: "is a device, not a file",
    linked_device: "is a device, not a file",
    linked_folder: "is a folder, not a weights file",
    loop: "There is no file",
    dangling: "There is no file",
    too_long: "",
}


@needs_posix
@pytest.mark.parametrize(
    "make",
    NO_FILES,
    ids=lambda make: make.__name__,
)
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    assert NO_FILES[make] in refusal(make(tmp_path / "w.pth")).message
    assert refusal_of(files.saved(tmp_path / "valid.pth", files.small_entries())) is None


@needs_posix
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random", "/dev/tty"])
def test_a_device_is_refused_before_it_is_opened(device: str) -> None:
    assert "is a device, not a file" in refusal(Path(device)).message


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_what_pretends_to_be_a_file_is_refused() -> None:
    assert "cannot be read" in refusal(Path("/proc/self/mem")).message
    assert "is a text file, not weights" in refusal(Path("/proc/self/maps")).message


AS_NOBODY = """
import os, sys
from pathlib import Path
from ftgui.core.errors import FtguiError
from ftgui.models.weights import read_weights
read_weights(Path(sys.argv[1]))  # so that nothing is left to be loaded from where nobody may look
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
for path in sys.argv[1:]:
    try:
        read_weights(Path(path))
        print("read")
    except FtguiError as error:
        print(error.message, "|", error.hint)
    except Exception as error:
        print(repr(error))
"""


@pytest.fixture(scope="module")
def told_to_nobody() -> list[str]:
    """What is said to a user without rights: of an open file, a shut one, and one in a shut folder.

    Root may read everything, so a child gives its rights up first.
    """
    with tempfile.TemporaryDirectory() as outside:
        folder = Path(outside)
        folder.chmod(0o755)
        within = folder / "within"
        within.mkdir()
        paths = [folder / "valid.pth", folder / "w.pth", within / "w.pth"]
        for path in paths:
            files.saved(path, files.small_entries()).chmod(0o644)
        paths[1].chmod(0)
        within.chmod(0)
        child = run_python("-c", AS_NOBODY, *map(str, paths))
        within.chmod(0o755)
    assert child.returncode == 0, child.stderr
    return child.stdout.splitlines()


@needs_posix
@pytest.mark.parametrize("case", [1, 2], ids=["file", "folder"])
def test_what_may_not_be_read_is_refused_in_words(told_to_nobody: list[str], case: int) -> None:
    assert told_to_nobody[0] == "read"
    assert "cannot be read: Permission denied" in told_to_nobody[case]
    assert "Check that you may open it" in told_to_nobody[case]


@needs_posix
def test_the_sentence_for_a_file_with_a_line_break_in_its_name_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines.pth"
    path.write_bytes(b"x")
    refusal(path)


# The sentences.


def test_each_kind_has_a_sentence_of_its_own() -> None:
    kinds = {SPARSE, QUANTIZED, META, COMPLEX, NESTED, FORMAT, NO_NUMBERS, PROGRAM, WHOLE, OBJECTS, TOO_MANY}
    assert kinds == {kind.sentence for kind in TENSORS.values()} | {PROGRAM, WHOLE, OBJECTS, TOO_MANY}
    assert len(kinds) == 11


def test_a_name_with_signs_that_no_screen_shows_is_told_as_text(tmp_path: Path) -> None:
    """What is said of a file goes into tables and JSON."""
    for word in ("a\n\x1b[31m", "é", ""):
        path = hostile.archive(
            tmp_path / "w.pth", hostile.mapping([(text(word), hostile.tensor(hostile.storage()))])
        )
        assert msgspec.json.encode(recognise(read_weights(path)))


def test_a_name_that_is_half_a_character_is_refused_or_told_as_text(tmp_path: Path) -> None:
    content = hostile.mapping([(text("a\ud800"), hostile.tensor(hostile.storage()))])
    path = hostile.archive(tmp_path / "w.pth", content)
    assert refusal_of(path) or msgspec.json.encode(recognise(read_weights(path)))
