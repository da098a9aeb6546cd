"""A network cut in two at a stage's boundary: ``suffix(prefix(x))`` is ``model(x)``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import CodeType

import torch
from torch import fx, nn

from ftgui.core.errors import FtguiError
from ftgui.models.stages import Stage
from ftgui.models.tracing import trace

Nodes = Sequence[fx.Node]


class Halves:
    """A network cut after its first ``line`` stages: 0 leaves the prefix empty, all stages the suffix.

    Both halves share the network's parameters, buffers and modules, and each is made when it is first asked
    for. Modes (train or eval) are set on the network, as ever, before or after the cut and as often as
    wanted, or on a half, as on any module; weights may change. Cut again only where the line moves, and once
    the network is on its device: what is moved later may be left behind here.

    Raises:
        FtguiError: the network cannot be traced, or has no such place to be cut at.
    """

    def __init__(self, model: nn.Module, stages: Sequence[Stage], line: int) -> None:
        self._model = model
        self._nodes = trace(model).nodes
        self._edge = _edge_name(self._nodes, stages, line)
        _edge(self._nodes, self._edge)
        asking = _asking(model, self._nodes)
        self._asking_before = _outside(asking, stages[line:])
        self._asking_after = _outside(asking, stages[:line])
        self._modes_before, self._modes_after = _modes(self._asking_before), _modes(self._asking_after)

    @functools.cached_property
    def prefix(self) -> fx.GraphModule:
        """From pictures to what crosses the line.

        Its modules follow their modes. Functions that are told a mode, such as ``F.dropout``, are told eval:
        a prefix is what stays, and what stays is held in eval mode.
        """
        if not any(self._modes_before):
            return _before(self._model, self._nodes, self._edge)
        with _in_eval_mode(self._asking_before):
            return _before(self._model, trace(self._model).nodes, self._edge)

    @functools.cached_property
    def suffix(self) -> nn.Module:
        """From what crosses the line to the answers. It does not write into what it is given.

        Its modules follow their modes, and functions are told those of the moment: where a module in it may
        tell them, the network is traced when it is first run in modes (train, eval) in which it has not been
        traced, once for each.
        """
        part = _after(self._model, self._nodes, self._edge)
        if not self._asking_after:
            return part
        return _ByModes(self._asking_after, self._modes_after, part, self._again)

    def _again(self) -> fx.GraphModule:
        return _after(self._model, trace(self._model).nodes, self._edge)


class _ByModes(nn.Module):
    """A part of a network, as it was traced in each set of modes that it has run in."""

    def __init__(
        self,
        asking: Sequence[nn.Module],
        modes: tuple[bool, ...],
        part: fx.GraphModule,
        again: Callable[[], fx.GraphModule],
    ) -> None:
        super().__init__()
        self._asking = tuple(asking)  # a tuple is not registered: what asks may hold more than this part
        self._again = again
        self._index = {modes: 0}
        self.parts = nn.ModuleList([part])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        modes = _modes(self._asking)
        if modes not in self._index:
            self._index[modes] = len(self.parts)
            self.parts.append(self._again())
        answers: torch.Tensor = self.parts[self._index[modes]](features)
        return answers

    def train(self, mode: bool = True) -> _ByModes:
        """Set the mode of all that runs in this part, what asks for its mode included."""
        for module in self._asking:
            module.training = mode
        return super().train(mode)


def _modes(modules: Iterable[nn.Module]) -> tuple[bool, ...]:
    return tuple(module.training for module in modules)


@contextmanager
def _in_eval_mode(modules: Sequence[nn.Module]) -> Iterator[None]:
    before = _modes(modules)
    for module in modules:
        module.training = False
    try:
        yield
    finally:
        for module, mode in zip(modules, before, strict=True):
            module.training = mode


def _asking(model: nn.Module, nodes: Nodes) -> dict[str, nn.Module]:
    """Return the modules whose mode may be written into the operations: traced through, not called."""
    called = {str(node.target) for node in nodes if node.op == "call_module"}
    return {
        path: module
        for path, module in model.named_modules()
        if path not in called and _reads_its_mode(module.__class__)
    }


@functools.cache
def _reads_its_mode(kind: type[nn.Module]) -> bool:
    """Whether a class's own code mentions ``training``. torch's layers are never traced through."""
    own = [base for base in kind.__mro__ if base.__module__.partition(".")[0] != "torch"]
    functions = [value for base in own for value in vars(base).values() if inspect.isfunction(value)]
    return any(_mentions(function.__code__, "training") for function in functions)


def _mentions(code: CodeType, name: str) -> bool:
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return name in code.co_names or any(_mentions(part, name) for part in inner)


def _outside(modules: Mapping[str, nn.Module], stages: Sequence[Stage]) -> tuple[nn.Module, ...]:
    """Return the modules that do not run in one of these stages alone."""
    inner = {path for stage in stages for path in stage.inner}
    return tuple(module for path, module in modules.items() if path not in inner)


def _edge_name(nodes: Nodes, stages: Sequence[Stage], line: int) -> str:
    """Return the name of the operation whose tensor crosses the line."""
    if line == 0:
        return next(node.name for node in nodes if node.op == "placeholder")
    return _result(nodes).name if line == len(stages) else stages[line - 1].boundary


def _result(nodes: Nodes) -> fx.Node:
    (result,) = nodes[-1].all_input_nodes
    return result


def _edge(nodes: Nodes, name: str) -> fx.Node:
    for node in nodes:
        if node.name == name:
            return node
    raise FtguiError(
        "This network cannot be cut where its stages meet.",
        "Use one of torchvision's classifiers.",
        f"no operation {name}",
    )


def _before(model: nn.Module, nodes: Nodes, edge_name: str) -> fx.GraphModule:
    edge = _edge(nodes, edge_name)
    return _part(model, nodes, _needed(edge), result=edge)


def _after(model: nn.Module, nodes: Nodes, edge_name: str) -> fx.GraphModule:
    edge, result = _edge(nodes, edge_name), _result(nodes)
    return _part(model, nodes, _needed(result, given=edge), result=result, given=edge)


def _needed(node: fx.Node, given: fx.Node | None = None) -> set[fx.Node]:
    """Return all that a value is computed from, itself included, back to the input or a value ``given``.

    Parameters, and what is computed from them alone, are needed wherever they are used.
    """
    found, waiting = {node}, [node]
    while waiting:
        value = waiting.pop()
        for source in value.all_input_nodes if value is not given else ():
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def _part(
    model: nn.Module,
    nodes: Nodes,
    wanted: Collection[fx.Node],
    result: fx.Node,
    given: fx.Node | None = None,
) -> fx.GraphModule:
    """Return a module of the wanted operations, in their order, which yields ``result``."""
    graph, copies = fx.Graph(), dict[fx.Node, fx.Node]()
    if given is not None:
        features = graph.placeholder("features")
        overwritten = any(_works_in_place(model, user) for user in given.users)
        copies[given] = graph.call_method("clone", (features,)) if overwritten else features
    for node in nodes:
        if node in wanted and node is not given:
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[result])
    return fx.GraphModule(model, graph)


def _works_in_place(model: nn.Module, node: fx.Node) -> bool:
    """Whether an operation may write into what it is given, as some Dropouts do in train mode."""
    if node.op == "call_module":
        return bool(getattr(model.get_submodule(str(node.target)), "inplace", False))
    return bool(node.kwargs.get("inplace", False))
