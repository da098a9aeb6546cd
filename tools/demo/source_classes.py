"""The forty-five things the shipped weights have seen. None of them is in the demo, and none is shipped.

They are plain on purpose: many structures, each told apart by its parts and their arrangement, is what
teaches a small network features that are worth reusing.
"""

from __future__ import annotations

import math

from demo.scene import Drawing
from demo.sheet import Sheet, arc, box, ring, star


def _eye(s: Sheet, x: float, y: float, r: float = 0.1) -> None:
    s.disc(x, y, r, s.paint.light)
    s.disc(x + 0.2 * r, y, 0.55 * r, s.paint.dark)


def dog(s: Sheet) -> None:
    p = s.paint
    s.line([(-0.62, 0.0), (-0.85, -0.25), (-0.92, s.u(-0.6, -0.4))], 0.12, p.a)
    for x in (-0.5, -0.3, 0.25, 0.45):
        s.line([(x, 0.2), (x + s.u(-0.06, 0.06), 0.9)], 0.16, p.a)
    s.blob([(-0.7, 0), (-0.4, -0.2), (0.3, -0.2), (0.6, 0), (0.5, 0.4), (0, 0.35), (-0.6, 0.4)], p.a)
    s.disc(0.55, -0.45, 0.35, p.a, 0.3)
    s.blob([(0.65, -0.5), (1.0, -0.42), (1.0, -0.2), (0.7, -0.2)], p.light)
    s.disc(1.0, -0.4, 0.08, p.dark)
    s.blob([(0.35, -0.7), (0.2, -0.5), (0.2, s.u(-0.15, 0.0)), (0.42, -0.2), (0.48, -0.6)], p.b)
    _eye(s, 0.66, -0.55, 0.07)


def bird(s: Sheet) -> None:
    p = s.paint
    for x in (-0.05, 0.15):
        s.line([(x, 0.4), (x, 0.85), (x + 0.12, 0.9)], 0.05, p.dark)
    s.poly([(-0.5, 0.0), (-1.0, s.u(-0.2, 0.3)), (-0.95, 0.4), (-0.4, 0.35)], p.b)
    s.blob([(-0.6, 0.2), (-0.1, -0.3), (0.4, -0.3), (0.55, 0.1), (0.2, 0.5), (-0.3, 0.5)], p.a)
    s.disc(0.45, -0.42, 0.3, p.a)
    s.poly([(0.68, -0.52), (s.u(0.9, 1.05), -0.38), (0.7, -0.3)], p.c)
    s.blob([(-0.55, 0.1), (0.0, -0.15), (0.3, 0.05), (0.1, 0.3), (-0.3, 0.3)], p.b)
    _eye(s, 0.52, -0.5, 0.08)


def butterfly(s: Sheet) -> None:
    p, up, low = s.paint, s.u(0.65, 0.95), s.u(0.5, 0.8)
    for m in (-1, 1):
        s.blob([(m * 0.05, 0), (m * 0.4, -up), (m * 0.95, -up), (m * 0.85, -0.15)], p.a)
        s.blob([(m * 0.05, 0.05), (m * 0.75, 0.1), (m * 0.7, low), (m * 0.25, low)], p.b)
        s.disc(m * 0.65, -0.5, 0.16, p.c)
        s.disc(m * 0.45, 0.4, 0.11, p.light)
        s.line([(0, -0.45), (m * 0.2, -0.85)], 0.04, p.dark)
    s.disc(0, 0, 0.09, p.dark, 0.5)


def snail(s: Sheet) -> None:
    p = s.paint
    s.blob(
        [(-0.95, 0.7), (-0.4, 0.5), (0.4, 0.5), (0.6, 0.0), (0.9, 0.0), (0.9, 0.5), (0.6, 0.75), (0, 0.75)],
        p.b,
    )
    for x in (0.7, 0.88):
        s.line([(x, 0.05), (x + 0.08, -0.3)], 0.05, p.b)
        s.disc(x + 0.08, -0.32, 0.06, p.dark)
    s.disc(-0.1, 0.05, s.u(0.5, 0.6), p.a)
    turns = [(t / 40 * 0.5, t / 40 * 13) for t in range(40)]
    s.line([(-0.1 + r * math.cos(w), 0.05 + r * math.sin(w)) for r, w in turns], 0.07, p.c)


