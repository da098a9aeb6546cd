"""The names that a pickle of weights may call: what each stands for, and what is said of any other.

Nothing here imports what a name names. Tensors and storages are torch's own affair; what people save beside
their weights (the arguments of a script, a NumPy number, a path) is stood in for by objects that do nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from ftgui.core.errors import FtguiError
from ftgui.models.advice import SAVE_ORDINARY, SAVE_STATE_DICT


class Inert(dict[Any, Any]):
    """Stands for a thing that is of no interest: takes whatever a pickle does to it and does nothing."""

    def __new__(cls, *_arguments: object, **_named: object) -> Inert:
        return super().__new__(cls)

    def __init__(self, *_arguments: object, **_named: object) -> None:
        super().__init__()

    def __setstate__(self, _state: object) -> None: ...

    def __hash__(self) -> int:  # type: ignore[override]  # a pickle may use one as a key
        return id(self)


class PlainMapping(OrderedDict[Any, Any]):
    """Stands for a mapping of another library's: an ordinary one comes out, since weights may be in it."""

    def __new__(cls, *_arguments: object) -> PlainMapping:
        return OrderedDict()  # type: ignore[return-value]


REBUILD = frozenset({"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"})
"""Tensors: a storage, an offset, a size and a stride."""

STORAGES = {
    "torch.storage.UntypedStorage": torch.uint8,
    "torch.FloatStorage": torch.float32,
    "torch.DoubleStorage": torch.float64,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}

PARAMETERS = frozenset(
    {
        "torch.nn.parameter.Parameter",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
    }
)
"""A tensor again, of the class that networks learn."""

OTHERS = frozenset({"torch.Size", "torch.device", "_codecs.encode", "builtins.set", "__builtin__.set"})
"""What else torch's own safe reader makes itself, all of it without an effect."""

_FACTORIES = ("bool", "dict", "float", "int", "list", "long", "str", "tuple", "unicode")
"""What a ``defaultdict`` fills its gaps with, by its names of Python 2, too: pickles have these."""

STAND_INS = frozenset(
    (
        "argparse.Namespace",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "numpy.dtype",
        "numpy.core.multiarray._reconstruct",
        "numpy._core.multiarray._reconstruct",
        "numpy.ndarray",
        "pathlib.Path",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "pathlib.PurePosixPath",
        "pathlib.PureWindowsPath",
        "datetime.datetime",
        "datetime.timedelta",
        "mmengine.logging.history_buffer.HistoryBuffer",
        *(f"{module}.{name}" for module in ("builtins", "__builtin__") for name in _FACTORIES),
    )
)
"""What training scripts save beside their weights; something inert is read in its place."""

OTHERS_MAPPINGS = frozenset(
    {
        "collections.defaultdict",
        "easydict.EasyDict",
        "lightning.fabric.utilities.data.AttributeDict",
        "lightning_fabric.utilities.data.AttributeDict",
        "pytorch_lightning.utilities.parsing.AttributeDict",
        "yacs.config.CfgNode",
    }
)
"""Mappings of other libraries; an ordinary one is read in their place, since weights may be in it."""
MAPPINGS = OTHERS_MAPPINGS | {"collections.OrderedDict", "collections.Counter"}

READ_AS: list[Any] = [
    *((Inert, name) for name in STAND_INS),
    *((PlainMapping, name) for name in OTHERS_MAPPINGS),
]
"""The same for torch: pairs of what it is to make and the name for which."""

PROTOCOL = 2
"""Of pickles: what torch.save writes and torch's safe reader takes."""

_OF_NETWORKS = ("torch.nn.", "torchvision.", "timm.", "__main__.", "ultralytics.", "transformers.")

_TENSORS_OF_OTHER_KINDS = (
    ("_rebuild_sparse", "sparse tensors, which hold only what is not zero"),
    ("_rebuild_qtensor", "quantized tensors, made for running a network and not for training it"),
    ("QInt", "quantized tensors, made for running a network and not for training it"),
    ("QUInt", "quantized tensors, made for running a network and not for training it"),
    ("_rebuild_meta_tensor", "tensors without any values: the network was saved from the “meta” device"),
    ("Complex", "complex numbers, and these networks have real ones"),
    ("nested", "nested tensors, whose rows differ in length"),
    ("_rebuild_tensor_v3", "tensors of a number format that training does not use"),
)
"""A part of a name of torch's, and what a file that calls it holds."""


def refuse_foreign(path: Path, names: Iterable[str]) -> None:
    """Raise FtguiError where a pickle calls a name that weights do not need; each kind has its sentence."""
    foreign = sorted(name for name in names if not _is_known(name))
    if not foreign:
        return
    if any(name.startswith(_OF_NETWORKS) for name in foreign):
        raise FtguiError(
            f"“{path.name}” holds a whole network as a Python object, and opening one can run any code.",
            SAVE_STATE_DICT,
            ", ".join(foreign),
        )
    kind = next((words for part, words in _TENSORS_OF_OTHER_KINDS if _any_of_torch(part, foreign)), None)
    if kind is not None:
        raise FtguiError(f"“{path.name}” holds {kind}.", SAVE_ORDINARY, ", ".join(foreign))
    raise not_tensors(path, ", ".join(foreign))


def not_tensors(path: Path, details: str) -> FtguiError:
    """Return what is said of a file with Python objects that could be anything."""
    return FtguiError(
        f"“{path.name}” holds more than weights: Python objects, which are not opened as they can run code.",
        SAVE_STATE_DICT,
        details,
    )


def _is_known(name: str) -> bool:
    """Whether a pickle of weights may call a name, or hand it on."""
    known = (REBUILD, STORAGES, PARAMETERS, OTHERS, STAND_INS, MAPPINGS)
    return any(name in names for names in known) or _is_dtype(name)


def other_protocol(path: Path, protocol: int | None) -> FtguiError:
    """Return what is said of a pickle of another protocol than torch.save's own (None: an old one)."""
    which = f"protocol {protocol}" if protocol is not None else "an old protocol"
    return FtguiError(
        f"“{path.name}” is a pickle by {which}; PyTorch reads weights safely by protocol {PROTOCOL} alone.",
        "Where it was made, save it with torch.save and without a pickle_protocol.",
    )


def _any_of_torch(part: str, names: Iterable[str]) -> bool:
    return any(name.startswith("torch.") and part in name for name in names)


def _is_dtype(name: str) -> bool:
    return name.startswith("torch.") and isinstance(vars(torch).get(name[6:]), torch.dtype)
