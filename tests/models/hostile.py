"""Files that an enemy would write: pickles put together instruction by instruction, in every container.

A *fragment* is a row of a pickle's instructions that leaves one value on its stack. Fragments nest, so that a
valid file and its hostile sibling are made by one function, with one fragment exchanged.
"""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ftgui.core.errors import FtguiError
from ftgui.models.identify import recognise
from ftgui.models.weights import read_weights

Fragment = bytes

NONE, TRUE, EMPTY_TUPLE, EMPTY_DICT, EMPTY_LIST = b"N", b"\x88", b")", b"}", b"]"

FLOATS = struct.pack("<4f", 0.5, 1.5, 2.5, 3.5)
"""The storage of every tensor here, unless said."""


def name(module: str, attribute: str) -> Fragment:
    return b"c" + f"{module}\n{attribute}\n".encode()


def dotted(full: str) -> Fragment:
    module, _, attribute = full.rpartition(".")
    return name(module, attribute)


def text(value: str) -> Fragment:
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value: int) -> Fragment:
    return b"J" + struct.pack("<i", value) if abs(value) < 2**31 else _long(value)


def _long(value: int) -> Fragment:
    encoded = pickle.encode_long(value)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def row(*items: Fragment) -> Fragment:
    """Return a tuple."""
    return b"(" + b"".join(items) + b"t"


def listed(*items: Fragment) -> Fragment:
    return b"](" + b"".join(items) + b"e"


def mapping(pairs: Iterable[tuple[Fragment, Fragment]], start: Fragment = EMPTY_DICT) -> Fragment:
    return start + b"(" + b"".join(key + value for key, value in pairs) + b"u"


def named(**values: Fragment) -> Fragment:
    return mapping((text(key), value) for key, value in values.items())


def call(function: Fragment, *arguments: Fragment) -> Fragment:
    return function + row(*arguments) + b"R"


def new(class_: Fragment, *arguments: Fragment) -> Fragment:
    return class_ + row(*arguments) + b"\x81"


def built(value: Fragment, state: Fragment) -> Fragment:
    return value + state + b"b"


def persistent(claim: Fragment) -> Fragment:
    return claim + b"Q"


ORDERED_DICT = call(name("collections", "OrderedDict"))


def storage(
    key: Fragment = text("0"),  # noqa: B008  bytes
    elements: int = 4,
    kind: Fragment = name("torch", "FloatStorage"),  # noqa: B008
    *,
    legacy: bool = False,
) -> Fragment:
    """Return a storage's claim; the legacy format's has one item more."""
    more = (NONE,) if legacy else ()
    return persistent(row(text("storage"), kind, key, text("cpu"), number(elements), *more))


def shape(*sides: int) -> Fragment:
    return row(*map(number, sides))


def tensor(
    stored: Fragment,
    size: Fragment = shape(4),  # noqa: B008
    stride: Fragment = shape(1),  # noqa: B008
    hooks: Fragment = ORDERED_DICT,
    *more: Fragment,
) -> Fragment:
    function = name("torch._utils", "_rebuild_tensor_v2")
    return call(function, stored, number(0), size, stride, b"\x89", hooks, *more)


def program(fragment: Fragment, protocol: int = 2) -> bytes:
    """Return a whole pickle."""
    return b"\x80" + bytes([protocol]) + fragment + b"."


