"""Elements of SVG, escaped, and the labels of figures, kept apart."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

FONT = 12
NARROW, WIDE = "iljtfr.,:;|'!()[] ", "mwMW@%"


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element. Plain text in it is escaped; ``class_`` is ``class``, ``a_b`` ``a-b``."""
    said = (
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), Markup("").join(said), joined(*children))


def joined(*children: str) -> Markup:
    """Return elements and texts as one."""
    return Markup("").join(escape(child) for child in children)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value + 0.0:.1f}".removesuffix(".0")
    return str(value)


def figure(key: str, size: tuple[float, float], title: str, description: str, *children: str) -> Markup:
    """Return a whole figure that says what it shows; ``key`` is its own on the page."""
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-desc"),
        *children,
        viewBox=f"0 0 {_value(float(size[0]))} {_value(float(size[1]))}",
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        class_="figure",
    )


def text(x: float, y: float, words: str, class_: str = "tick", anchor: str | None = None) -> Markup:
    """Return words at a point on their baseline; ``anchor`` is "middle" or "end" where not "start"."""
    return element("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def dot(x: float, y: float, radius: float, class_: str, words: str = "") -> Markup:
    """Return a circle that says ``words`` under the mouse."""
    title = [element("title", words)] if words else []
    return element("circle", *title, cx=x, cy=y, r=radius, class_=class_)


def arrow(x: float, y: float, radius: float, class_: str, words: str = "") -> Markup:
    """Return a triangle that points to the right, "at least", and says ``words`` under the mouse."""
    title = [element("title", words)] if words else []
    corners = [(x - radius * 0.6, y - radius), (x + radius, y), (x - radius * 0.6, y + radius)]
    return element("path", *title, d=f"{path(corners)}Z", class_=class_)


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return the ``d`` of a line through points."""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def text_width(words: str, size: float = FONT) -> float:
    """Return about how many pixels words take, rather too many than too few."""
    return sum(_character_width(character) for character in words) * size


def _character_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.36 if character in NARROW else 0.95 if character in WIDE else 0.64


def shortened(words: str, width: float, size: float = FONT) -> str:
    """Return words that take at most about ``width`` pixels, their middle left out where they are longer."""
    if text_width(words, size) <= width:
        return words
    for kept in range(len(words) - 1, 1, -1):
        short = f"{words[: (kept + 1) // 2]}…{words[len(words) - kept // 2 :]}"
        if text_width(short, size) <= width:
            return short
    return "…"
