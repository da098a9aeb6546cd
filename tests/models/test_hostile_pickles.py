"""No code in any file ever runs, and no claim in a pickle is believed: 50 payloads, wherever they may lie."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from ftgui.core.errors import FtguiError
from ftgui.models.weights import read_weights
from tests.harness.process import run_python
from tests.models import hostile
from tests.models.hostile import (
    FLOATS,
    ORDERED_DICT,
    Fragment,
    call,
    name,
    named,
    number,
    refusal_of,
    shape,
    text,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the payloads use a shell")


def _plain(path: Path, content: Fragment) -> Path:
    path.write_bytes(hostile.program(content))
    return path


CONTAINERS: dict[str, Callable[[Path, Fragment], Path]] = {
    "zip": hostile.archive,
    "legacy": hostile.legacy,
    "plain": _plain,
    "plain.safetensors": lambda path, content: _plain(path.with_suffix(".safetensors"), content),
}


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder where payloads would leave their marks; none may be there at the end."""
    folder = tmp_path / "marks"
    folder.mkdir()
    (tmp_path / "ftgui_bait.py").write_text("import os\nopen(os.environ['FTGUI_BAIT'], 'w').close()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("FTGUI_BAIT", str(folder / "import"))
    yield folder
    assert sorted(mark.name for mark in folder.iterdir()) == [], "code in a file ran"
    assert "ftgui_bait" not in sys.modules, "a module that a file names was imported"


def is_refused(path: Path) -> bool:
    """Read and recognise a file as the program does; whether it was refused, in a sentence and a hint."""
    refusal = refusal_of(path)
    if refusal is None:
        return False
    assert refusal.message.endswith(".")
    assert refusal.hint
    return True


# Code.


@pytest.mark.parametrize("place", hostile.PLACES)
@pytest.mark.parametrize("container", CONTAINERS)
def test_no_payload_runs_wherever_it_lies(tmp_path: Path, marks: Path, container: str, place: str) -> None:
    """Of 51 payloads in 16 places in 4 containers, each file beside its valid sibling."""
    put, legacy = hostile.PLACES[place][0], container == "legacy"
    write = CONTAINERS[container]
    valid = write(tmp_path / "valid.pth", hostile.harmless(place, legacy))
    assert is_refused(valid) == container.startswith("plain")
    for number_, payload in enumerate(hostile.PAYLOADS.values()):
        fragment = payload(str(marks / str(number_)))
        assert is_refused(write(tmp_path / "w.pth", put(fragment, legacy)))


@pytest.mark.parametrize("at", range(5))
def test_no_payload_runs_in_any_of_the_five_pickles_of_a_legacy_file(
    tmp_path: Path, marks: Path, at: int
) -> None:
    content = named(w=hostile.tensor(hostile.storage(legacy=True)))
    assert not is_refused(hostile.legacy(tmp_path / "valid.pth", content))
    for number_, payload in enumerate(hostile.PAYLOADS.values()):
        exchanged = {at: payload(str(marks / str(number_)))}
        assert is_refused(hostile.legacy(tmp_path / "w.pth", content, exchanged))


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ("weights/constants.pkl", True),
        ("weights/code/__torch__.py", True),
        ("other/data.pkl", True),
        ("weights/DATA.PKL", None),
        ("weights/more.pkl", False),
        ("weights/data/1", False),
        ("weights/data/x.pkl", False),
        ("weights/.data/hooks.pkl", False),
    ],
)
def test_no_payload_runs_in_further_entries_of_an_archive(
    tmp_path: Path, marks: Path, entry: str, refused: bool | None
) -> None:
    content = named(w=hostile.tensor(hostile.storage()))
    assert not is_refused(hostile.archive(tmp_path / "valid.pth", content))
    for number_, payload in enumerate(hostile.PAYLOADS.values()):
        more = {entry: hostile.program(payload(str(marks / str(number_))))}
        was = is_refused(hostile.archive(tmp_path / "w.pth", content, more=more))
        assert refused is None or was == refused


