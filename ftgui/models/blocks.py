"""The smallest pieces into which a network can be cut: rows of operations between clean cuts.

A clean cut is a point where exactly one tensor crosses from what has run to what is still to run. Cuts are
only looked for at the edges of modules, so that no residual block or convolution with its norm is torn.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import fx, nn

from ftgui.models.head import output_layer
from ftgui.models.tracing import Measured, Traced

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


@dataclass(frozen=True)
class Block:
    """Operations that stay together."""

    nodes: tuple[fx.Node, ...]
    units: tuple[str, ...]
    """Module paths of what it is made of, in order; only those with state."""
    positions: int
    """Height × width of what its last module with state yields; tokens of a transformer; 1 if flattened."""
    cost: int
    """Floating-point operations."""

    @property
    def has_state(self) -> bool:
        return bool(self.units)

    @property
    def boundary(self) -> str:
        """Name of the operation whose tensor leaves it."""
        return crossing_name(self.nodes)


def crossing_name(nodes: tuple[fx.Node, ...]) -> str:
    """Return the name of the last operation that later ones use, or "" at the network's end."""
    inside = set(nodes)
    for node in reversed(nodes):
        if node.op != "get_attr" and any(user not in inside and user.op != "output" for user in node.users):
            return node.name
    return ""


def find_blocks(model: nn.Module, traced: Traced, measured: Measured) -> list[Block]:
    """Return the blocks of a network from its input to its output, the input's placeholder left out."""
    nodes = [node for node in traced.nodes if node.op not in ("placeholder", "output")]
    units = _units(model, traced, nodes)
    cuts = _clean_cuts(model, nodes, units, measured)
    edges = [0, *cuts, len(nodes)]
    pieces = [(tuple(nodes[a:b]), units[a:b]) for a, b in pairwise(edges)]
    return [_block(model, traced, piece, names, measured) for piece, names in pieces]


def _units(model: nn.Module, traced: Traced, nodes: list[fx.Node]) -> list[str]:
    """Return for each operation the module not to be torn; loose operations go with the one before."""
    opened = _opened(model, traced, nodes)
    units: list[str] = []
    for node in nodes:
        unit = _first_unopened(traced.paths[node], opened)
        units.append(unit or (units[-1] if units else ""))
    return units


def _first_unopened(path: str, opened: set[str]) -> str:
    """Return the outermost module on the way to ``path`` that is a unit, or "" if all are opened."""
    parts = path.split(".")
    prefixes = (".".join(parts[: depth + 1]) for depth in range(len(parts)))
    return next((prefix for prefix in prefixes if prefix not in opened), "")


def _opened(model: nn.Module, traced: Traced, nodes: list[fx.Node]) -> set[str]:
    """Return the modules that are rows of units, not units: plain containers, what holds most of the
    network (a transformer's encoder), and what holds the output layer.
    """
    head = output_layer(model)
    opened = {"", *_ancestors(head)}
    for path, part in model.named_modules():
        if path.rpartition(".")[0] not in opened or path == head:
            continue
        beneath = sum(traced.paths[node].startswith(path + ".") for node in nodes)
        if type(part) in _CONTAINERS or beneath > len(nodes) / 2:
            opened.add(path)
    return opened


def _ancestors(path: str) -> set[str]:
    parts = path.split(".")
    return {".".join(parts[:depth]) for depth in range(1, len(parts))}


def _clean_cuts(model: nn.Module, nodes: list[fx.Node], units: list[str], measured: Measured) -> list[int]:
    """Return the indices before which the network can be cut between two units."""
    crossing = _crossing_counts(nodes, measured)
    last_call = {node.target: index for index, node in enumerate(nodes) if node.op == "call_module"}
    cuts, needed_until = [], -1
    for index in range(1, len(nodes)):
        needed_until = max(needed_until, last_call.get(nodes[index - 1].target, -1))
        between_units = units[index] != units[index - 1]
        called_again = needed_until >= index and _is_stateful(model, nodes, index, needed_until)
        if between_units and crossing[index] and not called_again and not _is_norm(model, units[index]):
            cuts.append(index)
    return cuts


def _is_stateful(model: nn.Module, nodes: list[fx.Node], index: int, until: int) -> bool:
    """Whether a module with state is called both before ``index`` and from there up to ``until``."""
    before = {node.target for node in nodes[:index] if node.op == "call_module"}
    again = {node.target for node in nodes[index : until + 1] if node.op == "call_module"}
    return any(model.get_submodule(str(target)).state_dict() for target in before & again)


def _is_norm(model: nn.Module, unit: str) -> bool:
    return isinstance(model.get_submodule(unit), _NORMS)


def _crossing_counts(nodes: list[fx.Node], measured: Measured) -> list[bool]:
    """Return for each index whether exactly one value, a tensor, crosses from before it.

    Parameters fetched by name do not count: they go with whoever uses them.
    """
    order = {node: index for index, node in enumerate(nodes)}
    last_use = {node: _last_use(node, order) for node in nodes}
    alive: set[fx.Node] = set()
    clean = [False]
    for index, node in enumerate(nodes[:-1]):
        if node.op != "get_attr":
            alive.add(node)
        alive = {value for value in alive if last_use[value] > index}
        clean.append(len(alive) == 1 and next(iter(alive)) in measured.shapes)
    return clean


def _last_use(node: fx.Node, order: dict[fx.Node, int]) -> int:
    """Return the index of the last operation that uses a value; the output comes after all."""
    return max((order.get(user, len(order)) for user in node.users), default=-1)


def _block(
    model: nn.Module, traced: Traced, nodes: tuple[fx.Node, ...], units: list[str], measured: Measured
) -> Block:
    stateful = [unit for unit in dict.fromkeys(units) if unit and model.get_submodule(unit).state_dict()]
    own = [node for node in nodes if node in measured.shapes and node.op != "get_attr"]
    within = [node for node in own if any(_is_within(traced.paths[node], unit) for unit in stateful)]
    last = (within or own)[-1:]
    return Block(
        nodes=nodes,
        units=tuple(stateful),
        positions=_positions(measured.shapes[last[0]]) if last else 1,
        cost=sum(measured.costs[node] for node in nodes),
    )


def _is_within(path: str, unit: str) -> bool:
    return path == unit or path.startswith(unit + ".")


def _positions(shape: tuple[int, ...]) -> int:
    """Return how many places of the picture a tensor describes, channels first or last."""
    if len(shape) == 4:
        channels_last = shape[1] == shape[2] != shape[3]
        return shape[1] * shape[2] if channels_last else shape[2] * shape[3]
    return shape[1] if len(shape) == 3 else 1
