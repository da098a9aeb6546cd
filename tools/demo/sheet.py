"""A sheet to draw one object on, in its own coordinates, lit like a clay or paper model.

Every class is drawn by the same few strokes (`blob`, `poly`, `disc`, `line`), which take their pose,
bend, light and colours from the sheet. That is on purpose: what differs between two classes is then
their structure and nothing else, so neither a colour nor a texture gives the answer away.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Floats = NDArray[np.float32]
Point = tuple[float, float]
Colour = tuple[float, float, float]

SPLINE_STEPS = 9
ROUND_STEPS = 40


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour whose parts may run over their ends: hue wraps, the others are clipped."""
    return colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))


def contrast(first: Colour, second: Colour) -> float:
    """How far apart two colours look, brightness counting most (0 to about 1)."""
    weights = (0.6, 1.0, 0.4)
    return math.sqrt(
        sum(w * (a - b) ** 2 for w, a, b in zip(weights, first, second, strict=True)) / sum(weights)
    )


@dataclass(frozen=True)
class Paint:
    """The colours of one object, drawn from one distribution for all classes."""

    a: Colour
    b: Colour
    c: Colour
    dark: Colour
    light: Colour

    @classmethod
    def mixed(cls, rng: np.random.Generator) -> Paint:
        hue = rng.uniform()
        second = hue + rng.choice([0.08, -0.1, 0.33, 0.5, -0.33])
        third = hue + rng.choice([0.5, 0.17, -0.17, 0.4])
        return cls(
            a=hsv(hue, rng.uniform(0.2, 0.75), rng.uniform(0.45, 0.95)),
            b=hsv(second, rng.uniform(0.25, 0.75), rng.uniform(0.4, 0.95)),
            c=hsv(third, rng.uniform(0.35, 0.8), rng.uniform(0.6, 1.0)),
            dark=hsv(hue + 0.5, rng.uniform(0.1, 0.4), rng.uniform(0.1, 0.25)),
            light=hsv(hue, rng.uniform(0.02, 0.15), rng.uniform(0.88, 1.0)),
        )


def spline(points: Sequence[Point]) -> list[Point]:
    """A closed Catmull-Rom curve through the points."""
    p = np.asarray(points, dtype=np.float64)
    before, after, beyond = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    t = np.linspace(0, 1, SPLINE_STEPS, endpoint=False)[None, :, None]
    q0, q1, q2, q3 = (v[:, None, :] for v in (before, p, after, beyond))
    curve = 0.5 * (
        2 * q1 + (q2 - q0) * t + (2 * q0 - 5 * q1 + 4 * q2 - q3) * t**2 + (3 * q1 - q0 - 3 * q2 + q3) * t**3
    )
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]


def ring(cx: float, cy: float, rx: float, ry: float | None = None, tilt: float = 0.0) -> list[Point]:
    """The outline of an ellipse; tilt in degrees."""
    ry = rx if ry is None else ry
    angles = np.linspace(0, 2 * math.pi, ROUND_STEPS, endpoint=False)
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    x, y = rx * np.cos(angles), ry * np.sin(angles)
    return [(float(cx + cos * u - sin * v), float(cy + sin * u + cos * v)) for u, v in zip(x, y, strict=True)]


def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Points along part of an ellipse, in degrees clockwise from the right (y points down)."""
    angles = np.radians(np.linspace(start, end, 24))
    return [(float(cx + rx * math.cos(w)), float(cy + ry * math.sin(w))) for w in angles]


def box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def star(cx: float, cy: float, outer: float, inner: float, tips: int, turn: float = -90.0) -> list[Point]:
    """A star's outline, first tip at `turn` degrees."""
    points = []
    for i in range(2 * tips):
        radius, angle = (inner if i % 2 else outer), math.radians(turn + 180.0 * i / tips)
        points.append((cx + radius * math.cos(angle), cy + radius * math.sin(angle)))
    return points


