"""A network as a row of operations: traced by torch.fx, measured without computing anything."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import torchvision
from torch import fx, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from torchvision.models.feature_extraction import NodePathTracer

from ftgui.core.errors import FtguiError

_KEEP_SHAPE = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.Dropout,
    nn.ReLU,
    nn.ReLU6,
    nn.SiLU,
    nn.Hardswish,
)


@dataclass(frozen=True)
class Traced:
    """A network's operations in the order in which they run."""

    model: nn.Module
    graph: fx.Graph
    paths: dict[fx.Node, str]
    """Module path that an operation belongs to: its own for a module's call, else of the module around."""

    @cached_property
    def module(self) -> fx.GraphModule:
        """Shares its parameters, buffers and modules with the network."""
        return fx.GraphModule(self.model, self.graph)

    @property
    def nodes(self) -> list[fx.Node]:
        return list(self.graph.nodes)


class _Tracer(NodePathTracer):  # type: ignore[misc]
    """torchvision's, without the names that it makes up for operations, a comparison with all before each."""

    proxy_buffer_attributes = True
    """Or what is computed from buffers alone is computed once and left on the network."""

    def _get_node_qualname(self, module_qualname: str, node: fx.Node) -> str:
        return f"{module_qualname}.{node.name}"


def trace(model: nn.Module) -> Traced:
    """Trace a network in the mode (train or eval) that it is in.

    torchvision's tracer knows its own operations; StochasticDepth stays a module, since traced through it
    would for ever do what the mode of this moment says.

    Raises:
        FtguiError: its path through the layers depends on the data.
    """
    tracer = _Tracer(
        autowrap_modules=(math, torchvision.ops),
        param_shapes_constant=True,
        leaf_modules=[torchvision.ops.StochasticDepth],
    )
    try:
        graph = tracer.trace(model)
    except Exception as error:
        raise FtguiError(
            "This network cannot be taken apart into stages.",
            "Use one of torchvision's classifiers.",
            f"{type(error).__name__}: {error}",
        ) from error
    return Traced(
        model=model,
        graph=graph,
        paths={node: _path(node, tracer.node_to_qualname.get(node, "")) for node in graph.nodes},
    )


def _path(node: fx.Node, qualified_name: str) -> str:
    """Return the module path of an operation; ``qualified_name`` ends in the operation's own name."""
    if node.op in ("call_module", "get_attr"):
        path = str(node.target)
        return path if node.op == "call_module" else path.rpartition(".")[0]
    return qualified_name.rpartition(".")[0]


@dataclass(frozen=True)
class Measured:
    """What each operation yields and costs, for one square picture."""

    shapes: dict[fx.Node, tuple[int, ...]]
    """Of operations that yield one tensor; others are absent."""
    costs: dict[fx.Node, int]
    """Floating-point operations of convolutions and matrix products, attention's included."""


def measure(traced: Traced, crop: int) -> Measured:
    """Run a network on the meta device, where tensors have shapes and no values.

    Nothing of the network is touched: it runs with stand-ins for its parameters and buffers.

    Raises:
        FtguiError: pictures of ``crop`` × ``crop`` pixels do not go through.
    """
    recorder = _Recorder(traced.module)
    state = {**dict(traced.module.named_parameters()), **dict(traced.module.named_buffers())}
    stand_ins = {f"module.{key}": torch.empty_like(tensor, device="meta") for key, tensor in state.items()}
    picture = torch.empty(1, 3, crop, crop, device="meta")
    try:
        with torch.no_grad():
            functional_call(_Run(traced.module, recorder), stand_ins, (picture,))
    except Exception as error:
        raise FtguiError(
            f"Pictures of {crop} × {crop} pixels do not go through this network.",
            "Choose the preprocessing that belongs to it.",
            str(error),
        ) from error
    return Measured(recorder.shapes, recorder.costs)


class _Run(nn.Module):
    """Lets ``functional_call`` swap a graph's tensors while an interpreter runs it."""

    def __init__(self, module: fx.GraphModule, recorder: _Recorder) -> None:
        super().__init__()
        self.module = module
        self._run = recorder.run

    def forward(self, picture: torch.Tensor) -> Any:
        return self._run(picture)


class _Recorder(fx.Interpreter):
    """Notes what each operation yields and costs."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}
        self.costs: dict[fx.Node, int] = {}

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Pass over modules that yield what they get; meta's BatchNorm alone would take most of the time."""
        if isinstance(self.fetch_attr(target), _KEEP_SHAPE):
            return args[0]
        return super().call_module(target, args, kwargs)

    def run_node(self, n: fx.Node) -> Any:
        with _Flops() as flops:
            result = super().run_node(n)
        self.costs[n] = flops.total
        if isinstance(result, torch.Tensor):
            self.shapes[n] = tuple(result.shape)
        return result


class _Flops(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts by torch's own formulas. ``FlopCounterMode`` does too, but hooks every module of the process."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        formula: Callable[..., int] | None = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=result))
        return result
