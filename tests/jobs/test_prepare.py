"""What is decided before the first batch."""

from __future__ import annotations

from ftgui.jobs.prepare import output_names


def test_spare_outputs_are_numbered_from_1() -> None:
    assert output_names(("ants", "bees"), 4) == ("ants", "bees", "unused_1", "unused_2")
    assert output_names(("ants", "bees"), 2) == ("ants", "bees")


def test_a_class_that_is_called_like_a_spare_output_keeps_its_name_to_itself() -> None:
    names = output_names(("ants", "unused_1"), 4)
    assert names == ("ants", "unused_1", "unused_2", "unused_3")
    assert len(set(names)) == 4
