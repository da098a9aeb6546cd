"""From one drawn object to something like a photo of it: backdrop, clutter, shadow, light and lens.

All of it is nuisance: drawn from the same distributions whatever the class, so that only the object's
structure says what it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from demo.sheet import Colour, Floats, Paint, Point, Sheet, box, contrast, hsv, ring, soft_noise

Drawing = Callable[[Sheet], None]

MIN_CONTRAST = 0.2


def picture(drawing: Drawing, rng: np.random.Generator, size: int, oversample: int) -> Image.Image:
    """One picture of `size` pixels square; the object is drawn `oversample` times finer."""
    angle = rng.uniform(0, 2 * math.pi)
    studio = _Studio(rng, size, size * oversample, (math.cos(angle), -abs(math.sin(angle))))
    paint = Paint.mixed(rng)
    backdrop, ground = _backdrop(rng, size, paint)
    canvas = studio.with_clutter(backdrop, ground)
    sheet = Sheet(studio.fine, rng, paint, _pose(rng, studio.fine), studio.light)
    drawing(sheet)
    canvas = studio.compose(canvas, sheet)
    if rng.uniform() < 0.3:
        canvas = studio.with_something_in_front(canvas)
    return _lens(canvas, rng, size)


def _pose(rng: np.random.Generator, size: int) -> Floats:
    """Scale, stretch, turn, lean, mirror and place: a 2 by 3 matrix from object units to pixels."""
    scale = rng.uniform(0.24, 0.4) * size
    stretch = math.exp(rng.uniform(-0.14, 0.14))
    turn = math.radians(rng.normal(0, 13))
    lean = rng.uniform(-0.12, 0.12)
    mirror = rng.choice([-1.0, 1.0])
    shape = np.array([[mirror * stretch, lean], [0, 1 / stretch]])
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    room = max(0.0, 0.5 * size - 1.15 * scale)
    centre = 0.5 * size + rng.uniform(-room, room, 2)
    return np.concatenate([scale * rotation @ shape, centre[:, None]], axis=1).astype(np.float32)


def _ground_colours(rng: np.random.Generator, paint: Paint) -> tuple[Colour, Colour]:
    """Two backdrop colours, neither of which would swallow the object's main colour."""
    for _ in range(40):
        hue, saturation, value = rng.uniform(), rng.uniform(0.05, 0.6), rng.uniform(0.35, 1.0)
        first = hsv(hue, saturation, value)
        second = hsv(
            hue + rng.normal(0, 0.12), saturation * rng.uniform(0.4, 1.2), value * rng.uniform(0.6, 1.15)
        )
        if min(contrast(first, paint.a), contrast(second, paint.a)) > MIN_CONTRAST:
            break
    return first, second


def _backdrop(rng: np.random.Generator, size: int, paint: Paint) -> tuple[Floats, Colour]:
    first, second = _ground_colours(rng, paint)
    kind = rng.choice(_BACKDROPS)
    blend = np.clip(kind(rng, size), 0, 1)[..., None]
    canvas = np.asarray(first, np.float32) * (1 - blend) + np.asarray(second, np.float32) * blend
    rough = soft_noise(rng, size, (9, 30, 80), (1, 0.7, 0.5))
    canvas = canvas * (1 + rng.uniform(0.02, 0.16) * rough[..., None])
    return canvas.astype(np.float32), first


def _ramp(rng: np.random.Generator, size: int) -> Floats:
    """A studio sweep: one colour fading into the other."""
    angle = rng.uniform(0, 2 * math.pi)
    across = np.linspace(-0.5, 0.5, size, dtype=np.float32)
    ramp = math.cos(angle) * across[None, :] + math.sin(angle) * across[:, None]
    return np.asarray(0.5 + ramp + 0.15 * soft_noise(rng, size, (4,), (1,)), np.float32)


def _horizon(rng: np.random.Generator, size: int) -> Floats:
    """A wall above a table, or a sky above a field."""
    edge = rng.uniform(0.45, 0.8) * size
    tilt = rng.normal(0, 0.04)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    soft = rng.uniform(0.01, 0.05) * size
    step = 1 / (1 + np.exp(-(y - edge - tilt * (x - size / 2)) / soft))
    return np.asarray(step + 0.2 * (y / size - 0.5), np.float32)


def _cloudy(rng: np.random.Generator, size: int) -> Floats:
    """Foliage, plaster or sky: soft patches."""
    return np.asarray(0.5 + 0.9 * soft_noise(rng, size, (4, 9, 20), (1, 0.6, 0.4)), np.float32)


def _grainy(rng: np.random.Generator, size: int) -> Floats:
    """Wood or brushed cloth: noise drawn out one way."""
    noise = soft_noise(rng, size, (14, 40), (1, 0.8), stretch=10)
    return np.asarray(0.5 + 0.8 * (noise if rng.uniform() < 0.5 else noise.T), np.float32)


