"""Which network a weights file belongs to: by its hash, else by its entries' names and shapes."""

from __future__ import annotations

import msgspec

from ftgui.core.errors import FtguiError
from ftgui.core.preprocessing import Preprocessing
from ftgui.models import architectures
from ftgui.models.architectures import Architecture, OfficialWeights
from ftgui.models.families import family_of
from ftgui.models.fingerprint import Shapes, is_auxiliary, is_counter
from ftgui.models.lookup import by_entries, nearest, official
from ftgui.models.matching import Match, OtherShape, image_size, match
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
    """Known from the file or chosen by the user, not guessed."""
    preprocessing_choices: tuple[Preprocessing, ...] = ()
    """What networks of these shapes were published with, the likeliest first."""
    matched: int
    matched_names: tuple[str, ...] = ()
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    other_shapes: tuple[OtherShape, ...] = ()
    left_out: tuple[str, ...] = ()
    """Names in the file of tensors beside the network's own."""
    sha256: str
    notes: tuple[str, ...]
    """What a person should know, in sentences."""
    reason: str = ""
    nearest: str | None = None
    """The architecture that ``matched``, ``missing`` and the like compare an unknown file to."""


def recognise(
    file: WeightsFile, architecture: str | None = None, preprocessing: str | Preprocessing | None = None
) -> Recognition:
    """Say which network a file belongs to. A hint that does not fit is refused with its reason.

    ``preprocessing`` is to be used, whatever is likely: that of the official weights of this name, or this.

    Raises:
        FtguiError: the hint is no architecture's name, or no such weights are published for the network.
    """
    shapes = file.shapes
    found = _find(file.sha256, shapes)
    asked = found if architecture is None else architectures.get(architecture)
    if asked is None:
        return _unknown(file, shapes)
    laid = match(shapes, asked)
    if laid.fits and not _is_torn(file, laid):
        return _recognised(file, laid, preprocessing)
    return _misfit(file, laid, found)


def _is_torn(file: WeightsFile, laid: Match) -> bool:
    """Whether a part of the output layer lies under another name beside the network: the file is damaged."""
    head = laid.architecture.head
    return bool(file.left_out) and f"{head}.weight" in laid.matched and f"{head}.bias" in laid.missing


def _find(sha256: str, shapes: Shapes) -> Architecture | None:
    exact = official(sha256)
    return exact[0] if exact else by_entries(shapes)


def _recognised(file: WeightsFile, fitting: Match, asked: str | Preprocessing | None) -> Recognition:
    exact = official(file.sha256)
    choices = likely_weights(file, fitting.architecture)
    if isinstance(asked, str):
        asked = _published(fitting.architecture, choices, asked).preprocessing
    is_certain = exact is not None or asked is not None
    return msgspec.structs.replace(
        _record(file, fitting),
        architecture=fitting.architecture.name,
        title=fitting.architecture.title,
        exact_weights=exact[1].name if exact else None,
        preprocessing=asked or (exact[1] if exact else choices[0]).preprocessing,
        preprocessing_is_certain=is_certain,
        preprocessing_choices=tuple(choice.preprocessing for choice in choices),
        notes=(
            *file.notes,
            *_entry_notes(file, fitting),
            *(() if is_certain else (_preprocessing_note(choices),)),
        ),
    )


def _for_size(weights: OfficialWeights, size: int) -> OfficialWeights:
    """Return weights with a preprocessing for pictures of another size than is published, of the same cut."""
    plan = weights.preprocessing
    resize, name = round(size * plan.resize / plan.crop), f"{plan.name} at {size} pixels"
    sized = msgspec.structs.replace(plan, crop=size, resize=resize, name=name)
    return msgspec.structs.replace(weights, preprocessing=sized)


def likely_weights(file: WeightsFile, architecture: Architecture) -> list[OfficialWeights]:
    """Return the official weights whose preprocessing a file may want, the likeliest first.

    A vision transformer's entries tell the size of its pictures.
    """
    size = image_size(file.shapes)
    choices = [w for w in architecture.weights if size in (None, w.preprocessing.crop)]
    if not choices and size is not None:
        choices = [_for_size(w, size) for w in architecture.weights]
    return sorted(choices, key=lambda weights: (weights.name != _LIKELY, not weights.is_default))


def _published(architecture: Architecture, choices: list[OfficialWeights], name: str) -> OfficialWeights:
    for weights in choices:
        if name in (weights.name, weights.preprocessing.name):
            return weights
    names = ", ".join(weights.name for weights in choices)
    raise FtguiError(
        f"{architecture.title} has no published weights “{name}” for pictures of this size.",
        f"Choose the preprocessing of {names}.",
    )


def _preprocessing_note(choices: list[OfficialWeights]) -> str:
    likely, *others = choices
    pixels = f"resize {likely.preprocessing.resize}, crop {likely.preprocessing.crop}"
    note = f"The file is none of torchvision's own, so its preprocessing is a guess: {likely.name} ({pixels})"
    return note + (f"; also possible: {', '.join(w.name for w in others)}." if others else ".")


def _entry_notes(file: WeightsFile, fitting: Match) -> tuple[str, ...]:
    """Return what was passed over in a file that fits."""
    notes = []
    if fitting.architecture.name in ("googlenet", "inception_v3"):
        found = "Its auxiliary heads are left out" if any(map(is_auxiliary, file.entries)) else "It has none"
        notes.append(
            f"Auxiliary heads, which only training from scratch uses, are off here. {found}; an export has "
            "untrained ones, as torchvision expects them to be there."
        )
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
    family = family_of(shapes)
    whose = f" Its names are those of {family}." if family else ""
    closest = nearest(shapes)
    if closest is None:
        reason = f"These weights are of no network in torchvision: none of its names occurs in them.{whose}"
        return msgspec.structs.replace(_record(file, None), reason=reason)
    near = match(shapes, closest)
    reason = (
        f"These weights are of no network in torchvision.{whose} The nearest is {closest.title}: "
        f"{len(near.matched)} of {near.entries} entries match; {near.misfit}."
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
        matched=len(laid.matched) if laid else 0,
        matched_names=laid.matched if laid else (),
        missing=laid.missing if laid else (),
        unexpected=laid.unexpected if laid else tuple(file.entries),
        other_shapes=laid.other_shapes if laid else (),
        left_out=file.left_out,
        sha256=file.sha256,
        notes=file.notes,
        nearest=laid.architecture.name if laid else None,
    )
