"""The month of a gate as a drawing: days across, what is used upwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import atan2, degrees

from capacity.formulas.gate_months import DayUnder, days_in
from capacity.formulas.gates import Action, Thresholds
from portal.kernel import formats

WIDTH, HEIGHT = 1090, 430
LEFT, RIGHT, TOP, BASE = 52, 940, 16, 396
HALF, WHOLE, HIGHEST = 0.5, 1.0, 1.14
"""The drawing ends a little over the ceiling; past it a line is cut, and words tell."""
QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
SAID = {70: "notice", 90: "banner and one email"}
WHOLE_LEVEL = 100
ROOM = 18


@dataclass(frozen=True)
class AtCeiling:
    """What the ceiling is called there, and what follows from it."""

    title: str
    words: str


@dataclass(frozen=True)
class Mark:
    """A level that is spoken: its shape, where, and two lines of words beside it."""

    level: int
    x: float
    y: float
    path: str
    title: str
    words: str
    anchor: str
    text_x: float
    text_y: float
    stem: str = ""


@dataclass(frozen=True)
class End:
    """Words at the right end of a line."""

    y: float
    words: str
    strong: bool = False


@dataclass(frozen=True)
class MonthDrawing:
    """Coordinates for `capacity/gates/_month_drawing.html`."""

    ticks: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str, str], ...]
    zones: tuple[tuple[str, str], ...]
    edges: tuple[str, ...]
    pace: str
    pace_words: tuple[float, float, float]
    half_y: float
    whole_y: float
    used: str
    turned: str
    ahead: str
    marks: tuple[Mark, ...]
    ends: tuple[End, ...]
    today: tuple[float, float] | None = None
    width: int = field(default=WIDTH)
    height: int = field(default=HEIGHT)
    left: int = field(default=LEFT)
    right: int = field(default=RIGHT)
    top: int = field(default=TOP)
    base: int = field(default=BASE)


@dataclass(frozen=True)
class _Scale:
    days: int

    def x(self, day: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * day / self.days, 1)

    def y(self, share: float) -> float:
        held = min(share, HIGHEST)
        return round(BASE - (BASE - TOP) * held / HIGHEST, 1)

    def points(self, found: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(day):g},{self.y(share):g}" for day, share in found)


def draw(
    days: Sequence[DayUnder],
    *,
    first: date,
    thresholds: Thresholds,
    ceiling: int,
    ahead: float | None = None,
    over: AtCeiling,
) -> MonthDrawing:
    """`days` are what was or may be used; `ahead` is where a month that still runs ends
    at this pace, as a share of the ceiling."""
    scale = _Scale(days_in(first))
    floor, notice, banner = (
        part / 1000 for part in (thresholds.floor, thresholds.notice, thresholds.banner)
    )
    line = [(0.0, 0.0), *((float(one.day), one.consumed) for one in days)]
    cut = next(
        (n for n, one in enumerate(days) if one.verdict.action != Action.ALLOW),
        len(days),
    )
    last = line[-1]
    runs_on = ahead is not None and last[0] < scale.days
    return MonthDrawing(
        ticks=tuple((scale.y(one), formats.share(one)) for one in QUARTERS),
        days=_days(scale, first),
        zones=_zones(scale, floor, notice, banner),
        edges=tuple(
            scale.points([(scale.days * floor / part, floor), (scale.days, part)])
            for part in (notice, banner)
            if part > floor
        ),
        pace=scale.points([(0, 0), (scale.days, 1)]),
        pace_words=_pace_words(scale),
        half_y=scale.y(floor),
        whole_y=scale.y(WHOLE),
        used=scale.points(line[: cut + 2]),
        turned=scale.points(line[cut + 1 :]) if cut < len(days) - 1 else "",
        ahead=scale.points([last, (scale.days, ahead or 0.0)]) if runs_on else "",
        marks=_marks(scale, days, over),
        ends=(
            End(scale.y(WHOLE), f"100 % · {formats.short(ceiling)}", strong=True),
            End(scale.y(banner), f"{_hundredths(banner)} · banner, email"),
            End(scale.y(notice), f"{_hundredths(notice)} · notice"),
            End(scale.y(floor), f"{_hundredths(floor)} · speech starts"),
        ),
        today=(scale.x(last[0]), scale.y(last[1])) if runs_on else None,
    )


def _hundredths(part: float) -> str:
    return f"{part * 100:g}"


def _zones(
    scale: _Scale, floor: float, notice: float, banner: float
) -> tuple[tuple[str, str], ...]:
    """Where a day's end lies, the level is true: wedges of 70 and 90, the band of 100."""
    whole = scale.days
    from_notice, from_banner = whole * floor / notice, whole * floor / banner
    return (
        (
            "z70",
            scale.points(
                [
                    (from_notice, floor),
                    (from_banner, floor),
                    (whole, banner),
                    (whole, notice),
                ]
            ),
        ),
        (
            "z90",
            scale.points(
                [(0, floor), (from_banner, floor), (whole, banner), (whole, 1), (0, 1)]
            ),
        ),
        (
            "z100",
            scale.points([(0, 1), (whole, 1), (whole, HIGHEST), (0, HIGHEST)]),
        ),
    )


