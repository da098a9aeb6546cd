"""Numbers that depend on what they are made from and on nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ftgui.core import hashing
from tests.harness.process import run_python


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert hashing.sha256_of_file(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_a_seed_is_the_same_in_every_process() -> None:
    code = "from ftgui.core.hashing import stable_seed; print(stable_seed('split', 0, 'cats/1.jpg'))"
    done = run_python("-c", code, PYTHONHASHSEED="1")
    assert int(done.stdout) == hashing.stable_seed("split", 0, "cats/1.jpg") == 5275099369319822857


@given(st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
def test_other_parts_give_another_seed(first: list[str], second: list[str]) -> None:
    """Unless they hold the very character that parts are joined by."""
    if "\x1f" in "".join(first + second):
        return
    same = hashing.stable_seed(*first) == hashing.stable_seed(*second)
    assert same == (first == second or {tuple(first), tuple(second)} == {(), ("",)})


@given(st.integers(0, 200), st.integers(), st.integers())
def test_a_permutation_holds_each_number_once(count: int, seed: int, epoch: int) -> None:
    order = hashing.stable_permutation(count, seed, epoch)
    assert sorted(order.tolist()) == list(range(count))
    assert order.tolist() == hashing.stable_permutation(count, seed, epoch).tolist()