def turtle(s: Sheet) -> None:
    p = s.paint
    for x in (-0.5, 0.4):
        s.blob([(x - 0.15, 0.3), (x + 0.15, 0.3), (x + 0.18, 0.7), (x - 0.15, 0.7)], p.b)
    s.disc(0.8, 0.15, 0.24, p.b, 0.2)
    s.poly([(-0.65, 0.3), (-0.95, 0.4), (-0.6, 0.45)], p.b)
    s.poly([*arc(0, 0.4, 0.72, s.u(0.65, 0.9), 180, 360)], p.a)
    for x in (-0.35, 0, 0.35):
        s.poly(ring(x, 0.1 - 0.15 * (x == 0), 0.14), p.c)
    _eye(s, 0.88, 0.1, 0.06)


def rabbit(s: Sheet) -> None:
    p, ear = s.paint, s.u(0.35, 0.5)
    for m in (-1, 1):
        s.disc(m * 0.24, -0.55, 0.14, p.a, ear, m * s.u(5, 20))
        s.disc(m * 0.24, -0.55, 0.07, p.c, ear * 0.7, m * 10)
    s.disc(0, 0.55, 0.45, p.a, 0.42)
    s.disc(0, 0.05, 0.42, p.a, 0.36)
    for m in (-1, 1):
        _eye(s, m * 0.18, 0.0, 0.08)
        s.disc(m * 0.3, 0.9, 0.2, p.light, 0.1)
    s.disc(0, 0.15, 0.06, p.c)
    s.poly(box(-0.08, 0.22, 0.08, 0.36), p.light)


def mushroom(s: Sheet) -> None:
    p = s.paint
    s.blob([(-0.18, 0), (0.18, 0), (0.28, 0.85), (0, 0.95), (-0.28, 0.85)], p.light)
    s.poly([*arc(0, 0.1, s.u(0.7, 0.9), s.u(0.7, 0.95), 180, 360), *arc(0, 0.1, 0.8, 0.15, 0, 180)], p.a)
    for _ in range(s.count(3, 6)):
        s.disc(s.u(-0.5, 0.5), s.u(-0.45, 0.0), s.u(0.07, 0.13), p.light)


def cactus(s: Sheet) -> None:
    p = s.paint
    s.line([(-0.1, 0), (-0.5, 0), (-0.52, s.u(-0.5, -0.2))], 0.2, p.a)
    s.line([(0.1, 0.2), (0.5, 0.2), (0.52, s.u(-0.4, 0))], 0.2, p.a)
    s.line([(0, 0.6), (0, -0.75)], 0.38, p.a)
    for x in (-0.09, 0.09):
        s.line([(x, 0.5), (x, -0.75)], 0.03, p.dark)
    s.poly([(-0.45, 0.5), (0.45, 0.5), (0.32, 1.0), (-0.32, 1.0)], p.b)
    s.disc(0, -0.95, 0.1, p.c)


def flower(s: Sheet) -> None:
    p, petals = s.paint, s.count(5, 9)
    s.line([(0, 0), (0.05, 0.5), (0, 1.0)], 0.08, p.b)
    s.blob([(0.03, 0.75), (0.3, 0.45), (0.5, 0.5), (0.3, 0.75)], p.b)
    for i in range(petals):
        w = 360 * i / petals
        s.disc(0.38 * math.cos(math.radians(w)), -0.35 + 0.38 * math.sin(math.radians(w)), 0.28, p.a, 0.17, w)
    s.disc(0, -0.35, 0.2, p.c)


def leaf(s: Sheet) -> None:
    p, half = s.paint, s.u(0.35, 0.6)
    s.line([(0, 0.6), (0.1, 1.0)], 0.07, p.b)
    s.blob([(0, -1.0), (half, -0.3), (0.8 * half, 0.4), (0, 0.75), (-0.8 * half, 0.4), (-half, -0.3)], p.a)
    s.line([(0, -0.85), (0, 0.7)], 0.05, p.b)
    for y in (-0.4, -0.1, 0.2, 0.45):
        for m in (-1, 1):
            s.line([(0, y + 0.1), (m * half * 0.65, y - 0.12)], 0.03, p.b)


