"""A network cut in two at a stage's boundary: ``suffix(prefix(x))`` is ``model(x)``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
from torch import fx, nn

from ftgui.models.stages import Stage
from ftgui.models.tracing import trace


@dataclass(frozen=True)
class Halves:
    """Both halves share parameters, buffers and modules with the network that was cut."""

    prefix: nn.Module
    suffix: nn.Module


def split(model: nn.Module, stages: Sequence[Stage], line: int) -> Halves:
    """Cut a network after its first ``line`` stages, in the modes (train or eval) that its modules are in.

    What asks for the mode while it runs (Dropout and its like called as functions) is cut as it is now: cut
    again where modes change. Modules follow their own ``training``, as ever.

    ``line`` 0 leaves the prefix empty, all stages the suffix.

    Raises:
        FtguiError: the network cannot be traced.
    """
    traced = trace(model)
    if line == 0:
        return Halves(nn.Identity(), traced.module)
    nodes = list(traced.module.graph.nodes)
    if line == len(stages):
        return Halves(traced.module, nn.Identity())
    edge = next(node for node in nodes if node.name == stages[line - 1].boundary)
    (output,) = (node for node in nodes if node.op == "output")
    prefix = _part(traced.module, nodes, _needed(edge), result=edge)
    suffix = _part(traced.module, nodes, _needed(output, given=edge), result=output.args[0], given=edge)
    return Halves(prefix, suffix)


def _needed(node: fx.Node, given: fx.Node | None = None) -> set[fx.Node]:
    """Return all that a value is computed from, itself included, back to the input or a value ``given``.

    Parameters, and what is computed from them alone, are needed wherever they are used.
    """
    found, waiting = {node}, [node]
    while waiting:
        for source in waiting.pop().all_input_nodes:
            if source not in found:
                found.add(source)
                if source is not given:
                    waiting.append(source)
    return found


def _part(
    module: fx.GraphModule,
    nodes: Sequence[fx.Node],
    wanted: Collection[fx.Node],
    result: fx.Node,
    given: fx.Node | None = None,
) -> fx.GraphModule:
    """Return a module of the wanted operations, in their order, which yields ``result``."""
    graph, copies = fx.Graph(), dict[fx.Node, fx.Node]()
    if given is not None:
        copies[given] = graph.placeholder("features")
    for node in nodes:
        if node in wanted and node is not given and node.op != "output":
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[result])
    return fx.GraphModule(module, graph)
