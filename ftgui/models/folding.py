"""Norms folded into the convolutions before them: the same function in eval mode, in fewer steps."""

from __future__ import annotations

import copy
from collections import Counter

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded(part: fx.GraphModule) -> fx.GraphModule:
    """Return a copy of a traced network in eval mode whose BatchNorms are folded where that is exact algebra.

    That is where a BatchNorm alone reads what a convolution yields, and neither is called twice. Weights and
    statistics are copied: the original is not touched, and what it learns later does not arrive here.
    """
    part = copy.deepcopy(part).eval()
    calls = Counter(str(node.target) for node in part.graph.nodes if node.op == "call_module")
    for node in list(part.graph.nodes):
        source = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(source, fx.Node) or source.op != "call_module" or len(source.users) != 1:
            continue
        names = str(source.target), str(node.target)
        convolution, norm = (part.get_submodule(name) for name in names)
        once = all(calls[name] == 1 for name in names)
        if once and type(convolution) is nn.Conv2d and type(norm) is nn.BatchNorm2d:
            part.set_submodule(names[0], fuse_conv_bn_eval(convolution, norm))
            node.replace_all_uses_with(source)
            part.graph.erase_node(node)
    part.recompile()
    part.delete_all_unused_submodules()
    return part
