"""The eight things of the demo: what a newcomer names at a glance."""

from __future__ import annotations

import math

from demo.scene import Drawing
from demo.sheet import Sheet, arc, box, ring


def cat(s: Sheet) -> None:
    """A face, or the whole animal sitting."""
    if s.chance(0.4):
        _cat_face(s, 0.0, 0.08, 0.86)
        return
    p, side = s.paint, s.u(0.6, 0.95)
    tail = [(0.3, 0.85), (side, 0.8), (side + 0.1, 0.35), (side - 0.12, s.u(-0.2, 0.1))]
    s.line(_curved(tail), 0.15, p.a)
    s.blob(
        [
            (0, -0.3),
            (0.34, 0.0),
            (0.52, 0.6),
            (0.46, 0.98),
            (0, 1.0),
            (-0.46, 0.98),
            (-0.52, 0.6),
            (-0.34, 0.0),
        ],
        p.a,
    )
    s.disc(0, 0.35, 0.2, p.light, 0.34)
    for x in (-0.2, 0.2):
        s.disc(x, 0.9, 0.17, p.a, 0.12)
    _cat_face(s, 0.0, -0.42, 0.5)


def _cat_face(s: Sheet, cx: float, cy: float, r: float) -> None:
    p, tip = s.paint, s.u(1.05, 1.3)
    for side in (-1, 1):
        s.poly(
            [
                (cx + side * 0.15 * r, cy - 0.6 * r),
                (cx + side * 0.95 * r, cy - 0.2 * r),
                (cx + side * 0.82 * r, cy - tip * r),
            ],
            p.a,
        )
        s.poly(
            [
                (cx + side * 0.38 * r, cy - 0.6 * r),
                (cx + side * 0.83 * r, cy - 0.4 * r),
                (cx + side * 0.75 * r, cy - (tip - 0.2) * r),
            ],
            p.c,
        )
    s.disc(cx, cy, r, p.a, 0.8 * r)
    if s.chance(0.5):
        for x in (-0.2, 0.0, 0.2):
            s.line([(cx + x * r, cy - 0.72 * r), (cx + 0.8 * x * r, cy - 0.45 * r)], 0.08 * r, p.b)
    for side in (-1, 1):
        s.disc(cx + side * 0.4 * r, cy - 0.1 * r, 0.19 * r, p.light, 0.17 * r)
        s.disc(cx + side * 0.4 * r, cy - 0.1 * r, 0.08 * r, p.dark, 0.15 * r)
        s.disc(cx + side * 0.15 * r, cy + 0.4 * r, 0.2 * r, p.light, 0.15 * r)
        for drop in (0.0, 0.14):
            s.line(
                [
                    (cx + side * 0.35 * r, cy + (0.35 + drop) * r),
                    (cx + side * 1.15 * r, cy + (0.2 + 2 * drop) * r),
                ],
                0.03 * r,
                p.dark,
            )
    s.poly([(cx - 0.12 * r, cy + 0.2 * r), (cx + 0.12 * r, cy + 0.2 * r), (cx, cy + 0.34 * r)], p.c)


def fish(s: Sheet) -> None:
    p, fat, fork = s.paint, s.u(0.38, 0.6), s.u(0.35, 0.6)
    s.blob([(-0.45, 0), (-0.75, -0.2), (-1.05, -fork), (-0.9, 0), (-1.05, fork), (-0.75, 0.2)], p.b)
    s.blob(
        [
            (-0.3, -0.7 * fat),
            (-0.05, -fat - s.u(0.2, 0.4)),
            (0.3, -fat - 0.12),
            (0.45, -0.5 * fat),
            (0, -0.4 * fat),
        ],
        p.b,
    )
    s.blob([(-0.1, 0.6 * fat), (-0.3, fat + 0.25), (0.05, fat + 0.12), (0.2, 0.6 * fat)], p.b)
    s.blob(
        [
            (0.98, 0.02),
            (0.65, -0.7 * fat),
            (0.15, -fat),
            (-0.35, -0.55 * fat),
            (-0.72, 0),
            (-0.35, 0.55 * fat),
            (0.15, fat),
            (0.65, 0.7 * fat),
        ],
        p.a,
    )
    for i in range(s.count(0, 3)):
        x = 0.2 - 0.27 * i
        bow = fat * (0.72 - 0.18 * i)
        s.line(arc(x - 0.1, 0, 0.12, bow, -75, 75), 0.1, p.c)
    s.line(arc(0.43, 0, -0.1, 0.5 * fat, -80, 80), 0.04, p.b)
    s.blob([(0.2, 0.05), (-0.15, 0.18), (-0.2, 0.38), (0.08, 0.3)], p.b)
    s.disc(0.62, -0.22 * fat, 0.11, p.light)
    s.disc(0.64, -0.22 * fat, 0.055, p.dark)
    s.line([(0.96, 0.1), (0.8, 0.15)], 0.04, p.dark)