def _days(scale: _Scale, first: date) -> tuple[tuple[float, str, str], ...]:
    """The 1st, every fifth, and the last: x, anchor, words."""
    last = scale.days
    between = list(range(5, last - 2, 5))
    month = f"{first:%b}"
    return (
        (scale.x(1), "m", f"1 {month}"),
        *((scale.x(day), "m", str(day)) for day in between),
        (scale.x(last), "m", f"{last} {month}"),
    )


def _pace_words(scale: _Scale) -> tuple[float, float, float]:
    """Where "pace line" stands along the line, and its slope."""
    day = scale.days * 0.215
    x, y = scale.x(day), scale.y(day / scale.days)
    rise = degrees(atan2(scale.y(1) - BASE, RIGHT - LEFT))
    return x, round(y - 8, 1), round(rise, 1)


def _marks(
    scale: _Scale, days: Sequence[DayUnder], over: AtCeiling
) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for one in days:
        if one.speaks is None:
            continue
        x, y = scale.x(one.day), scale.y(one.consumed)
        marks.append(_mark(one, x, y, over, marks))
    return tuple(marks)


def _mark(
    one: DayUnder, x: float, y: float, over: AtCeiling, before: Sequence[Mark]
) -> Mark:
    level = one.speaks or 0
    title = f"Day {one.day} · {over.title if level == WHOLE_LEVEL else SAID[level]}"
    used = f"{formats.share(one.consumed)} used"
    words = (
        f"{used}: {over.words}"
        if level == WHOLE_LEVEL
        else f"{used}, month ends at {formats.share(one.projected)}"
    )
    # A notice speaks below the line, what follows above it: they never meet.
    below = level == 70
    wanted = y + 22 if below else min(y - 46, 150) if level == 90 else TOP + 20
    at_left = (x > LEFT + 250 and not below) or x > RIGHT - 240
    text_x = x - 14 if at_left else x + 14
    for other in before:
        same_side = abs(other.text_x - text_x) < 230
        if same_side and abs(other.text_y - wanted) < 2 * ROOM:
            wanted = other.text_y + 2 * ROOM + 4
    stem = ""
    if level == 90 and y - wanted > 30:
        stem = f"M{x:g} {y - 10:g}V{wanted + 24:g}"
    return Mark(
        level,
        x,
        y,
        _shape(level, x, y),
        title,
        words,
        "r" if at_left else "",
        round(text_x, 1),
        round(wanted, 1),
        stem,
    )


def _shape(level: int, x: float, y: float) -> str:
    if level == 70:
        return f"M{x:g} {y - 8:g}l8 14h-16z"
    if level == 90:
        return f"M{x:g} {y - 8:g}l8 8-8 8-8-8z"
    return f"M{x - 7:g} {y - 7:g}h14v14h-14z"
