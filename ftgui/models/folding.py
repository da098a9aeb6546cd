"""Norms folded into the convolutions before them: the same function in eval mode, in fewer steps."""

from __future__ import annotations

import copy
import functools
from collections import Counter
from collections.abc import Callable

import torch
from torch import fx, nn
from torch.fx.node import Argument

_Convert = Callable[[torch.Tensor], torch.Tensor]


def folded(
    part: fx.GraphModule,
    dtype: torch.dtype | None = None,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> fx.GraphModule:
    """Return a copy of a traced network in eval mode whose BatchNorms are folded where that is exact algebra.

    That is where a BatchNorm with statistics alone reads what a convolution yields, and neither has another
    use. A norm before its convolution (DenseNets) stays one: in between is a ReLU, or padding. Weights and
    statistics are copied: the original is not touched, and what it learns later does not arrive here.

    The copy computes in ``dtype`` (None: in that of the original), with filters laid out in
    ``memory_format``. It takes pictures (N, 3, height, width) of any floating type and layout, and yields
    features of its own type. Nothing in it can learn.
    """
    dtype = dtype or next((p.dtype for p in part.parameters()), torch.get_default_dtype())
    convert = functools.partial(_converted, dtype=dtype, memory_format=memory_format)
    absorbed = _absorbed(part)
    norms = {str(source.target): part.get_submodule(str(norm.target)) for norm, source in absorbed.items()}
    graph, copies = fx.Graph(), dict[fx.Node, fx.Node]()
    held: dict[str, nn.Module | torch.Tensor] = {}
    for node in part.graph.nodes:
        if node in absorbed:
            copies[node] = copies[absorbed[node]]
            continue
        copies[node] = graph.node_copy(node, copies.__getitem__)
        name = str(node.target)
        if node.op == "placeholder":
            form: dict[str, Argument] = {"dtype": dtype, "memory_format": memory_format}
            copies[node] = graph.call_method("to", (copies[node],), form)
        elif node.op == "get_attr":
            held[name] = _tensor_twin(_attribute(part, name), convert)
        elif node.op == "call_module" and name not in held:
            module = part.get_submodule(name)
            held[name] = _with_norm(module, norms[name], convert) if name in norms else _twin(module, convert)
    return fx.GraphModule(held, graph).eval()


def _absorbed(part: fx.GraphModule) -> dict[fx.Node, fx.Node]:
    """Map every call of a BatchNorm that can be folded to that of the convolution before it."""
    nodes = list(part.graph.nodes)
    modules = {node: part.get_submodule(str(node.target)) for node in nodes if node.op == "call_module"}
    calls = Counter(map(id, modules.values()))
    fetched = {str(node.target).rpartition(".")[0] for node in nodes if node.op == "get_attr"}
    found: dict[fx.Node, fx.Node] = {}
    for node, norm in modules.items():
        if type(norm) is not nn.BatchNorm2d or norm.running_var is None or node.args[0] not in modules:
            continue
        source = node.args[0]
        alone = len(source.users) == calls[id(norm)] == calls[id(modules[source])] == 1
        if alone and type(modules[source]) is nn.Conv2d and str(source.target) not in fetched:
            found[node] = source
    return found


def _converted(tensor: torch.Tensor, dtype: torch.dtype, memory_format: torch.memory_format) -> torch.Tensor:
    """Return a tensor in another type and layout, itself if it has both; indices stay whole numbers."""
    return tensor.to(
        dtype=dtype if tensor.is_floating_point() else None,
        memory_format=memory_format if tensor.ndim == 4 else torch.preserve_format,
    )


def _attribute(part: nn.Module, name: str) -> torch.Tensor:
    owner, _, attribute = name.rpartition(".")
    value = getattr(part.get_submodule(owner), attribute)
    assert isinstance(value, torch.Tensor)
    return value


def _fixed(tensor: torch.Tensor) -> nn.Parameter:
    return nn.Parameter(tensor, requires_grad=False)


def _tensor_twin(tensor: torch.Tensor, convert: _Convert) -> torch.Tensor:
    """Return a converted copy of a parameter or buffer."""
    plain = tensor.detach()
    converted = convert(plain)
    converted = plain.clone() if converted is plain else converted
    return _fixed(converted) if isinstance(tensor, nn.Parameter) else converted


def _twin(module: nn.Module, convert: _Convert) -> nn.Module:
    """Return a copy of a module whose tensors are converted."""
    tensors = (*module.parameters(), *module.buffers())
    return copy.deepcopy(module, {id(tensor): _tensor_twin(tensor, convert) for tensor in tensors})


@torch.no_grad()
def _with_norm(convolution: nn.Module, norm: nn.Module, convert: _Convert) -> nn.Conv2d:
    """Return a converted copy of a convolution that also does what the norm after it did."""
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale, shift = torch.rsqrt(norm.running_var + norm.eps), -norm.running_mean
    if convolution.bias is not None:
        shift = shift + convolution.bias
    if norm.affine:
        scale = scale * norm.weight
    shift = shift * scale
    if norm.affine:
        shift = shift + norm.bias
    filters = convert(convolution.weight * scale.view(-1, 1, 1, 1))
    both = copy.deepcopy(convolution, {id(convolution.weight): _fixed(filters)})
    both.bias = _fixed(convert(shift))
    return both