def house(s: Sheet) -> None:
    p, wide, wall, peak = s.paint, s.u(0.62, 0.82), s.u(-0.2, 0.02), s.u(-0.98, -0.75)
    chimney = s.u(0.25, 0.5)
    s.poly(box(chimney, peak + 0.05, chimney + 0.2, wall), p.b)
    s.poly(box(-wide, wall - 0.02, wide, 0.92), p.a)
    over = wide + s.u(0.1, 0.22)
    if s.chance(0.6):
        s.poly([(-over, wall + 0.06), (0, peak), (over, wall + 0.06)], p.b)
        if s.chance(0.5):
            s.disc(0, 0.45 * peak + 0.5 * wall, 0.13, p.light)
    else:
        s.poly(
            [(-over, wall + 0.06), (-0.6 * wide, peak + 0.1), (0.6 * wide, peak + 0.1), (over, wall + 0.06)],
            p.b,
        )
    door = s.u(-0.3, 0.3)
    s.poly(box(door - 0.15, 0.36, door + 0.15, 0.92), p.c)
    s.disc(door + 0.09, 0.66, 0.03, p.dark)
    for x in (door - 0.45, door + 0.45):
        if abs(x) < wide - 0.15:
            _window(s, x, 0.38)
    s.poly(box(-wide - 0.06, 0.9, wide + 0.06, 1.0), p.dark)


def _window(s: Sheet, x: float, y: float) -> None:
    p = s.paint
    s.poly(box(x - 0.15, y - 0.16, x + 0.15, y + 0.16), p.light)
    s.poly(box(x - 0.115, y - 0.125, x + 0.115, y + 0.125), p.dark if s.chance(0.5) else p.c)
    s.line([(x, y - 0.13), (x, y + 0.13)], 0.03, p.light)
    s.line([(x - 0.12, y), (x + 0.12, y)], 0.03, p.light)


def sailboat(s: Sheet) -> None:
    p, mast, deck = s.paint, s.u(-0.1, 0.12), s.u(0.42, 0.55)
    top = s.u(-1.0, -0.85)
    s.line([(mast, top), (mast, deck + 0.05)], 0.06, p.dark)
    belly = s.u(0.0, 0.15)
    main = [
        (mast + 0.06, top + 0.1),
        (mast + 0.3 + belly, -0.3),
        (s.u(0.6, 0.8), deck - 0.12),
        (mast + 0.06, deck - 0.1),
    ]
    s.poly(main, p.light if s.chance(0.5) else p.a)
    if s.chance(0.5):
        s.poly(
            [
                (mast + 0.06, -0.2),
                (mast + 0.36 + 0.7 * belly, -0.18),
                (mast + 0.44 + 0.6 * belly, 0.02),
                (mast + 0.06, 0.02),
            ],
            p.c,
        )
    s.poly(
        [(mast - 0.06, top + s.u(0.15, 0.4)), (mast - 0.06, deck - 0.08), (s.u(-0.75, -0.55), deck - 0.06)],
        p.c,
    )
    if s.chance(0.6):
        s.poly([(mast, top - 0.04), (mast + 0.26, top + 0.04), (mast, top + 0.12)], p.b)
    s.poly([(-0.85, deck), (0.88, deck), (0.62, 0.92), (-0.55, 0.92)], p.a)
    s.line([(-0.78, deck + 0.14), (0.78, deck + 0.14)], 0.06, p.b)
    if s.chance(0.7):
        waves = [(-1.1 + 0.1 * i, 0.9 + 0.045 * math.sin(1.9 * i)) for i in range(23)]
        s.poly([*waves, (1.0, 1.06), (-1.0, 1.06)], p.light if s.chance(0.5) else p.b)


def tree(s: Sheet) -> None:
    """Broad-leaved or a conifer."""
    p, foot = s.paint, s.u(0.12, 0.2)
    s.poly([(-foot, 1.0), (-0.08, 0.2), (0.08, 0.2), (foot, 1.0)], p.dark if s.chance(0.4) else p.b)
    if s.chance(0.4):
        layers = s.count(3, 4)
        for i in range(layers):
            low, high = 0.6 - 1.1 * i / layers, 0.6 - 1.1 * i / layers - 0.72
            half = 0.72 * (1 - 0.62 * i / layers)
            s.blob(
                [
                    (-half, low),
                    (-0.5 * half, low + 0.07),
                    (0, low),
                    (0.5 * half, low + 0.07),
                    (half, low),
                    (0.35 * half, 0.5 * (low + high)),
                    (0, high),
                    (-0.35 * half, 0.5 * (low + high)),
                ],
                p.a,
            )
        return
    for x in (-0.3, 0.3):
        s.line([(0, 0.4), (x, -0.2)], 0.07, p.b)
    for _ in range(s.count(5, 8)):
        angle, far = s.u(0, 6.28), s.u(0.15, 0.42)
        s.disc(far * math.cos(angle) * 1.15, -0.35 + far * math.sin(angle), s.u(0.28, 0.4), p.a)
    s.disc(0, -0.35, 0.45, p.a)
    if s.chance(0.5):
        for _ in range(s.count(4, 8)):
            angle, far = s.u(0, 6.28), s.u(0.1, 0.5)
            s.disc(far * math.cos(angle), -0.35 + far * math.sin(angle), 0.07, p.c)