def test_no_payload_runs_in_what_torch_save_wrote_before_version_0_2(tmp_path: Path, marks: Path) -> None:
    for number_, payload in enumerate(hostile.PAYLOADS.values()):
        raw = hostile.program(payload(str(marks / str(number_))))
        for entry in ("sys_info", "storages", "tensors", "pickle"):
            assert is_refused(hostile.tar(tmp_path / "w.pth", {entry: raw}))


def tar_payload(mark: Path) -> bytes:
    """Return a pickle of nothing but ASCII."""
    return b"cos\nsystem\n(V: > '" + os.fsencode(mark) + b"'\ntR."


def test_a_legacy_file_that_is_a_tar_archive_as_well_runs_nothing(tmp_path: Path, marks: Path) -> None:
    """torch looks for a tar archive in each legacy file, and believes its pickles unless told not to."""
    path = hostile.tar_and_legacy(tmp_path / "w.pth", tar_payload(marks / "tar"))
    assert is_refused(path)


BELIEVER = """
import contextlib, os, pickle, sys, torch, warnings
warnings.simplefilter("ignore")
class Believer(pickle.Unpickler):
    def persistent_load(self, claim):
        return torch.storage.TypedStorage(
            wrap_storage=torch.UntypedStorage(16), dtype=torch.float32, _internal=True
        )
folder = sys.argv[1]
for file in sorted(os.listdir(folder)):
    os.environ["FTGUI_BAIT"] = mark = os.path.join(sys.argv[2], file)
    sys.modules.pop("ftgui_bait", None)
    kept = []
    with contextlib.suppress(Exception), open(os.path.join(folder, file), "rb") as stream:
        kept.append(Believer(stream).load())
with contextlib.suppress(ChildProcessError):
    while True:
        os.wait()
torch.load(sys.argv[3], weights_only=False)
"""


def test_every_payload_and_place_works_where_pickles_are_believed(tmp_path: Path) -> None:
    """So that nothing having run means something: the same pickles, loaded by a child that believes them."""
    folder, expected = tmp_path / "pickles", tmp_path / "expected"
    folder.mkdir()
    expected.mkdir()
    (tmp_path / "ftgui_bait.py").write_text("import os\nopen(os.environ['FTGUI_BAIT'], 'w').close()\n")
    for title, payload in hostile.PAYLOADS.items():
        _plain(folder / title, payload(str(expected / title)))
    for place, (put, _) in hostile.PLACES.items():
        _plain(folder / place, put(hostile.PAYLOADS["builtins.exec"](str(expected / place)), False))
    both = hostile.tar_and_legacy(tmp_path / "tar", tar_payload(expected / "tar"))
    child = run_python(
        "-c", BELIEVER, str(folder), str(expected), str(both), cwd=tmp_path, PYTHONPATH=str(tmp_path)
    )
    ran = {mark.name for mark in expected.iterdir()}
    assert {*hostile.PAYLOADS, *hostile.PLACES, "tar"} - ran == set(), child.stderr


# Instructions that torch.save does not write.

LONG = struct.pack("<Q", 2**62)
INSTRUCTIONS: dict[str, Fragment] = {
    "FRAME": b"\x95" + struct.pack("<Q", 1) + b"N",
    "FRAME without an end": b"\x95" + LONG + b"N",
    "MEMOIZE": b"N\x94",
    "EXT1": b"\x82\x01",
    "EXT2": b"\x83\x01\x00",
    "EXT4": b"\x84\x01\x00\x00\x00",
    "INT": b"I1\n",
    "INT of 4,000 digits": b"I" + b"9" * 4000 + b"\n",
    "LONG": b"L1L\n",
    "LONG of 100,000 digits": b"L" + b"9" * 100_000 + b"L\n",
    "LONG4": b"\x8b\x01\x00\x00\x00\x01",
    "LONG4 without an end": b"\x8b\xff\xff\xff\x7f",
    "STRING": b"S'a'\n",
    "BINSTRING": b"T\x01\x00\x00\x00a",
    "BINSTRING of no length": b"T\xff\xff\xff\xff",
    "UNICODE": b"Va\n",
    "BINUNICODE without an end": b"X\xff\xff\xff\xff",
    "SHORT_BINUNICODE": b"\x8c\x01a",
    "BINUNICODE8": b"\x8d" + struct.pack("<Q", 1) + b"a",
    "BINUNICODE8 without an end": b"\x8d" + LONG,
    "BINBYTES": b"B\x01\x00\x00\x00a",
    "SHORT_BINBYTES": b"C\x01a",
    "BINBYTES8 without an end": b"\x8e" + LONG,
    "BYTEARRAY8": b"\x96" + struct.pack("<Q", 1) + b"a",
    "BYTEARRAY8 without an end": b"\x96" + LONG,
    "NEXT_BUFFER": b"\x97",
    "READONLY_BUFFER": b"N\x98",
    "FLOAT": b"F1.5\n",
    "DICT": b"(d",
    "LIST": b"(l",
    "FROZENSET": b"(\x91",
    "ADDITEMS": b"\x8f(K\x01\x90",
    "PUT": b"Np7\n",
    "GET": b"Nq\x07g7\n",
    "DUP": b"N20",
    "POP": b"NN0",
    "POP_MARK": b"N(1",
    "PERSID": b"P1\n",
    "a mark without its end": b"(N",
    "an end without its mark": b"Nt",
    "a memo that is empty": b"h\xfe",
    "no such instruction": b"N\xff",
    "another pickle's beginning": b"\x80\x09N",
    "an end before the end": b"N.",
}


