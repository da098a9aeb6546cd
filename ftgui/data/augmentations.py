"""The augmentations there are: apart from how views are made, which the window's start need not wait for."""

from __future__ import annotations

AUGMENTATIONS = {"none": 1, "flip": 2, "standard": 4}
"""The augmentations, and how many views of a picture each chooses from unless asked otherwise."""


def view_count(augment: str, views: int | None = None) -> int:
    """Return how many views of a picture there are: ``views`` as far as ``augment`` has that many.

    ``none`` has one and ``flip`` two; ``standard`` has as many as asked for.
    """
    asked = max(views or AUGMENTATIONS[augment], 1)
    return asked if augment == "standard" else min(asked, AUGMENTATIONS[augment])