def archive(
    path: Path,
    content: Fragment,
    storages: Mapping[str, bytes] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a zip as torch.save does, with a pickle of ``content`` and further entries where asked."""
    with zipfile.ZipFile(path, "w") as new:
        new.writestr("weights/data.pkl", program(content))
        new.writestr("weights/byteorder", "little")
        for key, raw in ({"0": FLOATS} if storages is None else storages).items():
            new.writestr(f"weights/data/{key}", raw)
        new.writestr("weights/version", "3\n")
        for entry, raw in (more or {}).items():
            new.writestr(entry, raw)
    return path


LEGACY_HEAD = (
    number(0x1950A86A20F9469CFC6C),
    number(1001),
    named(little_endian=TRUE),
)


def legacy(
    path: Path, content: Fragment, exchanged: Mapping[int, Fragment] | None = None, raw: bytes = FLOATS
) -> Path:
    """Write the legacy format of one storage; ``exchanged`` takes the place of some of its five pickles."""
    pickles = [*LEGACY_HEAD, content, listed(text("0"))]
    for number_, fragment in (exchanged or {}).items():
        pickles[number_] = fragment
    head = b"".join(map(program, pickles))
    path.write_bytes(head + struct.pack("<q", len(raw) // 4) + raw)
    return path


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar archive, as torch.save did before version 0.2."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as new:
        for entry, raw in members.items():
            info = tarfile.TarInfo(entry)
            info.size = len(raw)
            new.addfile(info, io.BytesIO(raw))
    return path


def tar_and_legacy(path: Path, pickled: bytes) -> Path:
    """Write an honest file of the legacy format that is a tar archive with the pickle ``pickled`` as well.

    The tar archive lies in a long string of the legacy format's pickle; its first header's name is the legacy
    format's beginning. ``pickled`` is ASCII (protocol 0), as a string's bytes must be.
    """
    nothing = b"(dp0\n."
    counts = b"I0\n."
    members = {
        "A": b"",
        "sys_info": nothing,
        "pickle": pickled,
        "storages": counts + b"(lp0\n.",
        "tensors": counts,
    }
    whole = tar(path, members).read_bytes()
    head = b"".join(map(program, LEGACY_HEAD)) + b"\x80\x02}X\x01\x00\x00\x00aX"
    swallowed = whole[len(head) + 4 :]
    content = bytearray(head + struct.pack("<I", len(swallowed)) + swallowed)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    end = b"s" + text("w") + tensor(storage(legacy=True)) + b"s." + program(listed(text("0")))
    path.write_bytes(content + end + struct.pack("<q", 4) + FLOATS)
    return path


# What would run.

Payload = Callable[[str], Fragment]
"""Given the path of a file that is not there, returns a fragment that would make it."""


def _bytes(raw: bytes) -> Fragment:
    return call(name("_codecs", "encode"), text(raw.decode("latin-1")), text("latin-1"))


def _getattr(value: Fragment, attribute: str) -> Fragment:
    return call(name("builtins", "getattr"), value, text(attribute))


def _path(path: str) -> Fragment:
    return call(name("pathlib", "PosixPath"), text(path))


def _code(path: str) -> Fragment:
    return text(f"open({path!r}, 'w').close()")


def _command(path: str) -> Fragment:
    return text(f": > '{path}'")


def _touch(path: str) -> Fragment:
    return listed(text("touch"), text(path))


def _state_that_calls(value: Fragment, function: Fragment, argument: Fragment) -> Fragment:
    """Give an object a ``__setstate__`` of its own by a first BUILD, and call it by a second."""
    return built(built(value, named(__setstate__=function)), argument)


def _slot_that_calls(value: Fragment, function: Fragment, argument: Fragment) -> Fragment:
    return built(built(value, row(NONE, named(__setstate__=function))), argument)


def _nested(path: str) -> bytes:
    """Return a whole legacy file whose pickle runs code."""
    pickles = (*LEGACY_HEAD, call(name("os", "system"), _command(path)), EMPTY_LIST)
    return b"".join(map(program, pickles))


_SYSTEM = name("os", "system")
_NAMESPACE = call(name("argparse", "Namespace"))

PAYLOADS: dict[str, Payload] = {
    "os.system": lambda p: call(_SYSTEM, _command(p)),
    "posix.system": lambda p: call(name("posix", "system"), _command(p)),
    "os.mkdir": lambda p: call(name("os", "mkdir"), text(p)),
    "os.symlink": lambda p: call(name("os", "symlink"), text("/"), text(p)),
    "subprocess.Popen": lambda p: call(name("subprocess", "Popen"), _touch(p)),
    "subprocess.check_call": lambda p: call(name("subprocess", "check_call"), _touch(p)),
    "commands.getoutput": lambda p: call(name("commands", "getoutput"), _command(p)),
    "builtins.exec": lambda p: call(name("builtins", "exec"), _code(p)),
    "builtins.eval": lambda p: call(name("builtins", "eval"), _code(p)),
    "__builtin__.eval": lambda p: call(name("__builtin__", "eval"), _code(p)),
    "builtins.open": lambda p: call(name("builtins", "open"), text(p), text("w")),
    "_io.open": lambda p: call(name("_io", "open"), text(p), text("w")),
    "builtins.compile": lambda p: call(
        name("builtins", "exec"), call(name("builtins", "compile"), _code(p), text("x"), text("exec"))
    ),
    "builtins.map": lambda p: call(
        name("builtins", "list"), call(name("builtins", "map"), _SYSTEM, listed(_command(p)))
    ),
    "builtins.__import__": lambda p: call(
        _getattr(call(name("builtins", "__import__"), text("os")), "system"), _command(p)
    ),
    "importlib.import_module": lambda p: call(
        _getattr(call(name("importlib", "import_module"), text("os")), "mkdir"), text(p)
    ),
    "getattr": lambda p: call(_getattr(name("pathlib", "Path"), "touch"), _path(p)),
    "Path.write_text": lambda p: call(_getattr(_path(p), "write_text"), text("x")),
    "operator.methodcaller": lambda p: call(call(name("operator", "methodcaller"), text("touch")), _path(p)),
    "argparse.FileType": lambda p: call(call(name("argparse", "FileType"), text("w")), text(p)),
    "functools.partial": lambda p: call(new(name("functools", "partial"), _SYSTEM, _command(p))),
    "functools.reduce": lambda p: call(
        name("functools", "reduce"), name("os", "open"), listed(text(p), number(0o101))
    ),
    "timeit.timeit": lambda p: call(
        name("timeit", "timeit"), _code(p), text("pass"), name("time", "perf_counter"), number(1)
    ),
    "runpy._run_code": lambda p: call(
        name("runpy", "_run_code"),
        call(name("builtins", "compile"), _code(p), text("x"), text("exec")),
        EMPTY_DICT,
    ),
    "code.InteractiveInterpreter": lambda p: call(
        _getattr(call(name("code", "InteractiveInterpreter")), "runsource"), _code(p)
    ),
    "logging.FileHandler": lambda p: call(name("logging", "FileHandler"), text(p)),
    "zipfile.ZipFile": lambda p: call(name("zipfile", "ZipFile"), text(p), text("w")),
    "pickle.loads": lambda p: call(name("pickle", "loads"), _bytes(program(call(_SYSTEM, _command(p))))),
    "numpy.core.multiarray.scalar": lambda p: call(
        name("numpy.core.multiarray", "scalar"), name("numpy", "dtype"), call(_SYSTEM, _command(p))
    ),
    "numpy.dtype, built": lambda p: built(
        call(name("numpy", "dtype"), text("O")), call(_SYSTEM, _command(p))
    ),
    "numpy.save": lambda p: call(
        name("numpy", "save"), call(name("builtins", "open"), text(p), text("wb")), number(1)
    ),
    "torch.save": lambda p: call(name("torch.serialization", "save"), number(1), text(p)),
    "torch.storage._load_from_bytes": lambda p: call(
        name("torch.storage", "_load_from_bytes"), _bytes(_nested(p))
    ),
    "torch.utils.collect_env.run": lambda p: call(name("torch.utils.collect_env", "run"), _touch(p)),
    "torch.jit.unsupported_tensor_ops.execWrapper": lambda p: call(
        name("torch.jit.unsupported_tensor_ops", "execWrapper"), _code(p), EMPTY_DICT, EMPTY_DICT
    ),
    "_rebuild_from_type_v2": lambda p: call(
        name("torch._tensor", "_rebuild_from_type_v2"),
        _SYSTEM,
        name("builtins", "int"),
        row(_command(p)),
        NONE,
    ),
    "Namespace, built": lambda p: _state_that_calls(_NAMESPACE, _SYSTEM, _command(p)),
    "Namespace, built by slots": lambda p: _slot_that_calls(_NAMESPACE, _SYSTEM, _command(p)),
    "Namespace, new": lambda p: _state_that_calls(new(name("argparse", "Namespace")), _SYSTEM, _command(p)),
    "OrderedDict, built": lambda p: _state_that_calls(ORDERED_DICT, _SYSTEM, _command(p)),
    "Counter, built": lambda p: _state_that_calls(call(name("collections", "Counter")), _SYSTEM, _command(p)),
    "defaultdict, with a factory": lambda p: call(
        name("operator", "getitem"),
        call(name("collections", "defaultdict"), new(name("functools", "partial"), _SYSTEM, _command(p))),
        text("x"),
    ),
    "INST": lambda p: b"(" + _command(p) + b"ios\nsystem\n",
    "OBJ": lambda p: b"(" + _SYSTEM + _command(p) + b"o",
    "STACK_GLOBAL": lambda p: call(text("os") + text("system") + b"\x93", _command(p)),
    "STACK_GLOBAL of a path": lambda p: call(
        b"\x80\x04" + text("pathlib") + text("Path.touch") + b"\x93", _path(p)
    ),
    "NEWOBJ_EX": lambda p: call(
        name("functools", "partial") + row(name("os", "mkdir")) + named(path=text(p)) + b"\x92"
    ),
    "a name by the memo": lambda p: _SYSTEM + b"q\x2a0" + call(b"h\x2a", _command(p)),
    "a name by the memo, as text": lambda p: _SYSTEM + b"p42\n0" + call(b"g42\n", _command(p)),
    "words as text": lambda p: call(_SYSTEM, b"V: > '" + p.encode() + b"'\n"),
    "an import": lambda _path: name("ftgui_bait", "nothing"),
}
"""Each works where pickles are believed: ``test_hostile_pickles`` shows it."""

# Where it would lie.


def _checkpoint(legacy: bool, **more: Fragment) -> Fragment:
    return named(state_dict=named(w=tensor(storage(legacy=legacy))), **more)


def _beside(key: Fragment, value: Fragment, legacy: bool) -> Fragment:
    return mapping([(key, value), (text("w"), tensor(storage(legacy=legacy)))])


_REBUILD_PARAMETER = name("torch._utils", "_rebuild_parameter")
_FLOAT_STORAGE = name("torch", "FloatStorage")

Placement = Callable[[Fragment, bool], Fragment]

PLACES: dict[str, tuple[Placement, Fragment]] = {
    "a value": (lambda f, old: _beside(text("x"), f, old), number(1)),
    "a key": (lambda f, old: _beside(f, number(1), old), text("x")),
    "a value under state_dict": (
        lambda f, old: named(state_dict=_beside(text("x"), f, old)),
        number(1),
    ),
    "a value under model": (lambda f, old: named(model=_beside(text("x"), f, old)), number(1)),
    "an optimizer's state": (
        lambda f, old: _checkpoint(old, optimizer=named(param_groups=listed(named(lr=f)))),
        number(1),
    ),
    "in nested rows": (lambda f, old: _checkpoint(old, args=listed(row(listed(f), NONE))), number(1)),
    "a tensor's hooks": (
        lambda f, old: named(w=tensor(storage(legacy=old), hooks=f)),
        ORDERED_DICT,
    ),
    "a tensor's size": (lambda f, old: named(w=tensor(storage(legacy=old), f)), shape(4)),
    "a tensor's storage": (lambda f, _old: named(w=tensor(f)), b""),
    "a storage's name": (lambda f, old: named(w=tensor(storage(f, legacy=old))), text("0")),
    "a storage's kind": (lambda f, old: named(w=tensor(storage(kind=f, legacy=old))), _FLOAT_STORAGE),
    "a parameter's hooks": (
        lambda f, old: named(w=call(_REBUILD_PARAMETER, tensor(storage(legacy=old)), b"\x89", f)),
        ORDERED_DICT,
    ),
    "a mapping's attributes": (
        lambda f, old: built(
            mapping([(text("w"), tensor(storage(legacy=old)))], ORDERED_DICT), named(_metadata=f)
        ),
        EMPTY_DICT,
    ),
    "a script's arguments": (
        lambda f, old: _checkpoint(old, args=built(_NAMESPACE, named(lr=f))),
        number(1),
    ),
    "a mapping's factory": (
        lambda f, old: _checkpoint(old, args=call(name("collections", "defaultdict"), f)),
        NONE,
    ),
    "a word's encoding": (
        lambda f, old: _checkpoint(old, args=call(name("_codecs", "encode"), text("x"), f)),
        text("latin-1"),
    ),
}
"""Where in a checkpoint: how to make one, and the harmless fragment that makes it valid there."""


def harmless(place: str, legacy: bool) -> Fragment:
    """Return the valid sibling of what is hostile at ``place``."""
    make, fragment = PLACES[place]
    return make(fragment or storage(legacy=legacy), legacy)


def refusal_of(path: Path) -> FtguiError | None:
    """Read and recognise a file as the program does; return why it was refused, None where it was not."""
    try:
        recognise(read_weights(path))
    except FtguiError as error:
        return error
    return None