@pytest.mark.parametrize("instruction", INSTRUCTIONS)
@pytest.mark.parametrize("write", [hostile.archive, hostile.legacy], ids=["zip", "legacy"])
def test_instructions_that_torch_save_does_not_write_are_refused(
    tmp_path: Path, write: Callable[[Path, Fragment], Path], instruction: str
) -> None:
    def content(fragment: Fragment) -> Fragment:
        return named(w=hostile.tensor(hostile.storage(legacy=write is hostile.legacy)), epoch=fragment)

    assert not is_refused(write(tmp_path / "valid.pth", content(number(1))))
    path = write(tmp_path / "w.pth", content(INSTRUCTIONS[instruction]))
    assert is_refused(path)
    refusal = refusal_of(path)
    assert refusal is not None
    assert "cannot be opened by PyTorch" not in refusal.message  # it was not asked to


@pytest.mark.parametrize(
    "claim",
    [b"N", number(3), text("storage"), hostile.EMPTY_TUPLE, hostile.row(text("storage")), hostile.listed()],
    ids=["nothing", "a number", "a word", "an empty row", "a short row", "a list"],
)
def test_a_storage_that_is_named_by_something_else_is_refused(tmp_path: Path, claim: Fragment) -> None:
    def content(stored: Fragment) -> Fragment:
        return named(w=hostile.tensor(stored))

    assert not is_refused(hostile.archive(tmp_path / "valid.pth", content(hostile.storage())))
    assert is_refused(hostile.archive(tmp_path / "w.pth", content(hostile.persistent(claim))))


# Claims by other ways than plain numbers.


def _size(*sides: int) -> Fragment:
    return call(name("torch", "Size"), shape(*sides))


def _plain_tensor(stored: Fragment) -> Fragment:
    return hostile.tensor(stored)


def _parameter(stored: Fragment) -> Fragment:
    return call(name("torch._utils", "_rebuild_parameter"), hostile.tensor(stored), b"\x89", ORDERED_DICT)


def _with_state(stored: Fragment, state: Fragment) -> Fragment:
    function = name("torch._utils", "_rebuild_parameter_with_state")
    return call(function, hostile.tensor(stored), b"\x89", ORDERED_DICT, state)


def _attributes(stored: Fragment, **attributes: Fragment) -> Fragment:
    """Return a mapping whose own methods are covered by attributes."""
    entries = hostile.mapping([(text("v"), hostile.tensor(stored))], ORDERED_DICT)
    return hostile.built(entries, named(**attributes))


def _claim(stored: Fragment, size: int, stride: int) -> Fragment:
    return hostile.row(stored, number(0), shape(size), shape(stride))


