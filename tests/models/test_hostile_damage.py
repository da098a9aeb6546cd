"""A damaged file is noticed: each byte of small files changed and cut off, a real network's at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pytest
import torch
from hypothesis import strategies
from safetensors.torch import save as safetensors_bytes

from ftgui.core.errors import FtguiError
from ftgui.models.construction import construct
from ftgui.models.identify import recognise
from ftgui.models.legacy import UNVERIFIABLE
from ftgui.models.weights import read_weights
from tests.models import files

Facts = dict[str, tuple[tuple[int, ...], torch.dtype]]
"""The shape and the kind of number of each entry, by its name."""

FLIPS = strategies.integers(1, 255)
EXAMPLES = 500


class Read(NamedTuple):
    """What came of a file that was read."""

    facts: Facts
    architecture: str | None
    can_be_verified: bool


def read(path: Path) -> Read | None:
    """Read and recognise a file; return None where it is refused."""
    try:
        file = read_weights(path)
        found = recognise(file)
    except FtguiError:
        return None
    facts = {key: (tuple(tensor.shape), tensor.dtype) for key, tensor in file.entries.items()}
    return Read(facts, found.architecture, UNVERIFIABLE not in file.notes)


def damaged(path: Path, position: int, change: int) -> Read | None:
    """Read a file with one byte changed, and change it back."""
    _change(path, position, change)
    try:
        return read(path)
    finally:
        _change(path, position, change)


def _change(path: Path, position: int, change: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(position)
        (byte,) = stream.read(1)
        stream.seek(position)
        stream.write(bytes([byte ^ change]))


def by_zipfile(path: Path, content: object) -> Path:
    """Write what torch.save writes as Python's own archives are laid out."""
    return files.rewritten(path, files.saved(path.with_name("source"), content), {})


def without_checksums(path: Path, content: object) -> Path:
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        return files.saved(path, content)
    finally:
        torch.serialization.set_crc32_options(before)


def legacy(path: Path, content: object) -> Path:
    return files.saved(path, content, legacy=True)


def safetensors(path: Path, content: dict[str, torch.Tensor]) -> Path:
    path.write_bytes(safetensors_bytes(content))
    return path


def few_entries() -> files.Entries:
    """Return as many as it takes: every byte of their file is changed in turn."""
    entries = files.small_entries()
    return {
        key: entries[key] for key in ("bn.running_mean", "bn.num_batches_tracked", "fc.weight", "fc.bias")
    }


# Every byte of a small file.

LATER = [pytest.param(change, marks=pytest.mark.long) for change in (0x04, 0x80, 0xFF)]
CHANGES = [0x01, *LATER]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("write", [files.saved, by_zipfile], ids=["torch", "zipfile"])
def test_a_changed_byte_anywhere_in_an_archive_is_noticed(
    tmp_path: Path, write: Callable[[Path, object], Path], change: int
) -> None:
    path = write(tmp_path / "w.pth", few_entries())
    whole = read(path)
    assert whole is not None
    assert whole.can_be_verified
    unnoticed = [n for n in range(path.stat().st_size) if damaged(path, n, change) is not None]
    assert unnoticed == []


@pytest.mark.parametrize("change", CHANGES)
def test_an_archive_without_checksums_is_never_said_to_be_verified(tmp_path: Path, change: int) -> None:
    path = without_checksums(tmp_path / "w.pth", few_entries())
    whole = read(path)
    assert whole is not None
    assert not whole.can_be_verified
    results = [damaged(path, n, change) for n in range(path.stat().st_size)]
    assert any(result is None for result in results)
    assert any(result is not None for result in results)
    assert not any(result is not None and result.can_be_verified for result in results)


LEGACY: dict[str, Callable[[], object]] = {
    "bare": few_entries,
    "wrapped": lambda: {"epoch": 3, "state_dict": few_entries(), "best": 0.5},
    "module.": lambda: {"state_dict": {f"module.{key}": t for key, t in few_entries().items()}},
}


@pytest.mark.parametrize("change", [pytest.param(0x01, marks=pytest.mark.long), 0x02, *LATER])
@pytest.mark.parametrize("kind", LEGACY)
def test_a_changed_byte_in_a_legacy_file_is_noticed_or_moves_no_shape(
    tmp_path: Path, kind: str, change: int
) -> None:
    """Names alone may change: whether a network has entries of these is what recognising it tells."""
    path = legacy(tmp_path / "w.pth", LEGACY[kind]())
    whole = read(path)
    assert whole is not None
    assert not whole.can_be_verified
    wrong = []
    for position in range(path.stat().st_size):
        result = damaged(path, position, change)
        if result is None:
            continue
        if result.can_be_verified or list(result.facts.values()) != list(whole.facts.values()):
            wrong.append((position, result))
    assert wrong == []


# A real network's file.

NETWORKS = ("squeezenet1_1", pytest.param("mobilenet_v3_small", marks=pytest.mark.long))


class Network(NamedTuple):
    """Files of one network, and what is in them."""

    name: str
    files: dict[str, Path]
    facts: Facts
    head: dict[str, int]
    """How many of a file's first bytes say what is in it, where no checksum covers them."""


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp(request.param)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        entries = construct(request.param, 3).state_dict()
    plain = {key: tensor.clone() for key, tensor in entries.items()}
    wrapped = {"epoch": 3, "state_dict": {f"module.{key}": tensor for key, tensor in plain.items()}}
    written = {
        "zip": files.saved(folder / "z.pth", plain),
        "zipfile": by_zipfile(folder / "p.pth", plain),
        "legacy": legacy(folder / "l.pth", plain),
        "legacy wrapped": legacy(folder / "w.pth", wrapped),
        "safetensors": safetensors(folder / "s.safetensors", plain),
    }
    facts = {key: (tuple(tensor.shape), tensor.dtype) for key, tensor in plain.items()}
    stored = sum(8 + tensor.nbytes for tensor in plain.values())
    head = {kind: written[kind].stat().st_size - stored for kind in ("legacy", "legacy wrapped")}
    head["safetensors"] = 8 + int.from_bytes(written["safetensors"].read_bytes()[:8], "little")
    yield Network(request.param, written, facts, head)
    for path in written.values():
        path.unlink()


