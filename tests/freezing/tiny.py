"""A network small enough to write down by hand what may move in it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from ftgui.freezing.apply import AppliedPlan
from ftgui.freezing.plan import make_plan
from ftgui.models.stages import Stage

THAW = 3

STEM = (
    "stem.conv.weight",
    "stem.norm.weight",
    "stem.norm.bias",
    "stem.norm.running_mean",
    "stem.norm.running_var",
    "stem.norm.num_batches_tracked",
)
MIDDLE = (
    "middle.conv.weight",
    "middle.conv.bias",
    "middle.group.weight",
    "middle.group.bias",
    "middle.norm.weight",
    "middle.norm.bias",
    "middle.norm.running_mean",
    "middle.norm.running_var",
    "middle.norm.num_batches_tracked",
)
HEAD = ("head.fc.weight", "head.fc.bias")
STEM_WEIGHTS = {"stem.conv.weight"}
STEM_NORMS = {"stem.norm.weight", "stem.norm.bias"}
STEM_STATISTICS = {"stem.norm.running_mean", "stem.norm.running_var", "stem.norm.num_batches_tracked"}
MIDDLE_WEIGHTS, MIDDLE_BIASES = {"middle.conv.weight"}, {"middle.conv.bias"}
MIDDLE_NORMS = {"middle.group.weight", "middle.group.bias", "middle.norm.weight", "middle.norm.bias"}
MIDDLE_STATISTICS = {
    "middle.norm.running_mean",
    "middle.norm.running_var",
    "middle.norm.num_batches_tracked",
}
CONVOLUTIONS = STEM_WEIGHTS | MIDDLE_WEIGHTS | MIDDLE_BIASES
WEIGHTS_OF_NORMS = STEM_NORMS | MIDDLE_NORMS
STATISTICS = STEM_STATISTICS | MIDDLE_STATISTICS
EXTRACTOR = CONVOLUTIONS | WEIGHTS_OF_NORMS
"""Its parameters."""
EVERYTHING = set(STEM) | set(MIDDLE) | set(HEAD)
STAGES = (
    Stage(
        name="stem",
        modules=("stem.conv", "stem.norm"),
        entries=STEM,
        parameters=116,
        cost_share=0.6,
        inner=("stem", "stem.conv", "stem.norm", "stem.act"),
    ),
    Stage(
        name="middle",
        modules=("middle.conv", "middle.group", "middle.norm"),
        entries=MIDDLE,
        parameters=164,
        cost_share=0.3,
        inner=("middle", "middle.conv", "middle.group", "middle.norm", "middle.drop"),
    ),
    Stage(
        name="head",
        modules=("head.fc",),
        entries=HEAD,
        parameters=15,
        cost_share=0.1,
        inner=("pool", "flat", "head", "head.drop", "head.fc"),
    ),
)
"""As ``find_stages`` describes them: modules are the leaves with state, inner all whose mode is theirs."""


def tiny_network() -> nn.Module:
    """Return it, with statistics that fit it: a forward pass in train mode moves each of them."""
    torch.manual_seed(0)
    stem = OrderedDict(conv=nn.Conv2d(3, 4, 3, bias=False), norm=nn.BatchNorm2d(4), act=nn.ReLU())
    middle = OrderedDict(
        conv=nn.Conv2d(4, 4, 3), group=nn.GroupNorm(2, 4), norm=nn.BatchNorm2d(4), drop=nn.Dropout(0.5)
    )
    head = OrderedDict(drop=nn.Dropout(0.5), fc=nn.Linear(4, 3))
    return nn.Sequential(
        OrderedDict(
            stem=nn.Sequential(stem),
            middle=nn.Sequential(middle),
            pool=nn.AdaptiveAvgPool2d(1),
            flat=nn.Flatten(),
            head=nn.Sequential(head),
        )
    )


def applied(strategy: str, norm: str = "locked", mult: float = 0.1, **changes: Any) -> AppliedPlan:
    """Return a strategy on a network of its own; what thaws does so at epoch ``THAW``."""
    names = ("stem", "middle", "head")
    plan = make_plan(strategy, names, backbone_lr_mult=mult, norm=norm, thaw_epoch=THAW, **changes)  # type: ignore[arg-type]
    return AppliedPlan(tiny_network(), plan, STAGES)


def names_of(plan: AppliedPlan) -> dict[int, str]:
    """Return the name of each parameter by its ``id``."""
    return {id(parameter): name for name, parameter in plan.model.named_parameters()}