def apple(s: Sheet) -> None:
    p = s.paint
    s.line([(0, -0.4), (0.08, -0.9)], 0.08, p.dark)
    s.blob([(0.05, -0.7), (0.3, -0.95), (0.6, -0.8), (0.35, -0.65)], p.b)
    s.blob(
        [
            (0, -0.45),
            (0.4, -0.6),
            (0.8, -0.2),
            (0.65, 0.5),
            (0.25, 0.85),
            (0, 0.75),
            (-0.25, 0.85),
            (-0.65, 0.5),
            (-0.8, -0.2),
            (-0.4, -0.6),
        ],
        p.a,
    )
    s.disc(-0.4, -0.2, 0.1, p.light, 0.18, 20)


def cherries(s: Sheet) -> None:
    p = s.paint
    for x, y in ((-0.45, 0.5), (0.4, s.u(0.4, 0.65))):
        s.line([(0.1, -0.8), (0.5 * x + 0.05, -0.2), (x, y - 0.2)], 0.06, p.b)
        s.disc(x, y, s.u(0.3, 0.38), p.a)
    s.blob([(0.1, -0.8), (0.5, -0.95), (0.85, -0.6), (0.4, -0.6)], p.b)


def umbrella(s: Sheet) -> None:
    p = s.paint
    s.line([(0, -0.9), (0, 0.7), *arc(0.15, 0.7, 0.15, 0.2, 180, 0)], 0.07, p.dark)
    rim = [(0.9 - 0.3 * i - 0.15 * k, 0.0 - 0.12 * k) for i in range(6) for k in (0, 1)]
    s.poly([*arc(0, 0, 0.9, s.u(0.65, 0.85), 180, 360), *rim], p.a)
    s.poly([*arc(0, 0, 0.3, 0.72, 180, 360), (0, -0.1)], p.c)


def hammer(s: Sheet) -> None:
    p = s.paint
    s.line([(0, -0.5), (0, 0.92)], s.u(0.14, 0.2), p.b)
    s.poly([(-0.5, -0.8), (0.2, -0.82), (0.75, -0.55), (0.7, -0.4), (0.2, -0.45), (-0.5, -0.42)], p.a)
    s.poly(box(-0.62, -0.86, -0.42, -0.36), p.a)


def scissors(s: Sheet) -> None:
    p, spread = s.paint, s.u(0.15, 0.4)
    for m in (-1, 1):
        s.poly([(m * -0.06, 0.1), (m * 0.1, 0.1), (m * spread, -1.0)], p.light)
        s.line([(0, 0.1), (m * -0.3, 0.45)], 0.1, p.a)
        s.poly(ring(m * -0.4, 0.65, 0.28, 0.32), p.a, holes=[ring(m * -0.4, 0.65, 0.16, 0.2)])
    s.disc(0, 0.1, 0.07, p.dark)


def wrench(s: Sheet) -> None:
    p = s.paint
    s.line([(0, -0.4), (0, 0.6)], 0.2, p.a)
    s.poly([*arc(0, -0.6, 0.36, 0.36, -60, 240), (-0.12, -0.6), (0.12, -0.6)], p.a)
    s.poly(ring(0, 0.68, 0.28), p.a, holes=[ring(0, 0.68, s.u(0.12, 0.18))])


def lamp(s: Sheet) -> None:
    p, top = s.paint, s.u(0.2, 0.4)
    s.line([(0, 0), (0, 0.85)], 0.1, p.b)
    s.poly([*arc(0, 0.9, 0.42, 0.16, 180, 360), (0.42, 0.95), (-0.42, 0.95)], p.b)
    s.poly([(-top, -0.85), (top, -0.85), (0.7, 0.05), (-0.7, 0.05)], p.a)
    s.line([(0.3, 0.05), (0.3, 0.4)], 0.03, p.dark)


def chair(s: Sheet) -> None:
    p = s.paint
    s.poly(box(-0.55, -0.95, -0.38, 0.95), p.a)
    s.poly(box(0.38, 0.1, 0.55, 0.95), p.a)
    s.poly([(-0.5, 0.05), (0.65, 0.05), (0.6, 0.25), (-0.5, 0.25)], p.b)
    for y in (-0.8, -0.5, -0.2):
        s.line([(-0.45, y), (s.u(-0.15, -0.1), y)], 0.12, p.a)
    s.line([(-0.12, -0.9), (-0.12, 0.05)], 0.1, p.a)
    s.line([(-0.45, 0.6), (0.45, 0.6)], 0.07, p.a)