STRANGE: dict[str, tuple[Callable[[Fragment], Fragment], Callable[[Fragment], Fragment]]] = {
    "a size by torch.Size": (
        _plain_tensor,
        lambda stored: hostile.tensor(stored, _size(1000), _size(0)),
    ),
    "a tensor built anew": (
        _plain_tensor,
        lambda stored: hostile.built(_plain_tensor(stored), _claim(hostile.tensor(stored), 1000, 0)),
    ),
    "a parameter built anew": (
        _parameter,
        lambda stored: hostile.built(_parameter(stored), _claim(stored, 1000, 0)),
    ),
    "a storage built anew": (
        _plain_tensor,
        lambda stored: hostile.tensor(hostile.built(stored, named(elements=number(10**12))), shape(10**12)),
    ),
}
"""A value that is valid, and one that is not: it must be refused."""


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("write", [hostile.archive, hostile.legacy], ids=["zip", "legacy"])
def test_a_claim_by_another_way_is_refused(
    tmp_path: Path, write: Callable[[Path, Fragment], Path], kind: str
) -> None:
    stored = hostile.storage(legacy=write is hostile.legacy)
    valid, changed = STRANGE[kind]
    assert not is_refused(write(tmp_path / "valid.pth", named(w=valid(stored))))
    assert is_refused(write(tmp_path / "w.pth", named(a=hostile.tensor(stored), w=changed(stored))))


COVERS = (number(5), name("collections", "OrderedDict"))


@pytest.mark.parametrize(
    "method", ["detach", "data", "shape", "untyped_storage", "is_floating_point", "__class__"]
)
@pytest.mark.parametrize("write", [hostile.archive, hostile.legacy], ids=["zip", "legacy"])
def test_a_parameter_whose_methods_are_covered_is_read_as_it_is_or_refused(
    tmp_path: Path, write: Callable[[Path, Fragment], Path], method: str
) -> None:
    stored = hostile.storage(legacy=write is hostile.legacy)
    assert not is_refused(write(tmp_path / "valid.pth", named(w=_with_state(stored, named(note=number(5))))))
    for value in COVERS:
        path = write(tmp_path / "w.pth", named(w=_with_state(stored, named(**{method: value}))))
        assert is_refused(path) or read_weights(path).entries["w"].tolist() == [0.5, 1.5, 2.5, 3.5]


METHODS = ("get", "items", "values", "keys", "__iter__", "__len__")


@pytest.mark.parametrize("write", [hostile.archive, hostile.legacy], ids=["zip", "legacy"])
def test_a_mapping_whose_methods_are_covered_is_read_or_refused(
    tmp_path: Path, write: Callable[[Path, Fragment], Path]
) -> None:
    stored = hostile.storage(legacy=write is hostile.legacy)
    assert not is_refused(write(tmp_path / "valid.pth", _attributes(stored, _metadata=hostile.EMPTY_DICT)))
    for method in METHODS:
        for value in COVERS:
            path = write(tmp_path / "w.pth", _attributes(stored, **{method: value}))
            assert is_refused(path) or read_weights(path).entries.keys() == {"v"}


@pytest.mark.parametrize("attribute", ["__new__", "get", "__setitem__", "update"])
@pytest.mark.parametrize(
    "full", ["collections.defaultdict", "pathlib.PosixPath", "torch._utils._rebuild_tensor_v2"]
)
def test_a_file_changes_nothing_for_the_files_after_it(tmp_path: Path, full: str, attribute: str) -> None:
    """Attributes put on a name itself, and not on what it makes, would stay while the program runs."""
    entries = hostile.mapping([(text("v"), number(1))], call(name("collections", "defaultdict"), b"N"))
    args = hostile.row(entries, _inert("x"))
    valid = hostile.archive(tmp_path / "valid.pth", named(w=hostile.tensor(hostile.storage()), args=args))
    assert not is_refused(valid)
    for state in (named(**{attribute: number(5)}), hostile.row(b"N", named(**{attribute: number(5)}))):
        is_refused(hostile.archive(tmp_path / "w.pth", named(x=hostile.built(hostile.dotted(full), state))))
        assert not is_refused(valid)


def _inert(word: str) -> Fragment:
    return call(name("pathlib", "PosixPath"), text(word))


