"""How a file's entries lie beside an architecture's: what matches, is missing, is left over."""

from __future__ import annotations

import math

import msgspec

from ftgui.models.architectures import IMAGENET_CLASSES, Architecture
from ftgui.models.construction import shapes_of, skeleton
from ftgui.models.fingerprint import Shapes, is_auxiliary, is_counter, is_under, shape_text

MOST_CLASSES = 1_000_000
"""More are no classes, whatever a file says."""


class OtherShape(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that file and network both have, each in its own shape."""

    name: str
    found: tuple[int, ...]
    """In the file."""
    expected: tuple[int, ...]
    """In the network."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture laid beside a file.

    Auxiliary heads count for nothing, nor do BatchNorm's counters where the file has none of them.
    """

    architecture: Architecture
    num_classes: int | None
    """Classes of the file's output layer; None where it is absent or of another kind."""
    parameters: int
    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    other_shapes: tuple[OtherShape, ...]
    halves: tuple[str, ...]
    """Biases around the output layer without the weight that they go with."""

    @property
    def fits(self) -> bool:
        """Whether all but the output layer is there, of the right shape, and nothing else is."""
        head = self.architecture.head_region
        wrong = (*self.missing, *(entry.name for entry in self.other_shapes))
        return (
            not self.halves
            and all(is_under(key, head) for key in wrong)
            and all(is_under(key, head) and key.rpartition(".")[2] in _LEAVES for key in self.unexpected)
        )

    @property
    def entries(self) -> int:
        """How many entries the network has; counters count where the file has some."""
        return len(self.matched) + len(self.missing) + len(self.other_shapes)

    @property
    def misfit(self) -> str:
        """What does not fit, as the end of a sentence ("12 entries are missing (conv1.weight, …)")."""
        shapes = tuple(
            f"{entry.name} is {shape_text(entry.found)}, not {shape_text(entry.expected)}"
            for entry in self.other_shapes
        )
        parts = (
            _counted(self.missing, "is missing", "are missing"),
            _counted(shapes, "has another shape", "have other shapes"),
            _counted(self.unexpected, "does not belong to it", "do not belong to it"),
            _counted(self.halves, "is a bias without its weight", "are biases without their weights"),
        )
        return ", ".join(part for part in parts if part)


_LEAVES = frozenset({"weight", "bias", "running_mean", "running_var", "num_batches_tracked"})
"""What entries of a layer are called; in an output layer of another kind, too."""


def _counted(entries: tuple[str, ...], one: str, many: str) -> str:
    if not entries:
        return ""
    number = "1 entry" if len(entries) == 1 else f"{len(entries):,} entries"
    example = entries[0] + (", …" if len(entries) > 1 else "")
    return f"{number} {one if len(entries) == 1 else many} ({example})"


def match(shapes: Shapes, architecture: Architecture) -> Match:
    """Lay an architecture beside a file's entries, as a skeleton with the file's own number of classes."""
    classes = source_classes(shapes, architecture.head)
    model = skeleton(architecture.name, classes or IMAGENET_CLASSES, image_size(shapes))
    theirs = {key: shape for key, shape in shapes.items() if not is_auxiliary(key)}
    has_counters = any(map(is_counter, theirs))
    ours = {key: shape for key, shape in shapes_of(model).items() if has_counters or not is_counter(key)}
    missing = tuple(key for key in ours if key not in theirs)
    other_shapes = tuple(
        OtherShape(name=key, found=theirs[key], expected=shape)
        for key, shape in ours.items()
        if theirs.get(key, shape) != shape
    )
    wrong = {*missing, *(entry.name for entry in other_shapes)}
    return Match(
        architecture=architecture,
        num_classes=None if any(is_under(key, architecture.head_region) for key in wrong) else classes,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        matched=tuple(key for key in ours if key not in wrong),
        missing=missing,
        unexpected=tuple(key for key in theirs if key not in ours),
        other_shapes=other_shapes,
        halves=tuple(
            key
            for key in theirs
            if is_under(key, architecture.head_region)
            and key.endswith(".bias")
            and f"{key.removesuffix('bias')}weight" not in theirs
        ),
    )


def source_classes(shapes: Shapes, head: str) -> int | None:
    """Return the number of outputs of a file's output layer, or None where it has no such layer."""
    shape = shapes.get(f"{head}.weight", ())
    return shape[0] if len(shape) in (2, 4) and min(shape) > 0 and shape[0] <= MOST_CLASSES else None


def image_size(shapes: Shapes) -> int | None:
    """Return the picture's side in pixels that a vision transformer's entries were made for.

    It shows in how many positions they embed, one a patch and one for the class; None for other networks.
    """
    positions, patch = shapes.get("encoder.pos_embedding", ()), shapes.get("conv_proj.weight", ())
    if len(positions) != 3 or len(patch) != 4:
        return None
    side = math.isqrt(max(positions[1] - 1, 0))
    return side * patch[-1] if side and side * side == positions[1] - 1 else None