def _woven(rng: np.random.Generator, size: int) -> Floats:
    """Stripes, checks or tiles, seen at an angle and a little uneven."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    angle, rate = rng.uniform(0, math.pi), rng.uniform(12, 45)
    along, over = math.cos(angle) * x + math.sin(angle) * y, math.cos(angle) * y - math.sin(angle) * x
    waver = 1.5 * soft_noise(rng, size, (4,), (1,))
    wave = np.sin(rate * along + waver)
    if rng.uniform() < 0.6:
        wave = wave * np.sin(rate * over + waver)
    return np.asarray(0.5 + rng.uniform(0.15, 0.5) * np.tanh(3 * wave), np.float32)


def _lights(rng: np.random.Generator, size: int) -> Floats:
    """Far lights out of focus."""
    canvas = np.full((size, size), 0.2, np.float32)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    for _ in range(int(rng.integers(5, 16))):
        cx, cy, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.03, 0.11)
        distance = np.hypot(x - cx, y - cy)
        canvas += rng.uniform(0.2, 0.7) * 0.5 * (1 - np.tanh((distance - radius) / 0.016))
    return canvas


_BACKDROPS = np.array([_ramp, _horizon, _cloudy, _grainy, _woven, _lights], dtype=object)


@dataclass(frozen=True)
class _Studio:
    """What all things in one picture share: the light, and the two sizes at which they are made."""

    rng: np.random.Generator
    size: int
    fine: int
    light: Point

    def with_clutter(self, canvas: Floats, ground: Colour) -> Floats:
        """A few nameless things lying about, most of them near the edges and out of focus."""
        for _ in range(int(self.rng.integers(0, 5))):
            angle = self.rng.uniform(0, 2 * math.pi)
            place = (0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle))
            tint = Paint.mixed(self.rng).a
            colour = (0.5 * (tint[0] + ground[0]), 0.5 * (tint[1] + ground[1]), 0.5 * (tint[2] + ground[2]))
            scrap = self._scrap(place, self.rng.uniform(0.06, 0.2), colour)
            canvas = self.compose(canvas, scrap, blur=self.rng.uniform(0, 0.02) * self.size)
        return canvas

    def with_something_in_front(self, canvas: Floats) -> Floats:
        """Something small, which may hide a part of the object."""
        x, y = self.rng.uniform(0.1, 0.9, 2)
        colour = Paint.mixed(self.rng).b
        return self.compose(canvas, self._scrap((x, y), self.rng.uniform(0.03, 0.08), colour))

    def compose(self, canvas: Floats, sheet: Sheet, blur: float = 0.0) -> Floats:
        """Lay the sheet over the canvas, its soft shadow first."""
        size, rng = self.size, self.rng
        alpha = _reduced(sheet.alpha, size)
        rgb = np.stack([_reduced(sheet.rgb[..., i] * sheet.alpha, size) for i in range(3)], axis=-1)
        if blur > 0:
            alpha = _blurred(alpha, blur)
            rgb = np.stack([_blurred(rgb[..., i], blur) for i in range(3)], axis=-1)
        far = rng.uniform(0.01, 0.06) * size
        shadow = _blurred(alpha, rng.uniform(0.01, 0.035) * size)
        shift = (round(-sheet.light[1] * far), round(-sheet.light[0] * far))
        shadow = _moved(shadow, *shift) * rng.uniform(0.2, 0.55)
        canvas = canvas * (1 - shadow[..., None])
        return np.asarray(canvas * (1 - alpha[..., None]) + rgb, np.float32)

    def _scrap(self, place: Point, scale: float, colour: Colour) -> Sheet:
        """One nameless thing: a pebble, a stick, a scrap or a ring."""
        paint = Paint(colour, colour, colour, colour, colour)
        turn, size = self.rng.uniform(0, 2 * math.pi), scale * self.fine
        cos, sin = size * math.cos(turn), size * math.sin(turn)
        pose = np.array([[cos, -sin, place[0] * self.fine], [sin, cos, place[1] * self.fine]], np.float32)
        sheet = Sheet(self.fine, self.rng, paint, pose, self.light)
        match int(self.rng.integers(4)):
            case 0:
                angles = np.linspace(0, 2 * math.pi, 7, endpoint=False)
                radii = self.rng.uniform(0.6, 1.2, 7)
                outline = list(zip(radii * np.cos(angles), radii * np.sin(angles), strict=True))
                sheet.blob(outline, colour)
            case 1:
                sheet.line([(-1.6, 0.0), (0.0, sheet.u(-0.4, 0.4)), (1.6, 0.0)], sheet.u(0.15, 0.4), colour)
            case 2:
                sheet.poly(box(-1, -sheet.u(0.4, 1), 1, sheet.u(0.4, 1)), colour)
            case _:
                sheet.poly(ring(0, 0, 1), colour, holes=[ring(0, 0, sheet.u(0.4, 0.75))])
        return sheet


def _moved(plane: Floats, down: int, right: int) -> Floats:
    """Shifted, with nothing coming in from the other side."""
    pad = max(abs(down), abs(right))
    wide = np.pad(plane, pad)
    size = plane.shape[0]
    return np.asarray(wide[pad - down : pad - down + size, pad - right : pad - right + size], np.float32)


def _reduced(plane: Floats, size: int) -> Floats:
    factor = plane.shape[0] // size
    return np.asarray(plane.reshape(size, factor, size, factor).mean((1, 3)), np.float32)


def _blurred(plane: Floats, radius: float) -> Floats:
    image = Image.fromarray((np.clip(plane, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) / np.float32(255)


def _lens(canvas: Floats, rng: np.random.Generator, size: int) -> Image.Image:
    """Uneven light, a colour cast, contrast, blur and noise: what a camera adds."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    angle = rng.uniform(0, 2 * math.pi)
    lit = 1 + rng.uniform(0, 0.5) * (math.cos(angle) * x + math.sin(angle) * y)
    lit = lit - rng.uniform(0, 0.45) * (x**2 + y**2)
    cast = 1 + np.array([1, 0, -1], np.float32) * rng.normal(0, 0.06)
    exposed = np.clip(canvas * lit[..., None] * cast * rng.uniform(0.85, 1.2), 0, 1) ** rng.uniform(0.8, 1.25)
    image = Image.fromarray((np.clip(exposed, 0, 1) * 255).astype(np.uint8))
    if rng.uniform() < 0.6:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.006) * size))
    noise = rng.normal(0, 255 * rng.uniform(0.0, 0.035), (size, size, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))
