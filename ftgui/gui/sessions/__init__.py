"""State with one owner: QObjects over plain dataclasses."""