@pytest.mark.parametrize("kind", ["zip", "zipfile", "legacy", "legacy wrapped", "safetensors"])
def test_the_whole_file_of_a_network_is_recognised(network: Network, kind: str) -> None:
    """Each of the files that are damaged below."""
    whole = read(network.files[kind])
    assert whole is not None
    assert (whole.architecture, whole.facts) == (network.name, network.facts)
    assert whole.can_be_verified == kind.startswith("zip")


@hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=[*hypothesis.HealthCheck])
@hypothesis.given(data=strategies.data())
@pytest.mark.parametrize("kind", ["zip", pytest.param("zipfile", marks=pytest.mark.long)])
def test_a_byte_changed_at_random_in_an_archive_is_noticed(
    network: Network, kind: str, data: strategies.DataObject
) -> None:
    path = network.files[kind]
    position = data.draw(strategies.integers(0, path.stat().st_size - 1))
    assert damaged(path, position, data.draw(FLIPS)) is None


UNCHECKED = ("legacy", "legacy wrapped", "safetensors")


@hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=[*hypothesis.HealthCheck])
@hypothesis.given(data=strategies.data())
@pytest.mark.parametrize("kind", UNCHECKED)
@pytest.mark.long
def test_a_byte_changed_at_random_in_a_file_without_checksums_is_noticed_or_moves_no_entry(
    network: Network, kind: str, data: strategies.DataObject
) -> None:
    """Half of them where names and sizes stand."""
    path = network.files[kind]
    last = data.draw(strategies.sampled_from([network.head[kind], path.stat().st_size])) - 1
    _check(network, path, data.draw(strategies.integers(0, last)), data.draw(FLIPS))


@hypothesis.settings(max_examples=60, suppress_health_check=[*hypothesis.HealthCheck])
@hypothesis.given(data=strategies.data())
@pytest.mark.parametrize("kind", UNCHECKED)
def test_a_byte_changed_where_names_and_sizes_stand_is_noticed_or_moves_no_entry(
    network: Network, kind: str, data: strategies.DataObject
) -> None:
    position = data.draw(strategies.integers(0, network.head[kind] - 1))
    _check(network, network.files[kind], position, data.draw(FLIPS))


def _check(network: Network, path: Path, position: int, change: int) -> None:
    _check_harmless(network, damaged(path, position, change), (position, change))


def _check_harmless(network: Network, result: Read | None, damage: object) -> None:
    """Check that a damaged file is refused, of no network, or of the same entries; names alone may change."""
    if result is None or result.architecture is None:
        return
    assert not result.can_be_verified
    changed = {key: fact for key, fact in result.facts.items() if network.facts.get(key) != fact}
    gone = network.facts.keys() - result.facts.keys()
    assert (result.architecture, changed, gone) == (network.name, {}, set()), damage


# Cut short.


@pytest.mark.parametrize("kind", ["zip", "zipfile", "legacy", "legacy wrapped", "safetensors"])
def test_a_networks_file_cut_at_every_tenth_is_refused(tmp_path: Path, network: Network, kind: str) -> None:
    content = network.files[kind].read_bytes()
    path = tmp_path / network.files[kind].name
    path.write_bytes(content)
    assert read(path) is not None
    for tenth in range(10):
        path.write_bytes(content[: len(content) * tenth // 10])
        with pytest.raises(FtguiError, match=r"cut short|cut-short|is empty") as error:
            read_weights(path)
        assert "again" in error.value.hint


@pytest.mark.parametrize(
    "write",
    [files.saved, by_zipfile, without_checksums, legacy, safetensors],
    ids=lambda write: write.__name__,
)
def test_a_small_file_cut_anywhere_is_refused(
    tmp_path: Path, write: Callable[[Path, files.Entries], Path]
) -> None:
    path = write(tmp_path / "w.pth", few_entries())
    assert read(path) is not None
    size = path.stat().st_size
    with path.open("r+b") as stream:
        for length in range(size - 1, -1, -1):
            stream.truncate(length)
            assert read(path) is None, f"the first {length} bytes of {size}"


@hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=[*hypothesis.HealthCheck])
@hypothesis.given(data=strategies.data())
@pytest.mark.parametrize("kind", ["zip", "legacy"])
@pytest.mark.long
def test_a_networks_file_with_a_piece_out_of_place_is_noticed_or_moves_no_entry(
    tmp_path_factory: pytest.TempPathFactory, network: Network, kind: str, data: strategies.DataObject
) -> None:
    """A piece left out, put in twice, or moved elsewhere."""
    content = network.files[kind].read_bytes()
    places = strategies.integers(0, len(content))
    begin, end, target = [*sorted((data.draw(places), data.draw(places))), data.draw(places)]
    piece, changed = content[begin:end], content
    if data.draw(strategies.booleans(), label="cut out"):
        changed = content[:begin] + content[end:]
    if data.draw(strategies.booleans(), label="put in"):
        changed = changed[:target] + piece + changed[target:]
    hypothesis.assume(changed != content)
    path = tmp_path_factory.getbasetemp() / "piece.pth"
    path.write_bytes(changed)
    result = read(path)
    assert result is None or kind == "legacy"
    _check_harmless(network, result, (begin, end, target))
