"""The stages of a network, found in it and not listed: a handful of pieces that a person would draw."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec
from torch import fx, nn

from ftgui.models.blocks import Block, crossing_name, find_blocks
from ftgui.models.head import output_layer
from ftgui.models.tracing import Traced, measure, trace

_FEWEST, _TYPICAL = 5, 6
_PATCHES = 16
"""A first layer that leaves a 16th of the picture's positions cuts it into patches."""
_NEGLIGIBLE = 0.01

_Group = list[Block]


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of a network, from one point where a single tensor crosses to the next."""

    name: str
    """``stem``, then module paths, then ``head``; without spaces, so that it can be typed as an option."""
    modules: tuple[str, ...]
    """Paths of its leaf modules that have state, in the order in which they run."""
    entries: tuple[str, ...]
    """Every key of the ``state_dict`` that belongs to it, parameters and buffers."""
    parameters: int
    cost_share: float
    """Share of a forward pass's multiply-adds; all stages' add up to 1."""
    inner: tuple[str, ...] = ()
    """Paths of all modules that run in this stage alone, leaves and parents, with state or without: those
    whose mode (train or eval) is this stage's own, Dropout and StochasticDepth among them."""
    boundary: str = ""
    """Name of the traced operation whose tensor leaves it; "" for the head."""


def find_stages(model: nn.Module, crop: int) -> tuple[Stage, ...]:
    """Return the stages of a network for pictures of ``crop`` × ``crop`` pixels. The last is the head.

    The head begins at the last layer with parameters, or at Dropout directly before it. The network is
    neither run nor changed.

    Raises:
        FtguiError: it cannot be traced, or pictures of that size do not go through.
    """
    traced = trace(model)
    blocks = find_blocks(model, traced, measure(traced, crop))
    extractor, head = _split_off_head(model, blocks)
    groups = _merge_negligible(model, _by_size(model, extractor, crop * crop))
    groups = [*_divide_further(groups), head]
    return _as_stages(model, traced, groups)


def _split_off_head(model: nn.Module, blocks: list[Block]) -> tuple[list[Block], _Group]:
    layer = output_layer(model)
    first = next(i for i, block in enumerate(blocks) if any(node.target == layer for node in block.nodes))
    while first > 1 and _is_dropout(model, blocks[first - 1]):
        first -= 1
    return blocks[:first], blocks[first:]


def _is_dropout(model: nn.Module, block: Block) -> bool:
    called = [str(node.target) for node in block.nodes if node.op == "call_module"]
    return bool(called) and all(isinstance(model.get_submodule(path), nn.Dropout) for path in called)


def _by_size(model: nn.Module, blocks: list[Block], picture: int) -> list[_Group]:
    """Group blocks into runs of one resolution. Pools go with what comes before them, since after a pool
    there is least to keep; Dropout goes with the layer that it is meant for.
    """
    groups: list[_Group] = [[]]
    positions = picture
    for block in blocks:
        if block.has_state and _begins_stage(model, groups, block, positions, picture):
            groups.append(_take_dropout(model, groups[-1]))
        groups[-1].append(block)
        if block.has_state:
            positions = block.positions
    return [group for group in groups if group]


def _take_dropout(model: nn.Module, group: _Group) -> _Group:
    """Remove the Dropout at a group's end and return it."""
    keep = len(group)
    while keep and _is_dropout(model, group[keep - 1]):
        keep -= 1
    taken, group[keep:] = group[keep:], []
    return taken


def _begins_stage(model: nn.Module, groups: list[_Group], block: Block, positions: int, picture: int) -> bool:
    """Whether a block works at half the positions or fewer, or is the first of patches cut by the stem."""
    if not any(earlier.has_state for earlier in groups[-1]):
        return False
    made_of_parts = any(True for _ in model.get_submodule(block.units[0]).children())
    after_patches = len(groups) == 1 and positions * _PATCHES <= picture and made_of_parts
    return positions >= 2 * block.positions or after_patches


def _merge_negligible(model: nn.Module, groups: list[_Group]) -> list[_Group]:
    """Let what follows flattening go with the stage before where it is next to nothing."""
    everything = sum(parameter.numel() for parameter in model.parameters())
    while len(groups) > 1 and groups[-1][-1].positions == 1:
        own = sum(_parameters(model, unit) for block in groups[-1] for unit in block.units)
        if own > _NEGLIGIBLE * everything:
            break
        groups = [*groups[:-2], groups[-2] + groups[-1]]
    return groups


def _parameters(model: nn.Module, path: str) -> int:
    return sum(parameter.numel() for parameter in model.get_submodule(path).parameters())


def _divide_further(groups: list[_Group]) -> list[_Group]:
    """Divide the costliest group evenly where resolution alone tells too few apart (transformers)."""
    if not groups or len(groups) + 1 >= _FEWEST:
        return groups
    index = max(range(len(groups)), key=lambda i: sum(block.cost for block in groups[i]))
    parts = _evenly(groups[index], _TYPICAL - len(groups))
    return [*groups[:index], *parts, *groups[index + 1 :]]


