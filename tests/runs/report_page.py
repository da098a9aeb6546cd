"""A page, and the figures in it, read back."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

from ftgui.runs.report_svg import text_width

EMPTY = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """A page as a browser takes it: its elements, what they say, and whether all of them are closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source, self.open, self.crossed = source, list[str](), list[str]()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.said: list[tuple[tuple[str, ...], str]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.said.append((tuple(self.open), " ".join(data.split())))

    def texts(self, *within: str) -> list[str]:
        """Return what is said inside elements of these names, each within the one before."""
        return [said for path, said in self.said if _is_within(path, within)]

    @property
    def text(self) -> str:
        """What is said outside of figures."""
        return " ".join(said for path, said in self.said if not {"style", "svg"} & set(path))


def _is_within(path: tuple[str, ...], names: tuple[str, ...]) -> bool:
    left = iter(path)
    return all(name in left for name in names)


TEXT = re.compile(r"<text ([^>]*)>(?:<title>.*?</title>)?([^<]*)</text>", re.S)


def clipped(source: str) -> list[str]:
    """Return the words in figures that reach beyond them."""
    beyond = []
    for svg in re.findall(r"<svg .*?</svg>", source, re.S):
        width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', svg).groups())  # type: ignore[union-attr]
        for attributes, said in TEXT.findall(html.unescape(svg)):
            told = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
            x, y, long = (
                float(told["x"]),
                float(told["y"]),
                text_width(said, float(told.get("font-size", 12))),
            )
            left = x - long * {"middle": 0.5, "end": 1.0}.get(told.get("text-anchor", ""), 0.0)
            if left < -1 or left + long > width + 1 or not 5 <= y <= height:
                beyond.append(said)
    return beyond