def clock(s: Sheet) -> None:
    p = s.paint
    s.disc(0, 0, 0.9, p.a)
    s.disc(0, 0, 0.72, p.light)
    for i in range(12):
        w = i * math.pi / 6
        s.line(
            [(0.55 * math.cos(w), 0.55 * math.sin(w)), (0.65 * math.cos(w), 0.65 * math.sin(w))], 0.05, p.dark
        )
    for r in (0.38, 0.55):
        w = s.u(0, 6.28)
        s.line([(0, 0), (r * math.cos(w), r * math.sin(w))], 0.08, p.dark)


def car(s: Sheet) -> None:
    p = s.paint
    s.poly([(-0.55, 0), (-0.35, s.u(-0.5, -0.4)), (0.25, -0.45), (0.55, 0)], p.a)
    s.poly([(-0.42, 0), (-0.28, -0.34), (-0.02, -0.34), (-0.02, 0)], p.light)
    s.poly([(0.06, 0), (0.06, -0.34), (0.22, -0.34), (0.4, 0)], p.light)
    s.blob([(-0.95, 0), (0, -0.06), (0.95, 0.05), (1.0, 0.4), (0, 0.42), (-1.0, 0.4)], p.a)
    for x in (-0.55, 0.55):
        s.disc(x, 0.4, 0.24, p.dark)
        s.disc(x, 0.4, 0.11, p.light)


def truck(s: Sheet) -> None:
    p = s.paint
    s.poly(box(-1.0, s.u(-0.7, -0.5), 0.3, 0.35), p.a)
    s.poly([(0.35, -0.25), (0.7, -0.25), (1.0, 0.05), (1.0, 0.35), (0.35, 0.35)], p.b)
    s.poly([(0.48, -0.15), (0.66, -0.15), (0.84, 0.06), (0.48, 0.06)], p.light)
    for x in (-0.7, -0.25, 0.65):
        s.disc(x, 0.42, 0.21, p.dark)
        s.disc(x, 0.42, 0.09, p.light)


def airplane(s: Sheet) -> None:
    p, sweep = s.paint, s.u(0.1, 0.5)
    s.poly(
        [
            (-0.1, -0.25),
            (0.1, -0.25),
            (1.0, sweep),
            (1.0, sweep + 0.15),
            (0.1, 0.2),
            (-0.1, 0.2),
            (-1.0, sweep + 0.15),
            (-1.0, sweep),
        ],
        p.b,
    )
    s.poly([(0, 0.65), (0.4, 0.85), (0.4, 0.97), (-0.4, 0.97), (-0.4, 0.85)], p.b)
    s.disc(0, 0, 0.16, p.a, 0.98)
    s.disc(0, -0.72, 0.08, p.light, 0.1)


def balloon(s: Sheet) -> None:
    """A hot-air balloon."""
    p = s.paint
    for x in (-0.3, 0.3):
        s.line([(x, 0.1), (0.5 * x, 0.7)], 0.03, p.dark)
    s.blob(
        [(0, -1.0), (0.55, -0.8), (0.7, -0.3), (0.25, 0.32), (-0.25, 0.32), (-0.7, -0.3), (-0.55, -0.8)], p.a
    )
    s.blob(
        [(0, -1.0), (0.22, -0.8), (0.28, -0.3), (0.1, 0.32), (-0.1, 0.32), (-0.28, -0.3), (-0.22, -0.8)], p.c
    )
    s.poly(box(-0.18, 0.68, 0.18, 0.98), p.b)


def guitar(s: Sheet) -> None:
    p = s.paint
    s.line([(0, 0), (0, -0.85)], 0.14, p.b)
    s.poly(box(-0.13, -1.02, 0.13, -0.78), p.dark)
    s.blob(
        [
            (0, -0.1),
            (0.33, 0.0),
            (0.25, 0.3),
            (0.48, 0.6),
            (0.3, 0.98),
            (-0.3, 0.98),
            (-0.48, 0.6),
            (-0.25, 0.3),
            (-0.33, 0.0),
        ],
        p.a,
    )
    s.disc(0, 0.32, 0.15, p.dark)
    s.line([(-0.16, 0.7), (0.16, 0.7)], 0.07, p.dark)
    s.line([(0, -0.9), (0, 0.7)], 0.03, p.light)