def _evenly(group: _Group, parts: int) -> list[_Group]:
    """Divide a group into at most ``parts``, each with as many blocks that have state as the others."""
    starts = [index for index, block in enumerate(group) if block.has_state]
    count = min(parts, len(starts))
    if count < 2:
        return [group]
    edges = [0, *(starts[len(starts) * part // count] for part in range(1, count)), len(group)]
    return [group[a:b] for a, b in pairwise(edges)]


def _as_stages(model: nn.Module, traced: Traced, groups: list[_Group]) -> tuple[Stage, ...]:
    nodes = [tuple(node for block in group for node in block.nodes) for group in groups]
    stage_of = {node: index for index, own in enumerate(nodes) for node in own}
    inner = _modules_by_stage(model, traced, stage_of)
    entries = _entries_by_stage(model, stage_of, inner)
    costs = [sum(block.cost for block in group) for group in groups]
    names = _names(model, groups)
    learnable = dict(model.named_parameters(remove_duplicate=False))
    return tuple(
        Stage(
            name=names[index],
            modules=_leaves_with_state(model, own),
            entries=tuple(entries[index]),
            parameters=sum(learnable[key].numel() for key in entries[index] if key in learnable),
            cost_share=costs[index] / sum(costs) if sum(costs) else 1 / len(groups),
            inner=tuple(path for path, stages in inner.items() if stages == {index}),
            boundary=crossing_name(own),
        )
        for index, own in enumerate(nodes)
    )


def _leaves_with_state(model: nn.Module, nodes: tuple[fx.Node, ...]) -> tuple[str, ...]:
    called = dict.fromkeys(str(node.target) for node in nodes if node.op == "call_module")
    return tuple(path for path in called if model.get_submodule(path).state_dict())


def _modules_by_stage(model: nn.Module, traced: Traced, stage_of: dict[fx.Node, int]) -> dict[str, set[int]]:
    """Return for every module in which stages its operations run; none where it never runs."""
    stages: dict[str, set[int]] = {path: set() for path, _ in model.named_modules() if path}
    for node, stage in stage_of.items():
        parts = traced.paths[node].split(".")
        for depth in range(1, len(parts) + 1):
            stages.get(".".join(parts[:depth]), set()).add(stage)
    for path, own in stages.items():  # parts of a module that is traced as one run where it runs
        if not own:
            own |= stages.get(path.rpartition(".")[0], set())
    return stages


def _entries_by_stage(
    model: nn.Module, stage_of: dict[fx.Node, int], modules: dict[str, set[int]]
) -> list[list[str]]:
    """Share out every key of the ``state_dict``: to the stage of its module; a parameter that a container
    holds itself to the stage that fetches it; what never runs to the stage of the key before it.
    """
    fetched = {str(node.target): stage for node, stage in stage_of.items() if node.op == "get_attr"}
    entries: list[list[str]] = [[] for _ in range(1 + max(stage_of.values()))]
    stage = 0
    for key in model.state_dict():
        owners = modules.get(key.rpartition(".")[0], set())
        stage = fetched.get(key, next(iter(owners)) if len(owners) == 1 else stage)
        entries[stage].append(key)
    return entries


def _names(model: nn.Module, groups: list[_Group]) -> list[str]:
    """Return a name a stage, unique and the same every time."""
    names = ["stem", *(_name_of(model, _defining_units(group)) for group in groups[1:-1]), "head"]
    names = names[-len(groups) :]  # a network of one stage is all head
    return [name if names.index(name) == index else f"{name}-{index}" for index, name in enumerate(names)]


def _defining_units(group: _Group) -> list[str]:
    """Return the modules at the resolution of a stage's first; a small layer after flattening is none."""
    blocks = [block for block in group if block.has_state]
    return [block.units[0] for block in blocks if 2 * block.positions > blocks[0].positions]


def _name_of(model: nn.Module, units: list[str]) -> str:
    """Return what a run of modules is called: ``layer1``, ``features.4-6``, ``inception3a-inception3b``."""
    first, last = units[0].split("."), units[-1].split(".")
    shared = next((d for d, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    if shared == len(first) or (shared and _is_all_of(model, first[:shared], units)):
        return _shortened(first[:shared])
    start, end = _shortened(first[: shared + 1]), last[shared]
    stem = re.split(r"\d+$", first[shared])[0]
    same_stem = end.startswith(stem) and end[len(stem) :].isdigit()
    return f"{start}-{end[len(stem) :] if same_stem else end}"


def _is_all_of(model: nn.Module, parent: list[str], units: list[str]) -> bool:
    """Whether a module has no parameters outside of these units in it."""
    path = ".".join(parent)
    return _parameters(model, path) == sum(_parameters(model, unit) for unit in units)


def _shortened(parts: list[str]) -> str:
    """Return the last part of a path, or all of it where that is only a number."""
    return ".".join(parts) if parts[-1].isdigit() else parts[-1]
