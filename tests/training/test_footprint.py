"""How much memory work needs at once: what is made counts while it is held, what was there never does."""

from __future__ import annotations

import torch
from torch import nn

from ftgui.training.footprint import peak_bytes

MB = 2**20


def megabyte() -> torch.Tensor:
    return torch.zeros(MB // 4)


def test_two_tensors_that_are_held_together_count_together() -> None:
    def work() -> object:
        first, second = megabyte(), megabyte()
        return first, second

    assert peak_bytes(work) == 2 * MB


def test_one_that_was_let_go_makes_room_for_the_next() -> None:
    def work() -> object:
        for _ in range(5):
            held = megabyte()
            del held
        return None

    assert peak_bytes(work) == MB


def test_a_view_takes_nothing() -> None:
    def work() -> object:
        made = megabyte()
        return made, made.view(2, -1), made[10:]

    assert peak_bytes(work) == MB


def test_what_was_there_before_counts_nothing_written_into_or_looked_at() -> None:
    there = megabyte()
    assert peak_bytes(lambda: (there.add_(1), there.view(4, -1))) == 0


def test_a_step_holds_its_activations_and_then_its_gradients() -> None:
    network = nn.Sequential(nn.Linear(256, 256, bias=False), nn.ReLU(), nn.Linear(256, 1, bias=False))
    inputs = torch.zeros(1024, 256)
    activation, gradient = 1024 * 256 * 4, 256 * 256 * 4

    def forward() -> object:
        with torch.inference_mode():
            return network(inputs)

    def step() -> object:
        network.zero_grad()
        network(inputs).sum().backward()
        return None

    assert 2 * activation <= peak_bytes(forward) <= 2.1 * activation
    assert 2 * activation + gradient <= peak_bytes(step) <= 3.5 * activation + 2 * gradient