def bottle(s: Sheet) -> None:
    p, half = s.paint, s.u(0.25, 0.4)
    s.poly(box(-0.13, -1.0, 0.13, -0.82), p.c)
    s.poly(
        [
            (-0.1, -0.85),
            (0.1, -0.85),
            (0.12, -0.4),
            (half, -0.1),
            (half, 0.98),
            (-half, 0.98),
            (-half, -0.1),
            (-0.12, -0.4),
        ],
        p.a,
    )
    s.poly(box(-half, s.u(0.1, 0.25), half, 0.65), p.light)


def wine_glass(s: Sheet) -> None:
    p = s.paint
    s.line([(0, 0.2), (0, 0.85)], 0.08, p.light)
    s.disc(0, 0.9, 0.4, p.light, 0.08)
    s.poly([(-0.42, -0.9), *arc(0, -0.3, 0.48, s.u(0.5, 0.65), 180, 0), (0.42, -0.9)], p.light)
    s.poly(arc(0, -0.3, 0.4, 0.45, 180, 0), p.a)


def hat(s: Sheet) -> None:
    p, high = s.paint, s.u(-0.8, -0.4)
    s.disc(0, 0.5, 1.0, p.a, 0.24)
    s.poly(
        [
            (-0.5, 0.5),
            (-0.42, high),
            *arc(0, high, 0.42, 0.12, 180, 360),
            (0.5, 0.5),
            *arc(0, 0.5, 0.5, 0.12, 0, 180),
        ],
        p.a,
    )
    s.poly(
        [
            (-0.5, 0.45),
            (-0.48, 0.2),
            *arc(0, 0.2, 0.48, 0.1, 180, 0),
            (0.5, 0.45),
            *arc(0, 0.45, 0.5, 0.12, 0, 180),
        ],
        p.c,
    )


def bell(s: Sheet) -> None:
    p = s.paint
    s.disc(0, 0.82, 0.15, p.dark)
    s.poly(ring(0, -0.85, 0.14), p.b, holes=[ring(0, -0.85, 0.07)])
    s.blob(
        [
            (0, -0.75),
            (0.35, -0.5),
            (0.42, 0.2),
            (0.8, 0.7),
            (0, 0.75),
            (-0.8, 0.7),
            (-0.42, 0.2),
            (-0.35, -0.5),
        ],
        p.a,
    )
    s.line([(-0.55, 0.5), (0.55, 0.5)], 0.08, p.b)


def anchor(s: Sheet) -> None:
    p = s.paint
    s.poly(ring(0, -0.8, 0.2), p.a, holes=[ring(0, -0.8, 0.1)])
    s.line([(0, -0.6), (0, 0.85)], 0.15, p.a)
    s.line([(-0.4, -0.4), (0.4, -0.4)], 0.13, p.a)
    s.line(arc(0, 0.2, 0.72, s.u(0.55, 0.7), 15, 165), 0.15, p.a)
    for m in (-1, 1):
        s.poly([(m * 0.95, 0.4), (m * 0.72, 0.05), (m * 0.45, 0.4)], p.a)


def crown(s: Sheet) -> None:
    p, tips = s.paint, s.count(3, 5)
    points = [
        (-0.9 + 1.8 * i / (2 * tips - 2), (s.u(-0.7, -0.5) if i % 2 == 0 else 0.1))
        for i in range(2 * tips - 1)
    ]
    s.poly([*points, (0.75, 0.7), (-0.75, 0.7)], p.a)
    for x, y in points[::2]:
        s.disc(x, y, 0.09, p.c)
    s.poly(box(-0.78, 0.5, 0.78, 0.75), p.b)


def heart(s: Sheet) -> None:
    s.blob(
        [
            (0, -0.4),
            (0.4, -0.75),
            (0.9, -0.45),
            (0.75, 0.15),
            (0.1, 0.85),
            (0, 0.92),
            (-0.1, 0.85),
            (-0.75, 0.15),
            (-0.9, -0.45),
            (-0.4, -0.75),
        ],
        s.paint.a,
    )


def star_shape(s: Sheet) -> None:
    tips = s.count(5, 6)
    s.poly(star(0, 0, 0.98, s.u(0.38, 0.5), tips), s.paint.a)


