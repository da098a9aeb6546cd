"""The PySide6 at hand is one that ftgui can live with."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject, Signal

EMITS = 200


class Bell(QObject):
    rung = Signal(object)


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="from Python 3.12 on True is immortal: nothing counts its references"
)
def test_emitting_a_signal_does_not_use_up_references_to_true() -> None:
    """PySide6 6.12.0 drops one at each ``emit``; after some 600 Python frees ``True`` and aborts."""
    bell = Bell()
    bell.rung.connect(lambda _: None)
    before = sys.getrefcount(True)
    for _ in range(EMITS):
        bell.rung.emit(None)
    assert sys.getrefcount(True) > before - EMITS // 2
