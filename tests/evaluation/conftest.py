"""Drawn pictures and finished runs (see ``tests/fixtures.py``)."""

from tests.fixtures import drawn as drawn
from tests.fixtures import finished as finished
from tests.fixtures import small_crops as small_crops
