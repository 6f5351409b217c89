"""The beam: a load against its limit, as an SVG in percent coordinates.

A ceiling has its poise hanging from above and a scale that runs to 125 % of it; what is
past the ceiling is hatched. A target has it standing below and the scale ends there.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Kind = Literal["ceiling", "target", "stock"]
_POISES = {
    "ceiling": "M-4 0h8l-4 5z",
    "stock": "M-4 0h8l-4 5z",
    "target": "M-4 23h8l-4-5z",
}
_CEILING_SCALE = 1.25
_TARGET_ROOM = 1.2


@dataclass(frozen=True)
class Beam:
    """What is drawn: a load, its limit (None: none yet), where the load was before.

    `stock` is what is left of a whole (the reserve): it cannot go past its limit.
    `longest` is the greatest load beside it, so that loads without a limit compare.
    """

    load: float
    limit: float | None
    kind: Kind = "ceiling"
    was: float | None = None
    longest: float = 0.0

    @property
    def scale(self) -> float:
        if not self.limit or self.limit <= 0:
            return max(self.load * _CEILING_SCALE, self.longest * _CEILING_SCALE, 1.0)
        if self.kind == "ceiling":
            return self.limit * _CEILING_SCALE
        if self.kind == "target":
            return max(self.limit, self.load * _TARGET_ROOM if self._past else 0)
        return self.limit

    @property
    def _past(self) -> bool:
        return self.limit is not None and self.load > self.limit

    @property
    def is_over(self) -> bool:
        return self.kind == "ceiling" and self._past

    def at(self, value: float) -> str:
        return f"{max(0.0, min(100.0, value / self.scale * 100)):.4g}%"


def beam(drawn: Beam, words: str) -> SafeString:
    """`words` is the sentence that a reader who cannot see the beam hears."""
    parts = [
        f'<svg class="beam{" is-over" if drawn.is_over else ""}" role="img" '
        f'aria-label="{conditional_escape(words)}">',
        *_body(drawn),
        *_limit(drawn),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - numbers and one escaped sentence


def _body(drawn: Beam) -> list[str]:
    limit = drawn.limit or drawn.scale
    held = min(drawn.load, limit) if drawn.kind == "ceiling" else drawn.load
    kind = "track" if drawn.limit else "track open"
    parts = [
        f'<rect class="{kind}" x="0" y="7" width="{drawn.at(limit)}" height="8"/>',
        f'<rect class="load" x="0" y="7" width="{drawn.at(held)}" height="8"/>',
    ]
    if drawn.is_over:
        past = drawn.at(min(drawn.load, drawn.scale) - limit)
        parts.append(
            f'<rect class="over" x="{drawn.at(limit)}" y="7.5" width="{past}" height="7"/>'
        )
    if drawn.was is not None:
        was = drawn.at(drawn.was)
        parts.append(f'<line class="tick was" x1="{was}" x2="{was}" y1="4" y2="18"/>')
    for quarter in range(4):
        x = drawn.at(limit * quarter / 4)
        parts.append(f'<line class="tick" x1="{x}" x2="{x}" y1="16" y2="19"/>')
    return parts


def _limit(drawn: Beam) -> list[str]:
    if not drawn.limit:
        return []
    x = drawn.at(drawn.limit)
    return [
        f'<line class="limit" x1="{x}" x2="{x}" y1="4" y2="19"/>',
        f'<svg x="{x}" y="0" overflow="visible">',
        f'<path class="poise" d="{_POISES[drawn.kind]}"/></svg>',
    ]