def test_a_storage_under_many_names_that_print_alike_is_refused(tmp_path: Path) -> None:
    """Each is another storage to torch, which reads the same bytes again for each."""

    def content(key: Callable[[int], Fragment]) -> Fragment:
        rows = [hostile.tensor(hostile.storage(key(number_))) for number_ in range(20)]
        return named(
            w=hostile.tensor(hostile.storage()), x=hostile.listed(*rows[:10]), y=hostile.listed(*rows)
        )

    storages = {"0": FLOATS, "{}": FLOATS}
    valid = hostile.archive(tmp_path / "valid.pth", content(lambda _: text("{}")), storages)
    assert not is_refused(valid)
    assert is_refused(hostile.archive(tmp_path / "w.pth", content(lambda n: _inert(str(n))), storages))


@pytest.mark.parametrize("key", [number(0), b"\x88", b"N", shape(0)], ids=["int", "bool", "None", "tuple"])
def test_a_storage_whose_name_is_no_word_is_refused(tmp_path: Path, key: Fragment) -> None:
    """torch.save names storages by words alone; 0 and “0” would be two storages with one claim."""
    names = {"0": FLOATS, "True": FLOATS, "None": FLOATS, "(0,)": FLOATS}
    valid = hostile.archive(tmp_path / "valid.pth", named(w=hostile.tensor(hostile.storage())), names)
    assert not is_refused(valid)
    other = hostile.tensor(hostile.storage(key))
    assert is_refused(hostile.archive(tmp_path / "w.pth", named(w=other), names))


# Depth, loops, repetition.

DEPTH = 100_000
WORD = text("a")

NESTED: dict[str, Callable[[int], Fragment]] = {
    "tuples": lambda depth: b")" + b"\x85" * depth,
    "lists": lambda depth: b"]" * (depth + 1) + b"a" * depth,
    "mappings": lambda depth: (b"}" + WORD) * depth + b"N" + b"s" * depth,
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(hostile.archive, id="zip"),
        pytest.param(hostile.legacy, id="legacy", marks=pytest.mark.long),
    ],
)
def test_what_is_nested_a_hundred_thousand_deep_is_read_past(
    tmp_path: Path, write: Callable[[Path, Fragment], Path], kind: str
) -> None:
    tensor = hostile.tensor(hostile.storage(legacy=write is hostile.legacy))
    for depth in (3, DEPTH):
        assert not is_refused(write(tmp_path / "w.pth", named(w=tensor, x=NESTED[kind](depth))))


@pytest.mark.parametrize("write", [hostile.archive, hostile.legacy], ids=["zip", "legacy"])
def test_mappings_and_lists_in_themselves_are_read_past(
    tmp_path: Path, write: Callable[[Path, Fragment], Path]
) -> None:
    tensor = hostile.tensor(hostile.storage(legacy=write is hostile.legacy))
    itself = b"}q\x07(" + text("model") + b"h\x07" + text("state_dict") + b"h\x07" + text("w") + tensor + b"u"
    assert not is_refused(write(tmp_path / "w.pth", itself))
    lists = b"]q\x08(h\x08h\x08e"
    assert not is_refused(write(tmp_path / "w.pth", named(w=tensor, x=lists)))


@pytest.mark.parametrize("kind", ["names", "calls"])
def test_names_without_end_are_refused(tmp_path: Path, kind: str) -> None:
    """torch would look through all that it may call for each: half a minute for a file of a megabyte."""
    path = name("pathlib", "PosixPath")
    one = path if kind == "names" else b"h\x09" + text("a") + b"\x85R"
    many = hostile.listed(*[one] * 20_000)
    few = hostile.listed(*[one] * 20)
    tensor = hostile.tensor(hostile.storage())
    remembered = [("p", path)] if kind == "names" else [("p", path + b"q\x09")]
    for listed, refused in ((few, False), (many, True)):
        rows = [(text("w"), tensor), *((text(key), value) for key, value in remembered), (text("x"), listed)]
        assert is_refused(hostile.archive(tmp_path / "w.pth", hostile.mapping(rows))) == refused


def test_an_entry_that_is_named_twice_is_refused_or_one(tmp_path: Path) -> None:
    tensor = hostile.tensor(hostile.storage())
    path = hostile.archive(tmp_path / "w.pth", hostile.mapping([(WORD, tensor), (WORD, tensor)]))
    with contextlib.suppress(FtguiError):
        assert read_weights(path).entries.keys() == {"a"}


