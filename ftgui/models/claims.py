"""What a pickle of tensors claims, read without making any tensor or object of it.

``torch.load(weights_only=True)`` runs no foreign code, but it believes what a pickle states: a file of 1.6 KB
may claim a tensor of 10^12 elements, set a tensor's or a mapping's methods to numbers, or write a word of a
thousand letters out as digits until the memory is full. So the pickle is followed twice: here first, by a
machine that makes nothing but notes; then, if everything adds up, by torch.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ftgui.core.errors import FtguiError
from ftgui.models.advice import DOWNLOAD_AGAIN
from ftgui.models.pickle_machine import INSTRUCTIONS, Claims, Machine, OverclaimError, UnknownError
from ftgui.models.pickled_names import PROTOCOL, not_tensors, other_protocol, refuse_foreign

_BY_CODE = {opcode.code: opcode for opcode in pickletools.opcodes}
MAX_INSTRUCTIONS = 400_000
"""Some 30 make a tensor. The largest of torchvision's networks with its optimizer's state needs 200,000."""
MAX_PICKLE_BYTES = 2**25
"""Hundreds of times as long as the list of the largest network's entries."""
MAX_TENSORS = 50_000
_MOST_VIEWS = 16
"""How many times over the tensors of a file may use its storages. Shared weights are used twice."""
_CONTIGUOUS = "If you made it, save expanded tensors by .contiguous(); otherwise do not use it."


def read_claims(path: Path, stream: IO[bytes]) -> Claims:
    """Read one pickle from where ``stream`` stands, and leave it at the pickle's end.

    Raises:
        FtguiError: it holds more than tensors, numbers and words; a tensor claims more than its storage;
            it lists more than any network has; or it is cut short.
    """
    start, content = stream.tell(), io.BytesIO(stream.read(MAX_PICKLE_BYTES))
    machine = Machine()
    try:
        for name, argument in _known_instructions(path, content):
            if machine.claims.entries > MAX_TENSORS:
                raise too_many_entries(path)
            machine.follow(name, argument)
    except UnknownError as error:
        raise not_tensors(path, str(error)) from error
    except OverclaimError as error:
        raise _claims_too_much(path, str(error)) from error
    except (ValueError, TypeError, LookupError, EOFError) as error:
        if content.getbuffer().nbytes == MAX_PICKLE_BYTES:  # it goes on behind what was read
            raise too_many_entries(path) from error
        raise FtguiError(
            f"“{path.name}” is damaged: its list of weights cannot be read.",
            DOWNLOAD_AGAIN,
            f"{type(error).__name__}: {error}",
        ) from error
    stream.seek(start + content.tell())
    claims = machine.claims
    if claims.tensor_bytes > _MOST_VIEWS * sum(claims.storage_bytes.values()):
        raise _claims_too_much(path, "the same bytes are used by many tensors")
    return claims


def too_many_entries(path: Path) -> FtguiError:
    """Return what is said of a file that lists more entries than can be looked through."""
    return FtguiError(
        f"“{path.name}” lists far more entries than any network for pictures has.",
        "Choose the file that holds the network's weights alone.",
    )


def _known_instructions(path: Path, content: io.BytesIO) -> list[tuple[str, Any]]:
    """Return the instructions of a pickle of the right protocol that calls no foreign name."""
    begin = content.getvalue()[:2]
    if begin != bytes((0x80, PROTOCOL)):
        raise other_protocol(path, begin[1] if begin[:1] == b"\x80" and len(begin) > 1 else None)
    instructions = list(islice(_instructions(content), MAX_INSTRUCTIONS + 1))
    refuse_foreign(path, {argument for name, argument in instructions if name == "GLOBAL"})
    if len(instructions) > MAX_INSTRUCTIONS:
        raise too_many_entries(path)
    return instructions


def _instructions(content: io.BytesIO) -> Iterator[tuple[str, Any]]:
    """Yield the name and the argument of each instruction up to the pickle's end.

    As ``pickletools.genops``, but for instructions that are not known: their arguments are not even read.

    Raises:
        UnknownError: torch.save does not write such an instruction.
        ValueError: there is no end, or an argument is cut short.
    """
    while code := content.read(1):
        opcode = _BY_CODE.get(code.decode("latin-1"))
        if opcode is None or opcode.name not in INSTRUCTIONS:
            raise UnknownError(f"instruction {opcode.name if opcode else code!r}")
        if opcode.name == "GLOBAL":
            yield opcode.name, _name(content)
        else:
            yield opcode.name, opcode.arg.reader(content) if opcode.arg else None
        if opcode.name == "STOP":
            return
    raise ValueError("there is no end")


def _name(content: IO[bytes]) -> str:
    """Read a name: a module and a thing in it, a line each, as they stand there."""
    lines = (content.readline(), content.readline())
    if not all(line.endswith(b"\n") for line in lines):
        raise ValueError("a name is cut short")
    return ".".join(line[:-1].decode("utf-8") for line in lines)


def _claims_too_much(path: Path, details: str) -> FtguiError:
    return FtguiError(f"“{path.name}” claims more weights than it has bytes for.", _CONTIGUOUS, details)
