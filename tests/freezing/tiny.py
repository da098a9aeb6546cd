"""A network small enough to write down by hand what may move in it."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from ftgui.models.stages import Stage

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