def moon(s: Sheet) -> None:
    bite = s.u(0.35, 0.5)
    s.poly([*arc(0, 0, 0.9, 0.9, 60, 300), *reversed(arc(bite, 0, 0.78, 0.78, 85, 275))], s.paint.a)
    if s.chance(0.5):
        s.poly(star(0.55, -0.1, 0.22, 0.09, 5), s.paint.c)


def cloud(s: Sheet) -> None:
    p = s.paint
    if s.chance(0.5):
        for x in (-0.4, 0.0, 0.4):
            s.line([(x + 0.08, 0.5), (x - 0.05, 0.9)], 0.07, p.b)
    for x, y, r in (
        (-0.55, 0.1, 0.36),
        (0.55, 0.12, 0.34),
        (-0.15, -0.25, 0.45),
        (0.28, -0.12, 0.38),
        (0, 0.15, 0.35),
    ):
        s.disc(x, y, r * s.u(0.9, 1.1), p.a)
    s.poly(box(-0.55, 0.1, 0.55, 0.46), p.a)


def envelope(s: Sheet) -> None:
    p, half = s.paint, s.u(0.5, 0.65)
    s.poly(box(-0.95, -half, 0.95, half), p.a)
    s.poly([(-0.95, -half), (0.95, -half), (0, s.u(0.1, 0.3))], p.light)
    s.disc(0, 0.15, 0.13, p.c)


def gear(s: Sheet) -> None:
    p, teeth = s.paint, s.count(7, 11)
    rim = []
    for i in range(teeth):
        for k, r in ((0, 0.72), (0.2, 0.98), (0.55, 0.98), (0.75, 0.72)):
            w = 2 * math.pi * (i + k) / teeth
            rim.append((r * math.cos(w), r * math.sin(w)))
    s.poly(rim, p.a, holes=[ring(0, 0, s.u(0.2, 0.4))])


def light_bulb(s: Sheet) -> None:
    p = s.paint
    s.blob(
        [(0, -1.0), (0.55, -0.75), (0.58, -0.2), (0.25, 0.4), (-0.25, 0.4), (-0.58, -0.2), (-0.55, -0.75)],
        p.a,
    )
    s.line([(-0.15, 0.3), (-0.2, -0.2), (0, 0), (0.2, -0.2), (0.15, 0.3)], 0.05, p.dark)
    for y in (0.5, 0.66, 0.82):
        s.line([(-0.2, y), (0.2, y - 0.05)], 0.14, p.b)


def pencil(s: Sheet) -> None:
    p, half = s.paint, s.u(0.12, 0.18)
    s.poly([(-half, -0.75), (half, -0.75), (half, 0.55), (-half, 0.55)], p.a)
    s.poly([(-half, 0.55), (half, 0.55), (0, 1.0)], p.light)
    s.poly([(-0.06, 0.82), (0.06, 0.82), (0, 1.0)], p.dark)
    s.poly(box(-half, -0.85, half, -0.68), p.dark)
    s.blob([(-half, -0.85), (-half, -1.0), (half, -1.0), (half, -0.85)], p.c)


def ladder(s: Sheet) -> None:
    p, rungs = s.paint, s.count(4, 6)
    for i in range(rungs):
        y = -0.8 + 1.6 * i / (rungs - 1)
        s.line([(-0.3, y), (0.3, y)], 0.1, p.b)
    for m in (-1, 1):
        s.line([(m * 0.28, -0.95), (m * 0.38, 0.95)], 0.12, p.a)


def windmill(s: Sheet) -> None:
    p, turn = s.paint, s.u(0, 90)
    s.poly([(-0.2, -0.4), (0.2, -0.4), (0.38, 0.98), (-0.38, 0.98)], p.a)
    s.poly(arc(0, -0.38, 0.24, 0.25, 180, 360), p.b)
    s.poly(box(-0.1, 0.65, 0.1, 0.98), p.dark)
    for k in range(4):
        w = math.radians(turn + 90 * k)
        c, n = math.cos(w), math.sin(w)
        blade = [(0.15, 0.0), (0.85, 0.0), (0.85, 0.24), (0.2, 0.2)]
        s.poly([(c * x - n * y, -0.35 + n * x + c * y) for x, y in blade], p.light)
    s.disc(0, -0.35, 0.09, p.dark)


