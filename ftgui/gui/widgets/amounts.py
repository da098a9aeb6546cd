"""A number an epoch, of which there may be many and more each moment."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Amounts(Sequence[float | None]):
    """Grows at its end. None where there is nothing to tell."""

    def __init__(self, values: Iterable[float | None] = ()) -> None:
        self._numbers = array("d")
        self._any_known = False
        for value in values:
            self.append(value)

    def append(self, value: float | None) -> None:
        self._numbers.append(math.nan if value is None else value)
        self._any_known |= value is not None

    @property
    def is_blank(self) -> bool:
        """Whether there are some, and none of them tells anything."""
        return bool(self._numbers) and not self._any_known

    def numbers(self) -> npt.NDArray[np.float64]:
        """Return a copy as an array, with nan for None."""
        import numpy as np  # here: what the window needs to open does without

        return np.array(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> float | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[float | None]: ...
    def __getitem__(self, place: int | slice) -> float | list[float | None] | None:
        if isinstance(place, slice):
            return [_told(number) for number in self._numbers[place]]
        return _told(self._numbers[place])


def _told(number: float) -> float | None:
    return None if math.isnan(number) else number