class Sheet:
    """A square of pixels and the pose, light and colours under which one object is drawn on it.

    Object coordinates run from -1 to 1, y down. The object is bent a little before it is posed, so that
    no two outlines of a class are the same up to an affine map.
    """

    def __init__(self, size: int, rng: np.random.Generator, paint: Paint, pose: Floats, light: Point) -> None:
        self.size = size
        self.rng = rng
        self.paint = paint
        self.light = light
        self.rgb: Floats = np.zeros((size, size, 3), np.float32)
        self.alpha: Floats = np.zeros((size, size), np.float32)
        self._pose = pose
        self._scale = math.sqrt(abs(float(np.linalg.det(pose[:, :2]))))
        self._bend = (rng.uniform(0, 0.05, 2), rng.uniform(1.5, 3.0, 2), rng.uniform(0, 6.3, 2))
        self._relief = float(rng.uniform(0.5, 1.1))
        self._gloss = float(rng.uniform(0.0, 0.5))
        self._bevel = max(1.0, self._scale * float(rng.uniform(0.035, 0.07)))
        self._grain = self._make_grain(float(rng.uniform(0.0, 0.16)))

    def u(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.uniform() < probability)

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def blob(self, points: Sequence[Point], colour: Colour, holes: Sequence[Sequence[Point]] = ()) -> None:
        """A rounded shape through the points."""
        self.poly(spline(points), colour, holes)

    def disc(
        self, cx: float, cy: float, rx: float, colour: Colour, ry: float | None = None, tilt: float = 0.0
    ) -> None:
        self.poly(ring(cx, cy, rx, ry, tilt), colour)

    def poly(self, points: Sequence[Point], colour: Colour, holes: Sequence[Sequence[Point]] = ()) -> None:
        """A shape with straight edges; holes show what lies below."""
        outline = self._placed(points)
        cut = [self._placed(hole) for hole in holes]
        x0, y0, x1, y1 = self._frame(outline, 0.0)
        if x1 <= x0 or y1 <= y0:
            return
        mask = Image.new("L", (x1 - x0, y1 - y0), 0)
        draw = ImageDraw.Draw(mask)
        draw.polygon([(float(x) - x0, float(y) - y0) for x, y in outline], fill=255)
        for hole in cut:
            draw.polygon([(float(x) - x0, float(y) - y0) for x, y in hole], fill=0)
        self._lay(mask, (x0, y0, x1, y1), colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A stroke with round ends."""
        path = self._placed(points)
        pixels = max(1.0, width * self._scale)
        x0, y0, x1, y1 = self._frame(path, pixels)
        if x1 <= x0 or y1 <= y0:
            return
        mask = Image.new("L", (x1 - x0, y1 - y0), 0)
        draw = ImageDraw.Draw(mask)
        local = [(float(x) - x0, float(y) - y0) for x, y in path]
        draw.line(local, fill=255, width=max(1, round(pixels)), joint="curve")
        for x, y in (local[0], local[-1]):
            r = pixels / 2
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
        self._lay(mask, (x0, y0, x1, y1), colour)

    def _placed(self, points: Sequence[Point]) -> Floats:
        p = np.asarray(points, np.float64)
        size, rate, phase = self._bend
        bent = p + size * np.sin(rate * p[:, ::-1] + phase)
        placed: Floats = (bent @ self._pose[:, :2].T + self._pose[:, 2]).astype(np.float32)
        return placed

    def _frame(self, points: Floats, extra: float) -> tuple[int, int, int, int]:
        pad = 3 * self._bevel + extra
        x0, y0 = np.floor(points.min(0) - pad).astype(int)
        x1, y1 = np.ceil(points.max(0) + pad).astype(int)
        return max(x0, 0), max(y0, 0), min(x1, self.size), min(y1, self.size)

    def _lay(self, mask: Image.Image, frame: tuple[int, int, int, int], colour: Colour) -> None:
        """Shade one part by its own rounded edge and drop its small shadow on the parts below."""
        x0, y0, x1, y1 = frame
        cover = np.asarray(mask, np.float32) / 255
        if min(cover.shape) < 2:
            return
        height = np.asarray(mask.filter(ImageFilter.GaussianBlur(self._bevel)), np.float32) / 255
        lx, ly = self.light
        slope_y, slope_x = np.gradient(height)
        facing = (lx * slope_x + ly * slope_y) * (-2.5 * self._bevel)
        facing = np.clip(facing, -1, 1)
        shift = (round(-ly * self._bevel), round(-lx * self._bevel))
        shadow = np.roll(height, shift, (0, 1))
        tone = 1 - 0.45 * self._relief * facing
        tone *= self._grain[y0:y1, x0:x1]
        shine = self._gloss * np.clip(-facing, 0, 1) ** 2
        shaded = np.asarray(colour, np.float32) * tone[..., None] + shine[..., None] * 0.6
        below = self.rgb[y0:y1, x0:x1] * (1 - 0.35 * shadow[..., None])
        self.rgb[y0:y1, x0:x1] = below * (1 - cover[..., None]) + shaded * cover[..., None]
        under = self.alpha[y0:y1, x0:x1]
        self.alpha[y0:y1, x0:x1] = under + (1 - under) * cover

    def _make_grain(self, strength: float) -> Floats:
        """One slow and one fine unevenness over the whole object, and the fall-off of the light."""
        noise = soft_noise(self.rng, self.size, (5, 40), (1.0, 0.5))
        ramp = np.linspace(-0.12, 0.12, self.size, dtype=np.float32)
        fall = self.light[0] * ramp[None, :] + self.light[1] * ramp[:, None]
        grain: Floats = 1 + strength * noise + fall
        return grain


def soft_noise(
    rng: np.random.Generator, size: int, cells: Sequence[int], weights: Sequence[float], stretch: int = 1
) -> Floats:
    """Smooth noise of about -1 to 1: a sum of random grids of `cells` squares, enlarged.

    A `stretch` above 1 draws it out sideways, as in wood or cloth.
    """
    total = np.zeros((size, size), np.float32)
    for cell, weight in zip(cells, weights, strict=True):
        grid = rng.uniform(-1, 1, (cell, max(2, cell // stretch))).astype(np.float32)
        total += weight * np.asarray(Image.fromarray(grid).resize((size, size), Image.Resampling.BICUBIC))
    return total / sum(weights)
