"""How a file's entries lie beside an architecture's: what matches, is missing, is left over."""

from __future__ import annotations

import math

import msgspec

from ftgui.models.architectures import IMAGENET_CLASSES, Architecture
from ftgui.models.construction import shapes_of, skeleton
from ftgui.models.fingerprint import Shapes, is_auxiliary, is_counter, is_under


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture laid beside a file. Auxiliary heads and BatchNorm's counters count for nothing."""

    architecture: Architecture
    num_classes: int | None
    """Classes of the file's output layer; None where it is absent or of another kind."""
    parameters: int
    matched: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    other_shapes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether all but the output layer is there, of the right shape, and nothing else is."""
        wrong = (*self.missing, *self.unexpected, *self.other_shapes)
        return all(is_under(key, self.architecture.head) for key in wrong)

    @property
    def misfit(self) -> str:
        """What does not fit, as the end of a sentence ("12 entries are missing, 3 have other shapes")."""
        parts = (
            _counted(len(self.missing), "is missing", "are missing"),
            _counted(len(self.other_shapes), "has another shape", "have other shapes"),
            _counted(len(self.unexpected), "does not belong to it", "do not belong to it"),
        )
        return ", ".join(part for part in parts if part)


def _counted(number: int, one: str, many: str) -> str:
    if not number:
        return ""
    return f"{number} entry {one}" if number == 1 else f"{number} entries {many}"


def match(shapes: Shapes, architecture: Architecture) -> Match:
    """Lay an architecture beside a file's entries, as a skeleton with the file's own number of classes."""
    classes = source_classes(shapes, architecture.head)
    model = skeleton(architecture.name, classes or IMAGENET_CLASSES, image_size(shapes))
    ours = {key: shape for key, shape in shapes_of(model).items() if not is_counter(key)}
    theirs = {key: shape for key, shape in shapes.items() if not (is_counter(key) or is_auxiliary(key))}
    common = [key for key in ours if key in theirs]
    other_shapes = tuple(key for key in common if ours[key] != theirs[key])
    output_fits = all(f"{architecture.head}.{end}" not in other_shapes for end in ("weight", "bias"))
    return Match(
        architecture=architecture,
        num_classes=classes if output_fits else None,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        matched=len(common) - len(other_shapes),
        missing=tuple(key for key in ours if key not in theirs),
        unexpected=tuple(key for key in theirs if key not in ours),
        other_shapes=other_shapes,
    )


def source_classes(shapes: Shapes, head: str) -> int | None:
    """Return the number of outputs of a file's output layer, or None where it has no such layer."""
    shape = shapes.get(f"{head}.weight", ())
    return shape[0] if len(shape) in (2, 4) and shape[0] > 0 else None


def image_size(shapes: Shapes) -> int | None:
    """Return the picture's side in pixels that a vision transformer's entries were made for.

    It shows in how many positions they embed, one a patch and one for the class; None for other networks.
    """
    positions, patch = shapes.get("encoder.pos_embedding", ()), shapes.get("conv_proj.weight", ())
    if len(positions) != 3 or len(patch) != 4:
        return None
    side = math.isqrt(max(positions[1] - 1, 0))
    return side * patch[-1] if side and side * side == positions[1] - 1 else None