def crab(s: Sheet) -> None:
    p = s.paint
    for m in (-1, 1):
        for i in range(3):
            s.line(
                [
                    (m * 0.4, 0.3),
                    (m * (0.75 - 0.1 * i), 0.3 + 0.1 * i),
                    (m * (0.85 - 0.15 * i), 0.6 + 0.1 * i),
                ],
                0.08,
                p.a,
            )
        s.line([(m * 0.45, 0.1), (m * 0.75, -0.2), (m * 0.7, -0.45)], 0.12, p.a)
        s.poly([*arc(m * 0.68, -0.6, 0.27, 0.27, -50, 230), (m * 0.68, -0.55)], p.a)
        s.line([(m * 0.18, 0), (m * 0.2, -0.3)], 0.06, p.a)
        _eye(s, m * 0.2, -0.33, 0.09)
    s.disc(0, 0.25, 0.58, p.a, 0.38)
    s.line(arc(0, 0.2, 0.2, 0.2, 20, 160), 0.04, p.dark)


def penguin(s: Sheet) -> None:
    p = s.paint
    for m in (-1, 1):
        s.disc(m * 0.22, 0.92, 0.2, p.c, 0.09)
        s.disc(m * 0.48, 0.15, 0.11, p.dark, 0.42, m * s.u(-30, -10))
    s.blob(
        [
            (0, -0.98),
            (0.32, -0.75),
            (0.38, -0.2),
            (0.5, 0.4),
            (0.3, 0.9),
            (-0.3, 0.9),
            (-0.5, 0.4),
            (-0.38, -0.2),
            (-0.32, -0.75),
        ],
        p.a,
    )
    s.blob([(0, -0.3), (0.28, -0.1), (0.33, 0.45), (0, 0.85), (-0.33, 0.45), (-0.28, -0.1)], p.light)
    for m in (-1, 1):
        _eye(s, m * 0.14, -0.65, 0.09)
    s.poly([(-0.12, -0.52), (0.12, -0.52), (0, -0.36)], p.c)


def spider(s: Sheet) -> None:
    p = s.paint
    for m in (-1, 1):
        for i in range(4):
            y = -0.1 + 0.12 * i
            far = -0.75 + 0.5 * i
            s.line([(0, y), (m * 0.55, 0.6 * far - 0.15), (m * s.u(0.8, 0.95), far + 0.2)], 0.06, p.dark)
    s.disc(0, 0.3, 0.36, p.a, 0.44)
    s.disc(0, -0.2, 0.25, p.a)
    for m in (-1, 1):
        _eye(s, m * 0.1, -0.26, 0.07)


def castle(s: Sheet) -> None:
    p, side = s.paint, s.u(0.6, 0.72)
    for x, top in ((-side, -0.45), (side, -0.45), (0, -0.75)):
        s.poly(box(x - 0.22, top, x + 0.22, 0.95), p.a)
        for k in (-0.17, 0, 0.17):
            s.poly(box(x + k - 0.05, top - 0.14, x + k + 0.05, top + 0.02), p.a)
    s.poly(box(-side, 0.05, side, 0.95), p.b)
    s.poly([*arc(0, 0.6, 0.17, 0.2, 180, 360), (0.17, 0.95), (-0.17, 0.95)], p.dark)
    for x in (-side, side):
        s.poly(box(x - 0.05, -0.2, x + 0.05, 0.05), p.dark)


def ice_cream(s: Sheet) -> None:
    p = s.paint
    s.poly([(-0.36, 0.0), (0.36, 0.0), (0, 1.0)], p.b)
    for k in (-0.15, 0.05):
        s.line([(k - 0.1, 0.05), (k + 0.15, 0.5)], 0.03, p.dark)
    s.disc(-0.2, -0.15, 0.3, p.a)
    s.disc(0.2, -0.15, 0.3, p.c)
    if s.chance(0.6):
        s.disc(0, -0.5, 0.32, p.light)


SOURCE_CLASSES: dict[str, Drawing] = {
    drawing.__name__: drawing
    for drawing in (
        airplane, anchor, apple, balloon, bell, bird, bottle, butterfly, cactus, car, castle, chair,
        cherries, clock, cloud, crab, crown, dog, envelope, flower, gear, guitar, hammer, hat,
        heart, ice_cream, ladder, lamp, leaf, light_bulb, moon, mushroom, pencil, penguin, rabbit,
        scissors, snail, spider, star_shape, truck, turtle, umbrella, windmill, wine_glass, wrench,
    )
}  # fmt: skip