@pytest.mark.parametrize(("times", "refused"), [(16, False), (17, True)])
@pytest.mark.parametrize("kind", ["FloatStorage", "HalfStorage"])
def test_a_storage_may_be_used_sixteen_times_and_no_more(
    tmp_path: Path, kind: str, times: int, refused: bool
) -> None:
    stored = hostile.storage(
        elements=len(FLOATS) // (4 if kind == "FloatStorage" else 2), kind=name("torch", kind)
    )
    tensor = hostile.tensor(stored, shape(4 if kind == "FloatStorage" else 8))
    path = hostile.archive(tmp_path / "w.pth", named(**{f"w{n}": tensor for n in range(times)}))
    assert is_refused(path) == refused


def test_thousands_of_views_of_one_half_precision_storage_are_converted_once(tmp_path: Path) -> None:
    stored = hostile.storage(elements=20_000, kind=name("torch", "HalfStorage"))
    views = {f"w{n}": hostile.tensor(stored, shape(4)) for n in range(5000)}
    path = hostile.archive(tmp_path / "w.pth", named(**views), {"0": bytes(40_000)})
    entries = read_weights(path).entries
    assert len(entries) == 5000
    assert len({entry.untyped_storage().data_ptr() for entry in entries.values()}) == 1


@pytest.mark.parametrize("shared", [False, True])
def test_a_half_precision_view_that_is_negated_keeps_its_sign(tmp_path: Path, shared: bool) -> None:
    stored = hostile.storage(elements=8, kind=name("torch", "HalfStorage"))
    negated = hostile.tensor(stored, shape(8), shape(1), ORDERED_DICT, named(neg=hostile.TRUE))
    content = {"w": negated} | ({"v": negated} if shared else {})
    raw = torch.arange(8, dtype=torch.float16).numpy().tobytes()
    path = hostile.archive(tmp_path / "w.pth", named(**content), {"0": raw})
    with contextlib.suppress(FtguiError):
        assert torch.equal(read_weights(path).entries["w"], -torch.arange(8.0))


# What would take the program down. Each is read in a process of its own.

IN_A_CHILD = """
import sys, resource
from pathlib import Path
from ftgui.core.errors import FtguiError
from ftgui.models.identify import recognise
from ftgui.models.weights import read_weights
resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, resource.RLIM_INFINITY))
for path in sys.argv[1:]:
    try:
        recognise(read_weights(Path(path)))
        print("read")
    except FtguiError as error:
        print("refused:", error.message)
"""


def _encoded(times: int) -> Fragment:
    """Return a word whose bytes are written out as digits, twice as many each time."""
    fragment = call(name("_codecs", "encode"), text("a" * 1000), text("latin-1"))
    for _ in range(times):
        fragment = call(name("_codecs", "encode"), fragment, text("hex"))
    return fragment


def _itself(times: int) -> Fragment:
    return b"}q\x07(" + b"".join(text(f"k{n}") + b"h\x07" for n in range(times)) + b"u"


def _as_key(depth: int) -> Fragment:
    return hostile.mapping([(NESTED["tuples"](depth), b"N")])


DEADLY: dict[str, tuple[Callable[[int], Fragment], int]] = {
    "words encoded again and again": (_encoded, 40),
    "a mapping in itself a thousand times": (_itself, 1000),
    "a key nested half a million deep": (_as_key, 500_000),
}


@pytest.mark.long
@pytest.mark.parametrize("kind", DEADLY)
def test_what_would_take_the_program_down_is_refused_or_read_past(tmp_path: Path, kind: str) -> None:
    make, size = DEADLY[kind]
    tensor = hostile.tensor(hostile.storage())
    valid = hostile.archive(tmp_path / "valid.pth", named(w=tensor, x=make(1)))
    beside = hostile.archive(tmp_path / "w.pth", named(w=tensor, x=make(size)))
    alone = hostile.archive(tmp_path / "alone.pth", make(size))
    child = run_python("-c", IN_A_CHILD, str(valid), str(beside), str(alone))
    told = child.stdout.splitlines()
    assert child.returncode == 0, child.stderr[-500:]
    assert len(told) == 3
    assert told[0] == "read" or kind.startswith("words")
    assert told[2].startswith("refused:")