def key(s: Sheet) -> None:
    p, bow, y = s.paint, s.u(0.26, 0.36), 0.0
    s.poly(box(-0.3, -0.075, 0.95, 0.075), p.a)
    teeth = s.count(2, 3)
    for i in range(teeth):
        x = 0.86 - 0.21 * i
        s.poly(box(x - 0.07, 0.03, x + 0.07, s.u(0.22, 0.4)), p.a)
    s.poly(box(-0.3, -0.12, -0.2, 0.12), p.b if s.chance(0.5) else p.a)
    cx = -0.28 - bow
    if s.chance(0.6):
        s.poly(ring(cx, y, bow), p.a, holes=[ring(cx, y, bow * s.u(0.45, 0.65))])
        return
    for dx, dy in ((0.45, -0.75), (0.45, 0.75), (-0.6, 0.0)):
        centre = (cx + dx * bow, dy * bow)
        s.poly(ring(*centre, 0.62 * bow), p.a, holes=[ring(*centre, 0.3 * bow)])


def mug(s: Sheet) -> None:
    p, half, foot, reach = s.paint, s.u(0.45, 0.58), s.u(0.85, 1.0), s.u(0.28, 0.42)
    s.line(arc(half - 0.05, 0.22, reach + 0.06, 0.36, -82, 82), 0.14, p.a)
    base = half * foot
    side = [(-half, -0.42), (-base, 0.75)]
    bottom = arc(0, 0.75, base, 0.14, 180, 0)
    s.poly([*side, *bottom, (half, -0.42)], p.a)
    if s.chance(0.6):
        s.poly(
            [
                *arc(0, 0.1, 0.98 * half, 0.12, 180, 0),
                *arc(0, 0.1 + s.u(0.15, 0.35), 0.93 * half, 0.12, 0, 180),
            ],
            p.c,
        )
    else:
        for x in (-0.2, 0.1):
            s.disc(x, 0.3, 0.1, p.b)
    s.disc(0, -0.42, half, p.light, 0.15)
    s.disc(0, -0.4, half - 0.07, p.dark if s.chance(0.5) else p.b, 0.1)
    if s.chance(0.6):
        for x in (-0.18, 0.14):
            s.line(
                [(x + 0.06 * math.sin(5 * t), -0.55 - 0.4 * t) for t in (0, 0.25, 0.5, 0.75, 1)],
                0.05,
                p.light,
            )


def rocket(s: Sheet) -> None:
    p, half, flare = s.paint, s.u(0.25, 0.34), s.u(0.55, 0.75)
    if s.chance(0.8):
        tip = s.u(0.9, 1.1)
        s.blob([(-0.19, 0.55), (-0.22, 0.75), (0, tip), (0.22, 0.75), (0.19, 0.55)], p.c)
        s.blob([(-0.09, 0.55), (-0.1, 0.68), (0, tip - 0.16), (0.1, 0.68), (0.09, 0.55)], p.light)
    for side in (-1, 1):
        s.blob(
            [
                (side * half * 0.8, 0.05),
                (side * flare, 0.4),
                (side * (flare + 0.02), 0.8),
                (side * half * 0.7, 0.5),
            ],
            p.b,
        )
    s.blob(
        [
            (0, -1.02),
            (0.7 * half, -0.6),
            (half, -0.05),
            (0.7 * half, 0.55),
            (0, 0.6),
            (-0.7 * half, 0.55),
            (-half, -0.05),
            (-0.7 * half, -0.6),
        ],
        p.a,
    )
    s.blob(
        [
            (0, -1.05),
            (0.42 * half, -0.8),
            (0.7 * half, -0.57),
            (0, -0.53),
            (-0.7 * half, -0.57),
            (-0.42 * half, -0.8),
        ],
        p.b,
    )
    s.disc(0, -0.2, 0.15, p.dark)
    s.disc(0, -0.2, 0.105, p.light)
    if s.chance(0.6):
        s.disc(0, 0.18, 0.09, p.dark)
        s.disc(0, 0.18, 0.06, p.light)
    s.line([(0, 0.35), (0, 0.68)], 0.08, p.b)


def _curved(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A cubic Bezier through a stroke's four handles."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    curve = []
    for i in range(17):
        t = i / 16
        w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        curve.append(
            (w[0] * x0 + w[1] * x1 + w[2] * x2 + w[3] * x3, w[0] * y0 + w[1] * y1 + w[2] * y2 + w[3] * y3)
        )
    return curve


DEMO_CLASSES: dict[str, Drawing] = {
    "cat": cat,
    "fish": fish,
    "house": house,
    "key": key,
    "mug": mug,
    "rocket": rocket,
    "sailboat": sailboat,
    "tree": tree,
}
