"""Which network a weights file belongs to: by its hash, else by its entries' names and shapes."""

from __future__ import annotations

import msgspec

from ftgui.core.preprocessing import Preprocessing
from ftgui.models import architectures
from ftgui.models.architectures import Architecture, OfficialWeights
from ftgui.models.fingerprint import Shapes, fingerprint, is_auxiliary, is_counter, shape_text
from ftgui.models.matching import Match, image_size, match
from ftgui.models.weights import WeightsFile

_LIKELY = "IMAGENET1K_V1"
"""The recipe of most weights in the wild, torchvision's default or not."""


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What a weights file turned out to be."""

    architecture: str | None
    """torchvision's name, or None where the file is not recognised; ``reason`` then says why."""
    title: str
    exact_weights: str | None
    """torchvision's name of exactly this file, where its hash says so."""
    num_classes: int | None
    """Classes it was trained for; None where its output layer is absent or of another kind."""
    parameters: int
    layout: str
    preprocessing: Preprocessing
    preprocessing_is_certain: bool
    matched: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    sha256: str
    notes: tuple[str, ...]
    """What a person should know, in sentences."""
    reason: str = ""


def recognise(file: WeightsFile, architecture: str | None = None) -> Recognition:
    """Say which network a file belongs to. A hint that does not fit is refused with its reason.

    Raises:
        FtguiError: the hint is no architecture's name.
    """
    shapes = {key: tuple(tensor.shape) for key, tensor in file.entries.items()}
    found = _find(file.sha256, shapes)
    asked = found if architecture is None else architectures.get(architecture)
    if asked is None:
        return _unknown(file, shapes)
    laid = match(shapes, asked)
    return _recognised(file, laid) if laid.fits else _misfit(file, laid, found)


def _find(sha256: str, shapes: Shapes) -> Architecture | None:
    exact = official(sha256)
    return exact[0] if exact else by_entries(shapes)


def official(sha256: str) -> tuple[Architecture, OfficialWeights] | None:
    """Return the architecture and the weights that torchvision published as exactly this file."""
    for architecture in map(architectures.get, architectures.names()):
        for weights in architecture.weights:
            if sha256.startswith(weights.sha256_prefix):
                return architecture, weights
    return None


def by_entries(shapes: Shapes) -> Architecture | None:
    """Return the architecture whose entries these are, whatever the output layer; no two share them."""
    prints: dict[str, str] = {}
    for architecture in map(architectures.get, architectures.names()):
        head = architecture.head
        prints.setdefault(head, fingerprint(shapes, head))
        if prints[head] == architecture.fingerprint:
            return architecture
    return None


def nearest(shapes: Shapes) -> Architecture | None:
    """Return the architecture that shares most with these entries, or None where none shares a name."""
    best = max(map(architectures.get, architectures.names()), key=lambda one: _likeness(shapes, one))
    return best if _likeness(shapes, best) > 0 else None


def _likeness(shapes: Shapes, architecture: Architecture) -> float:
    """Return 0 to 1: the share of all entries, its and theirs, that both have, judged by its sample.

    An entry of another shape counts a quarter.
    """
    points = 0.0
    for key, shape in architecture.sample.items():
        if key in shapes:
            points += 1.0 if shape_text(shapes[key]) == shape else 0.25
    common = points / len(architecture.sample) * architecture.entry_count
    theirs = sum(not (is_counter(key) or is_auxiliary(key)) for key in shapes)
    return 2 * common / (architecture.entry_count + theirs)


def _recognised(file: WeightsFile, fitting: Match) -> Recognition:
    exact = official(file.sha256)
    weights = exact[1] if exact else likely_weights(file, fitting.architecture)
    return msgspec.structs.replace(
        _record(file, fitting),
        architecture=fitting.architecture.name,
        title=fitting.architecture.title,
        exact_weights=exact[1].name if exact else None,
        preprocessing=weights.preprocessing,
        preprocessing_is_certain=exact is not None,
        notes=(
            *file.notes,
            *_entry_notes(file, fitting),
            *(() if exact else (_preprocessing_note(fitting.architecture, weights),)),
        ),
    )


def likely_weights(file: WeightsFile, architecture: Architecture) -> OfficialWeights:
    """Return the official weights whose preprocessing a file most likely wants, where its hash is unknown.

    A vision transformer's entries tell the size of its pictures.
    """
    size = image_size({key: tuple(tensor.shape) for key, tensor in file.entries.items()})
    fitting = [w for w in architecture.weights if size in (None, w.preprocessing.crop)]
    choices = fitting or list(architecture.weights)
    return max(choices, key=lambda weights: (weights.name == _LIKELY, weights.is_default))


def _preprocessing_note(architecture: Architecture, likely: OfficialWeights) -> str:
    others = ", ".join(w.name for w in architecture.weights if w is not likely)
    pixels = f"resize {likely.preprocessing.resize}, crop {likely.preprocessing.crop}"
    note = f"The file is none of torchvision's own, so its preprocessing is a guess: {likely.name} ({pixels})"
    return note + (f"; also possible: {others}." if others else ".")


def _entry_notes(file: WeightsFile, fitting: Match) -> tuple[str, ...]:
    """Return what was passed over in a file that fits."""
    notes = []
    if any(map(is_auxiliary, file.entries)):
        notes.append("Its auxiliary heads, used in training from scratch alone, are left out.")
    if not any(map(is_counter, file.entries)) and any(key.endswith("running_mean") for key in file.entries):
        notes.append("It has no counts of batches (num_batches_tracked), which nothing here needs.")
    if fitting.num_classes is None:
        notes.append("Its output layer is missing or of another kind; a new one takes its place anyway.")
    return tuple(notes)


def _misfit(file: WeightsFile, asked: Match, found: Architecture | None) -> Recognition:
    reason = f"These weights do not fit {asked.architecture.title}: {asked.misfit}."
    instead = f" They fit {found.title} ({found.name})." if found and found is not asked.architecture else ""
    return msgspec.structs.replace(_record(file, asked), reason=reason + instead)


def _unknown(file: WeightsFile, shapes: Shapes) -> Recognition:
    closest = nearest(shapes)
    if closest is None:
        return msgspec.structs.replace(
            _record(file, None),
            reason="These weights are of no network in torchvision: none of its names occurs in them.",
        )
    near = match(shapes, closest)
    entries = near.matched + len(near.missing) + len(near.other_shapes)
    reason = (
        f"These weights are of no network in torchvision. The nearest is {closest.title}: "
        f"{near.matched} of {entries} entries match."
    )
    return msgspec.structs.replace(_record(file, near), reason=reason)


def _record(file: WeightsFile, laid: Match | None) -> Recognition:
    """Return what holds of a file that is not recognised, with the figures of what it was compared to."""
    floats = sum(tensor.numel() for tensor in file.entries.values() if tensor.is_floating_point())
    return Recognition(
        architecture=None,
        title="Unknown network",
        exact_weights=None,
        num_classes=laid.num_classes if laid and laid.fits else None,
        parameters=laid.parameters if laid and laid.fits else floats,
        layout=file.layout,
        preprocessing=Preprocessing(),
        preprocessing_is_certain=False,
        matched=laid.matched if laid else 0,
        missing=laid.missing if laid else (),
        unexpected=laid.unexpected if laid else tuple(file.entries),
        sha256=file.sha256,
        notes=file.notes,
    )
